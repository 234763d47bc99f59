# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files of a set: what is declared, what the set in a directory says of itself, and where it keeps those that
belong elsewhere.

A file with an absolute path belongs elsewhere, such as a drop-in of the daemon's unit. The set keeps a copy below
C(.system). What stood in such a place before anybody declared it is kept below C(.found), and comes back when it is
declared no more. What stood in the directory is kept below C(.original), and comes back when the whole set is
removed. The same holds for what stood where the set declares that no file is."""

from __future__ import annotations

import grp
import os
import pwd
import re
import shutil
import stat
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .._characters import CONTROL
from .._check.secrets import mask_secrets
from .._deployed.manifest import MANIFEST, SetError, list_absent, list_declared
from .._host import disk

MARK = ".evenkeel.new"
SYSTEM = ".system"
FOUND = ".found"
ORIGINAL = ".original"
HIDDEN = "(content hidden)\n"
FEW = 5
"""Lines of a new file that a diff shows in any case."""


@dataclass(frozen=True)
class File:
    """One declared file: C(path) is relative to the directory or absolute, C(mode) the permission bits. With C(absent),
    no file is to be there."""

    path: str
    content: bytes
    mode: int = 0o644
    owner: str = "root"
    group: str = "root"
    sensitive: bool = False
    absent: bool = False


@dataclass(frozen=True)
class Change:
    """Change of one path: C(before) or C(after) is None if there is no file."""

    path: str
    before: bytes | None
    after: bytes | None
    sensitive: bool = False

    def diff(self, whole: bool = True) -> dict[str, str]:
        """The change in the shape that Ansible prints for C(--diff), with asterisks for secrets. Unless it shall be the
        whole one, a long file that is new is only counted."""
        before, after = self._format_content(self.before), self._format_content(self.after)
        lines = after.count("\n")
        if self.before is None and lines > FEW and not whole:
            after = f"(new file of {lines} lines, which -v shows)\n"
        if before == after and self.before is not None and self.after is not None:
            after += "(owner, group or mode differ)\n" if self.before == self.after else "(what differs is secret)\n"
        return {"before_header": self.path, "after_header": self.path, "before": before, "after": after}

    def _format_content(self, content: bytes | None) -> str:
        if content is None:
            return ""
        if self.sensitive:
            return HIDDEN
        return mask_secrets(content.decode("utf-8", errors="replace"))


def refuse_paths(files: list[File], live: Path, name: Path) -> None:
    """Raises SetError for a directory or a path that cannot be; C(name) is what the directory C(live) is called,
    perhaps a link."""
    if os.path.lexists(live) and not live.is_dir():
        raise SetError(f"{live} is not a directory: name one, or a link to one")
    paths = [Path(file.path) for file in files]
    for path in paths:
        if paths.count(path) > 1:
            raise SetError(f"{path} is declared {paths.count(path)} times: each file can be there once")
    for file in files:
        path = Path(file.path)
        own = path in (Path(), Path(MANIFEST), Path(MARK)) or path.parts[:1] in ((SYSTEM,), (FOUND,), (ORIGINAL,))
        if (
            ".." in path.parts
            or CONTROL.search(file.path)
            or own
            or path.is_relative_to(live)
            or path.is_relative_to(name)
        ):
            raise SetError(
                f"a file's path is '{file.path}': a path relative to {live} is needed, such as maps/hosts.map, "
                "or an absolute path elsewhere"
            )
        if file.absent and (live / path).is_dir() and not (live / path).is_symlink():
            raise SetError(f"{path} is to be absent and is a directory: name the files in it")
        for parent in path.parents:
            if (live / parent).is_symlink():
                raise SetError(
                    f"{file.path}: {live / parent} is a symbolic link; what it leads to is not part of the set"
                )


def description(files: list[File], companions: list[str]) -> dict[str, list[str]]:
    """Build the manifest of a set: the declared files, those that are to be absent, sensitive files before and after,
    and the companion units."""
    return {
        "files": sorted(file.path for file in files if not file.absent),
        "absent": sorted(file.path for file in files if file.absent),
        "sensitive": sorted(file.path for file in files if file.sensitive),
        "companions": companions,
    }


def copy_path(path: str) -> str:
    """Return the path of the set's copy of a declared file, relative to its directory."""
    return SYSTEM + path if Path(path).is_absolute() else path


