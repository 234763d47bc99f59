# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files by which apt gets a daemon from a repository, and the lines that apt prints of versions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

SOURCES, PREFERENCES = "/etc/apt/sources.list.d", "/etc/apt/preferences.d"
KEY = re.compile(r"^Signed-By:\n((?: .*\n)+)", re.MULTILINE)
EVERYTHING = re.compile(r"^Package: \*\nPin: (.*)\n", re.MULTILINE)
VERSION_PRIORITY, DOWNGRADE_PRIORITY, OTHERS_PRIORITY = 990, 1001, 100
"""Of the declared versions; of these where apt may downgrade; and of everything else in the repository, which apt then
installs only where nothing else has it."""

TABLE = re.compile(r"^ (?:\*\*\*|   ) (\S+) -?\d+$")
ORIGIN = re.compile(r"^ +-?\d+ (\S+)")


@dataclass(frozen=True)
class Version:
    """A version that apt knows; C(available) where a repository has it."""

    number: str
    available: bool


def render_source(daemon: str, repository: Mapping[str, Any], signed_by: str) -> str:
    """Return the source in deb822. C(signed_by) is a key in armor, or the path of a keyring."""
    return "".join(
        [
            f"# Of the role evenkeel.ha_web.{daemon}.\n",
            "Types: deb\n",
            f"URIs: {' '.join(repository['uris'])}\n",
            f"Suites: {' '.join(repository['suites'])}\n",
            *([f"Components: {' '.join(repository['components'])}\n"] if repository["components"] else []),
            _render_signer(signed_by),
        ]
    )


def _render_signer(signed_by: str) -> str:
    if "\n" not in signed_by:
        return f"Signed-By: {signed_by}\n"
    return "Signed-By:\n" + "".join(f" {line or '.'}\n" for line in signed_by.splitlines())


def read_key(source: str) -> str:
    """Return the key in armor that a rendered source has, else an empty text."""
    found = KEY.search(source)
    return "\n".join("" if line == " ." else line[1:] for line in found[1].splitlines()) if found else ""


def render_preferences(
    daemon: str, packages: list[str], repository: Mapping[str, Any], pin: str, version: str, downgrade: bool
) -> str:
    """Return the pins. The declared version comes first: of several pins for a package, apt takes the first.

    C(pin) tells what is of the repository; it is empty without one. Binary packages of one source have one version, so
    those beside the daemon's are pinned with it."""
    names = f"src:{packages[0]} {' '.join(packages)}"
    pins = []
    if version:
        priority = DOWNGRADE_PRIORITY if downgrade else VERSION_PRIORITY
        pins.append((names, f"version /{version_pattern(version)}/", priority))
    if pin:
        further = " ".join([names, *repository["packages"]])
        pins += [(further, pin, repository["priority"]), ("*", pin, OTHERS_PRIORITY)]
    text = "\n".join(f"Package: {name}\nPin: {found}\nPin-Priority: {priority}\n" for name, found, priority in pins)
    return f"# Of the role evenkeel.ha_web.{daemon}.\n{text}" if pins else ""


def read_pin(preferences: str) -> str:
    """Return the pin of the repository that rendered preferences have, else an empty text."""
    found = EVERYTHING.search(preferences)
    return found[1] if found else ""


def version_pattern(version: str) -> str:
    """Return the regular expression of a version and of all that begin with it, so 3.2 is not the beginning of 3.20."""
    epoch = "" if ":" in version else "([0-9]+:)?"
    literal = re.sub(r"([.+])", r"\\\1", version)
    return f"^{epoch}{literal}($|[^0-9])"


def has_version(version: str, wanted: str) -> bool:
    """Return whether a package's version is the wanted one, or begins with it."""
    return bool(re.match(version_pattern(wanted), version))


def find_pin(release: str, hosts: list[str]) -> str:
    """Return the pin of all packages of a repository, from its Release file. C(hosts) have the repository.

    The name of the release alone would be that of the distribution's as well."""
    fields = dict(re.findall(r"^(Origin|Label|Suite|Codename): *(\S.*?) *$", release, flags=re.MULTILINE))
    words = [
        f"{letter}={fields[name]}"
        for letter, name in zip("olan", ("Origin", "Label", "Suite", "Codename"))
        if name in fields and "," not in fields[name]
    ]
    if "Origin" in fields and ("Suite" in fields or "Codename" in fields):
        return f"release {','.join(words)}"
    return f'origin "{hosts[0] if hosts else ""}"'


def parse_policy(said: str) -> list[Version]:
    """Return the versions of C(apt-cache policy PACKAGE), the highest first."""
    found: list[Version] = []
    for line in said.splitlines():
        if version := TABLE.match(line):
            found.append(Version(version[1], False))
        elif (origin := ORIGIN.match(line)) and found and not origin[1].startswith("/var/lib/dpkg/"):
            found[-1] = Version(found[-1].number, True)
    return found
