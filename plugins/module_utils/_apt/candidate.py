# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The release of a daemon that a host will have, found before anything on the host is changed.

apt reads the future sources and pins, and an index of them, from a directory of its own. So a repository that cannot be
reached or verified, a version that nobody has and a package that cannot be installed are known beforehand."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from .._host.run import Run
from .files import (
    PREFERENCES,
    SOURCES,
    find_pin,
    has_version,
    parse_policy,
    read_key,
    read_pin,
    render_preferences,
    render_source,
)
from .key import KeyRefused, check_fingerprints, decode_key, encode_key

LISTS = Path("/var/lib/apt/lists")
TOLD = re.compile(r"^(?:E|W|Err):|\b(?:PreDepends|Depends|Conflicts|Breaks):")
STALE = 86400
"""Seconds after which an index is read anew."""


class Refused(Exception):
    """The declared release cannot be had. The message says why."""


@dataclass(frozen=True)
class Wanted:
    """What an inventory declares of a daemon's packages. C(repository) is empty if it names none; else there is a
    C(version)."""

    daemon: str
    packages: list[str]
    repository: Mapping[str, Any]
    version: str
    allow_downgrade: bool


@dataclass(frozen=True)
class File:
    """A file that has to change; it is removed if C(content) is empty."""

    path: str
    before: str
    content: str

    def to_dict(self) -> dict[str, str]:
        return {"path": self.path, "before": self.before, "content": self.content}


@dataclass(frozen=True)
class Candidate:
    """What the host will have: C(install) is the version to install, empty if the present one is kept."""

    version: str
    installed: str
    install: str
    available: list[str]
    files: list[File]


@dataclass(frozen=True)
class Apt:
    """Runs apt's programs on the host's packages."""

    run: Run
    fetch: Callable[[str], bytes]
    now: float

    def find_candidate(self, wanted: Wanted) -> Candidate:
        """Return the release that the host will have, and the files to change. Raises Refused."""
        installed = self._find_installed(wanted.packages[0])
        source, preferences = map(_read, list_paths(wanted.daemon))
        declared = _render_unchanged(wanted, source, preferences)
        is_right = bool(installed) and (not wanted.version or has_version(installed, wanted.version))
        if declared == (source, preferences) and is_right:
            return Candidate(installed, installed, "", [], [])
        if not wanted.version:
            return Candidate(installed, installed, "", [], _list_changes(wanted, (source, preferences), ("", "")))
        with self._stage(wanted) as staged:
            return self._choose(wanted, installed, is_right, staged, (source, preferences))

    def _find_installed(self, package: str) -> str:
        code, out, _error = self.run(["dpkg-query", "--show", "--showformat=${db:Status-Status} ${Version}", package])
        status, _space, version = out.partition(" ")
        return version if code == 0 and status == "installed" else ""

    @contextmanager
    def _stage(self, wanted: Wanted) -> Iterator[Staged]:
        # apt's user for downloads has to find its way into it.
        folder = Path(tempfile.mkdtemp(prefix="evenkeel-apt-"))
        try:
            folder.chmod(0o755)
            yield Staged(folder, self, wanted)
        finally:
            shutil.rmtree(folder)

    def _choose(
        self, wanted: Wanted, installed: str, is_right: bool, staged: Staged, present: tuple[str, str]
    ) -> Candidate:
        source = staged.write_source()
        staged.update_index()
        pin = staged.find_pin()
        preferences = _render_preferences(wanted, pin)
        staged.write_preferences(preferences)
        said = staged.ask_policy()
        available = [version.number for version in parse_policy(said) if version.available]
        changes = _list_changes(wanted, present, (source, preferences))
        if is_right:
            return Candidate(installed, installed, "", available, changes)
        chosen = _choose_version(wanted, available)
        if installed and not wanted.allow_downgrade and self._is_older(chosen, installed):
            raise Refused(
                f"{wanted.daemon}_version is '{wanted.version}', which {chosen} is, but {installed} is installed. An "
                f"older release may refuse the configuration; set {wanted.daemon}_allow_downgrade to true to install it"
            )
        staged.simulate(chosen)
        return Candidate(chosen, installed, chosen, available, changes)

    def _is_older(self, version: str, than: str) -> bool:
        return self.run(["dpkg", "--compare-versions", version, "lt", than])[0] == 0