def replaced_path(directory: Path, path: str) -> Path:
    """Return the path of the set's copy of the file that a declared file has replaced."""
    return directory / f"{FOUND if Path(path).is_absolute() else ORIGINAL}/{path}"


def is_own(directory: Path, path: str) -> bool:
    """Return whether a file is the one that the set in the directory has installed. Outside the directory, another
    program may have replaced it."""
    return not Path(path).is_absolute() or disk.read(Path(path)) == disk.read(directory / copy_path(path))


def owner_ids(file: File) -> tuple[int, int]:
    """The numbers of the file's user and group. Raises SetError where the host does not have them."""
    try:
        return pwd.getpwnam(file.owner).pw_uid, grp.getgrnam(file.group).gr_gid
    except KeyError as error:
        raise SetError(f"{file.path}: {error.args[0]}; create that user or group first") from error


def permissions(path: str, mode: Any) -> int:
    """The permission bits of a declared file, from an octal number. Raises SetError for what is none."""
    if not isinstance(mode, str):
        raise SetError(
            f"{path}: its mode is {mode}, to which YAML may have changed what was written: put it in quotation marks, "
            'such as "0644"'
        )
    if not re.fullmatch(r"0?[0-7]{3,4}", mode):
        raise SetError(f"{path}: its mode is '{mode}': an octal number is needed, such as 0644")
    return int(mode, 8)


def is_as_declared(path: Path, file: File) -> bool:
    """Return whether content, mode and owner of the path are as declared, or nothing is there that is to be absent.
    Raises SetError for an unknown owner."""
    if file.absent:
        return not os.path.lexists(path)
    return disk.read(path) == file.content and disk.facts(path) == (
        file.content,
        stat.S_IFREG | file.mode,
        *owner_ids(file),
    )


def install_outside(source: Path, replaced: Path) -> None:
    """Make the files elsewhere those of the set in C(source), which is about to take the place of C(replaced).

    All copies are written before the first of them takes its place, so that a full disk is met before anything has
    changed."""
    wanted, unwanted = _list_outside(list_declared(source)), _list_outside(list_absent(source))
    copies = {
        path: source / copy_path(path)
        for path in wanted
        if disk.facts(source / copy_path(path)) != disk.facts(Path(path))
    }
    were = _list_outside(list_declared(replaced) + list_absent(replaced))
    gone = {path for path in were - wanted - unwanted if is_own(replaced, path)}
    copies.update({path: found for path in gone if (found := replaced_path(replaced, path)).exists()})
    try:
        for path in sorted(copies):
            disk.stage_copy(copies[path], Path(path))
    except BaseException:
        for path in copies:
            with suppress(OSError):
                disk.discard_copy(Path(path))
        raise
    for path in sorted(copies):
        disk.place_copy(Path(path))
    for path in sorted(unwanted | gone - set(copies)):
        disk.remove(Path(path))


def _list_outside(paths: Iterable[str]) -> set[str]:
    return {path for path in paths if Path(path).is_absolute()}


def remove_declared(directory: Path) -> None:
    """Remove the files that the set in the directory has declared, and bring back those that they have replaced.

    The manifest goes last: an ended removal is finished by the next one."""
    declared = list_declared(directory) + list_absent(directory)
    with tempfile.TemporaryDirectory() as empty:
        install_outside(Path(empty), directory)
    for path in declared:
        if not Path(path).is_absolute():
            found = replaced_path(directory, path)
            if found.exists():
                disk.copy(found, directory / path)
            else:
                disk.remove(directory / path)
    for name in (SYSTEM, FOUND, ORIGINAL):
        shutil.rmtree(directory / name, ignore_errors=True)
    for path in declared:
        if not Path(path).is_absolute():
            _remove_empty((directory / path).parent, directory)
    disk.remove(directory / MARK)
    disk.remove(directory / MANIFEST)
    disk.sync_directory(directory)


def _remove_empty(path: Path, top: Path) -> None:
    """Remove directories below the top that have nothing in them any more."""
    with suppress(OSError):
        while path != top:
            path.rmdir()
            path = path.parent


def restore_outside(staged: Path, live: Path) -> None:
    """Make the files elsewhere those of the live set again, after a run that was ended before C(staged) took its
    place."""
    for path in list_declared(staged):
        if Path(path).is_absolute():
            disk.discard_copy(Path(path))
    install_outside(live, staged)
