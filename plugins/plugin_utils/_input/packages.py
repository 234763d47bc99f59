# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules for the repository and the release of a role's daemon."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

VERSION = re.compile(r"(\d+:)?\d+\.\d+[A-Za-z0-9.+:~-]*")
"""Two numbers at least: by these the role decides what it prints."""
WORD = re.compile(r"[^\s\x00-\x1f#]+")
PACKAGE = re.compile(r"[a-z0-9][a-z0-9.+*-]*")
FINGERPRINT = re.compile(r"[0-9A-Fa-f]{40}([0-9A-Fa-f]{24})?")
PIN = re.compile(r"(release|origin|version) \S.*")
SCHEMES = ("http", "https", "file")
KEYS = ("key", "key_url", "keyring")


def problems(role: str, variables: Mapping[str, Any]) -> Iterator[str]:
    """One line for each reason why apt could not install what is declared. A role without packages has none."""
    repository, version = variables.get(f"{role}_repository") or {}, variables.get(f"{role}_version") or ""
    if version and variables.get(f"{role}_runtime") == "container":
        yield (
            f"{role}_version is set, but {role}_runtime is container: a container has the release of its image; choose "
            f"it by {role}_image_base"
        )
    if version and not VERSION.fullmatch(version):
        yield f"{role}_version is '{version}': a version of at least two numbers is needed, such as 3.2 or 3.2.26-1"
    if repository:
        if not version:
            yield (
                f"{role}_repository is set, but {role}_version is not: name the release to install, such as 3.2; "
                "what the role prints depends on it"
            )
        yield from (f"{role}_repository: {problem}" for problem in _find_source_problems(repository))
        yield from (f"{role}_repository: {problem}" for problem in _find_key_problems(repository))
        yield from (f"{role}_repository: {problem}" for problem in _find_pin_problems(repository))


def _find_source_problems(repository: Mapping[str, Any]) -> Iterator[str]:
    for key in ("uris", "suites"):
        if not repository.get(key):
            yield f"it has no {key}, which are needed"
    for uri in repository.get("uris") or []:
        parts = urlsplit(uri)
        if parts.scheme not in SCHEMES or not WORD.fullmatch(uri):
            yield f"uris has '{uri}': a URL that begins with http://, https:// or file:// is needed"
        elif parts.username is not None:
            yield (
                "uris has a URL with a user: everybody on the host could read it; put it into a file of "
                "/etc/apt/auth.conf.d"
            )
    suites = repository.get("suites") or []
    for key in ("suites", "components"):
        for value in repository.get(key) or []:
            if not WORD.fullmatch(value):
                yield f"{key} has '{value}': a single word is needed"
    flat = [suite for suite in suites if suite.endswith("/")]
    if flat and repository.get("components"):
        yield f"suites has '{flat[0]}', the path of a flat repository, which has no components; leave them out"
    if len(flat) < len(suites) and not repository.get("components"):
        yield "it has no components, such as main; only a suite that ends with a slash has none"


def _find_key_problems(repository: Mapping[str, Any]) -> Iterator[str]:
    given = [key for key in KEYS if repository.get(key)]
    if len(given) != 1:
        yield (
            f"exactly one of {', '.join(KEYS)} is needed, but it has {' and '.join(given) or 'none'}; apt trusts no "
            "repository without a key"
        )
    if repository.get("key_url") and not repository.get("fingerprints"):
        yield "key_url needs fingerprints, else whoever answers for that URL would decide what is installed"
    if repository.get("keyring") and repository.get("fingerprints"):
        yield "fingerprints are for key and key_url; a keyring of the host is trusted as it is"
    if "PRIVATE KEY" in (repository.get("key") or ""):
        yield "key is a private key; use the public key"
    elif repository.get("key") and "BEGIN PGP PUBLIC KEY BLOCK" not in repository["key"]:
        yield "key is no public key in armor, which begins with -----BEGIN PGP PUBLIC KEY BLOCK-----"
    for fingerprint in repository.get("fingerprints") or []:
        if not FINGERPRINT.fullmatch(re.sub(r"\s", "", fingerprint)):
            yield f"fingerprints has '{fingerprint}': 40 hexadecimal digits are needed, or 64 of a key of version 6"
    if repository.get("keyring") and not WORD.fullmatch(repository["keyring"]):
        yield f"keyring is '{repository['keyring']}': a path without spaces is needed"


def _find_pin_problems(repository: Mapping[str, Any]) -> Iterator[str]:
    pin = repository.get("pin")
    if pin and not PIN.fullmatch(pin):
        yield f"pin is '{pin}': it begins with release, origin or version, as Pin in apt_preferences"
    priority = int(repository.get("priority") or 900)
    if not 100 < priority < 1000:
        yield (
            f"priority is {priority}: 101-999 are accepted; with less, apt would not install from the repository, "
            "and with more, it would replace newer packages"
        )
    for package in repository.get("packages") or []:
        if not PACKAGE.fullmatch(package):
            yield f"packages has '{package}': the name of a package is needed, such as libfoo1 or libfoo*"