class Staged:
    """A directory in which apt finds the future sources and pins. It is not the host's."""

    def __init__(self, folder: Path, apt: Apt, wanted: Wanted) -> None:
        self.folder, self.apt, self.wanted = folder, apt, wanted
        for name in ("sources", "preferences", "lists/partial", "cache/archives/partial"):
            (folder / name).mkdir(parents=True)
        for name, live in (("sources", SOURCES), ("preferences", PREFERENCES)):
            _link_files(Path(live), folder / name, f"evenkeel-{wanted.daemon}.")
        _link_files(LISTS, folder / "lists", "lock")
        # Else apt downloads as root.
        with suppress(LookupError, PermissionError):
            shutil.chown(folder / "lists/partial", "_apt")
        self.source = folder / "sources" / f"evenkeel-{wanted.daemon}.sources"

    def write_source(self) -> str:
        """Write the source with its key; returns the text, which is empty without a repository."""
        if not self.wanted.repository:
            return ""
        text = render_source(self.wanted.daemon, self.wanted.repository, self._find_key())
        self.source.write_text(text, encoding="utf-8")
        return text

    def _find_key(self) -> str:
        repository, name = self.wanted.repository, f"{self.wanted.daemon}_repository"
        if repository["keyring"]:
            if not os.path.exists(repository["keyring"]):
                raise Refused(f"{name}: keyring is '{repository['keyring']}', which the host does not have")
            return str(repository["keyring"])
        where = "key_url" if repository["key_url"] else "key"
        try:
            content = self.apt.fetch(repository["key_url"]) if repository["key_url"] else repository["key"].encode()
            packets = decode_key(content)
            check_fingerprints(packets, repository["fingerprints"])
        except KeyRefused as error:
            raise Refused(f"{name}: the key of {where} is refused: {error}") from error
        except OSError as error:
            raise Refused(f"{name}: key_url '{repository['key_url']}' cannot be read: {error}") from error
        return encode_key(packets)

    def update_index(self) -> None:
        """Read the index of the repository; without one, those of the host if they are old."""
        options = [] if not self.wanted.repository else update_options(str(self.source))
        if not self.wanted.repository and self.apt.now - _find_age(LISTS) < STALE:
            return
        code, out, error = self._call(["apt-get", "update", *options])
        if code != 0:
            raise Refused(f"{self._describe()} cannot be read: {_shorten(error or out)}")

    def find_pin(self) -> str:
        """Return the pin of what is in the repository; empty without one."""
        if not self.wanted.repository:
            return ""
        if self.wanted.repository["pin"]:
            return str(self.wanted.repository["pin"])
        hosts = [urlsplit(uri).hostname or "" for uri in self.wanted.repository["uris"]]
        own = (path for path in sorted((self.folder / "lists").glob("*Release")) if not path.is_symlink())
        return find_pin(next((_read(str(path)) for path in own), ""), hosts)

    def write_preferences(self, text: str) -> None:
        """Write the pins."""
        (self.folder / "preferences" / f"evenkeel-{self.wanted.daemon}.pref").write_text(text, encoding="utf-8")

    def ask_policy(self) -> str:
        """Return the versions that apt knows, as it prints them."""
        return self._call(["apt-cache", "policy", self.wanted.packages[0]])[1]

    def simulate(self, version: str) -> None:
        """Let apt plan the installation. Raises Refused where it cannot be done."""
        flags = ["--simulate", "--yes", "--no-install-recommends", "--allow-downgrades"]
        package = f"{self.wanted.packages[0]}={version}"
        code, out, error = self._call(["apt-get", *flags, "install", package])
        if code != 0:
            raise Refused(f"apt cannot install {package}: {_shorten(f'{out} {error}')}")

    def _call(self, argv: list[str]) -> tuple[int, str, str]:
        options = [
            f"Dir::Etc::sourceparts={self.folder}/sources",
            f"Dir::Etc::preferencesparts={self.folder}/preferences",
            f"Dir::State::lists={self.folder}/lists",
            f"Dir::Cache={self.folder}/cache",
        ]
        given = [word for option in options for word in ("-o", option)]
        return self.apt.run(["env", "LC_ALL=C", argv[0], *given, *argv[1:]])

    def _describe(self) -> str:
        repository = self.wanted.repository
        return f"{self.wanted.daemon}_repository ({' '.join(repository['uris'])})" if repository else "a package source"


