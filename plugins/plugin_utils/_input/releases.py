# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which releases of the programs a host has or will have, also before they are installed, and what these can do.

The one place where releases are compared: docs/reference/compatibility.md has its tables from here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from ...module_utils._version import split_version

DISTRIBUTIONS: dict[str, dict[int, dict[str, str]]] = {
    "Debian": {
        12: {
            "haproxy": "2.6",
            "keepalived": "2.2.7",
            "nginx": "1.22",
            "bird": "2.0",
            "openssl": "3.0",
            "python": "3.11",
        },
        13: {
            "haproxy": "3.0",
            "keepalived": "2.3.3",
            "nginx": "1.26",
            "bird": "2.17",
            "openssl": "3.5",
            "python": "3.13",
        },
        14: {
            "haproxy": "3.2",
            "keepalived": "2.3.4",
            "nginx": "1.30",
            "bird": "2.20",
            "openssl": "3.6",
            "python": "3.14",
        },
    }
}
"""Packages of every tested release of a distribution, by its number. A later release has at least those of the last
one."""

CODENAMES = {"bookworm": 12, "trixie": 13, "forky": 14}
"""Numbers of Debian's releases. Until it is stable, a host tells only the codename of its release."""


PROGRAMS = ("bird", "haproxy", "keepalived", "nginx", "openssl")


class Feature(NamedTuple):
    """What a program can do since a release of it."""

    program: str
    since: str
    summary: str


FEATURES = {
    "X25519MLKEM768": Feature("openssl", "3.5", "TLS key exchange `X25519MLKEM768`"),
    "names_authentication": Feature("bird", "2.17", "passwords of BGP name their kind of authentication"),
    "quic": Feature("haproxy", "3.2", "HTTP/3 (`quic` of a bind)"),
    "refuses_nul": Feature("haproxy", "3.0", "NUL in a header is refused by the daemon; else by a rule of the role"),
}


def find_releases(
    facts: Mapping[str, Any], lines: Iterable[str] = (), declared: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Return the version of each program that the host will have.

    It is the one that the inventory has C(declared), else that of the host, else that of the distribution's package.
    C(facts) are Ansible's; C(lines) are the host's, among them C(PROGRAM=VERSION) of installed programs. A program of
    which nothing is known is left out."""
    pairs = (line.split("=", 1) for line in lines if "=" in line)
    installed = {name: version for name, version in pairs if name in PROGRAMS}
    return {**_find_packages(facts), **installed, **{name: found for name, found in (declared or {}).items() if found}}


def has_feature(releases: Mapping[str, str], name: str) -> bool:
    """Return whether the program has the feature. A program of unknown release has none."""
    feature = FEATURES[name]
    release = releases.get(feature.program)
    return release is not None and split_version(release) >= split_version(feature.since)


def find_number(facts: Mapping[str, Any]) -> int:
    """Return the number of the distribution's release; 0 if it has none."""
    major = str(facts.get("distribution_major_version"))
    return int(major) if major.isdecimal() else CODENAMES.get(str(facts.get("distribution_release")), 0)


def _find_packages(facts: Mapping[str, Any]) -> dict[str, str]:
    """The packages of the distribution's release."""
    releases = DISTRIBUTIONS.get(str(facts.get("distribution")), {})
    number = find_number(facts)
    at_most = [release for release in releases if release <= number]
    return releases[max(at_most)] if at_most else {}