def list_paths(daemon: str) -> tuple[str, str]:
    """Return the paths of the daemon's source and of its pins."""
    return f"{SOURCES}/evenkeel-{daemon}.sources", f"{PREFERENCES}/evenkeel-{daemon}.pref"


def update_options(source: str) -> list[str]:
    """Return the options with which C(apt-get update) reads one source alone, and fails where it cannot."""
    options = [
        f"Dir::Etc::sourcelist={source}",
        "Dir::Etc::sourceparts=/dev/null",
        "APT::Get::List-Cleanup=false",
        "APT::Update::Error-Mode=any",
    ]
    return [word for option in options for word in ("-o", option)]


def _render_unchanged(wanted: Wanted, source: str, preferences: str) -> tuple[str, str] | None:
    """The files as they would be with the key and the pin that the host has; None if the key is not as declared."""
    if not wanted.repository:
        return "", _render_preferences(wanted, "")
    key = wanted.repository["keyring"] or read_key(source)
    try:
        if wanted.repository["key"]:
            key = encode_key(decode_key(wanted.repository["key"].encode()))
        if not wanted.repository["keyring"]:
            check_fingerprints(decode_key(key.encode()), wanted.repository["fingerprints"])
    except KeyRefused:
        return None
    pin = wanted.repository["pin"] or read_pin(preferences)
    return render_source(wanted.daemon, wanted.repository, key), _render_preferences(wanted, pin)


def _render_preferences(wanted: Wanted, pin: str) -> str:
    return render_preferences(
        wanted.daemon, wanted.packages, wanted.repository, pin, wanted.version, wanted.allow_downgrade
    )


def _choose_version(wanted: Wanted, available: list[str]) -> str:
    """The highest version that is as declared."""
    found = [version for version in available if has_version(version, wanted.version)]
    if not found:
        raise Refused(
            f"{wanted.daemon}_version is '{wanted.version}', but the package sources of the host have "
            f"{f'{wanted.packages[0]} ' + ', '.join(available) if available else f'no {wanted.packages[0]}'}"
        )
    return found[0]


def _list_changes(wanted: Wanted, present: tuple[str, str], declared: tuple[str, str]) -> list[File]:
    rows = zip(list_paths(wanted.daemon), present, declared)
    return [File(path, before, content) for path, before, content in rows if before != content]


def _link_files(live: Path, folder: Path, without: str) -> None:
    """Link the files of a directory into another one, but for those whose names begin with C(without)."""
    for path in sorted(live.iterdir()) if live.is_dir() else []:
        if path.is_file() and not path.name.startswith(without):
            (folder / path.name).symlink_to(path)


def _find_age(folder: Path) -> float:
    """The time of the newest index; 0 if there is none."""
    times = [path.stat().st_mtime for path in folder.glob("*_Packages*")] if folder.is_dir() else []
    return folder.stat().st_mtime if times else 0


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return ""


def _shorten(text: str) -> str:
    """What apt complains of, on one line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    told = [line for line in lines if TOLD.search(line)] or lines[-5:]
    return " ".join(dict.fromkeys(told))[:600]
