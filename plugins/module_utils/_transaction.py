# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Replace a daemon's configuration directory as a whole, or not at all.

The life of a change to C(/etc/haproxy), each name a directory in C(/etc)::

    haproxy  --copy-->  .haproxy.staged   the declared files are written here, what is no longer declared is removed
                        .haproxy.staged   the daemon's own checker reads it under its final name (private mount)
    haproxy <-exchange-> .haproxy.staged  one system call: the single point of no return
                        .haproxy.previous the set that was replaced, kept for restore()

Whatever ends the run, C(haproxy) is either the old set or the new one.
"""

from __future__ import annotations

import ctypes
import errno
import grp
import json
import os
import pwd
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

MANIFEST = ".evenkeel.json"
AT_FDCWD = -100
RENAME_EXCHANGE = 2


class TransactionError(Exception):
    """The change cannot be staged or committed; the configuration on disk is the old one."""


@dataclass(frozen=True)
class File:
    """One declared file: C(path) is relative to the directory, C(mode) the permission bits."""

    path: str
    content: bytes
    mode: int = 0o644
    owner: str = "root"
    group: str = "root"
    sensitive: bool = False


@dataclass(frozen=True)
class Change:
    """What happens to one path: C(before) or C(after) is None where there is no file."""

    path: str
    before: bytes | None
    after: bytes | None
    sensitive: bool = False

    def diff(self) -> dict[str, str]:
        """The change in the shape that Ansible prints for C(--diff)."""
        return {
            "before_header": self.path,
            "after_header": self.path,
            "before": self._shown(self.before),
            "after": self._shown(self.after),
        }

    def _shown(self, content: bytes | None) -> str:
        if content is None:
            return ""
        if self.sensitive:
            return "(content hidden)\n"
        return content.decode("utf-8", errors="replace")


class ConfigSet:
    """The configuration directory of one daemon and the sets beside it."""

    def __init__(self, directory: str) -> None:
        """C(directory) is absolute, such as C(/etc/haproxy)."""
        self.live = Path(directory)
        self.staged = self.live.with_name(f".{self.live.name}.staged")
        self.previous = self.live.with_name(f".{self.live.name}.previous")
        self.outdated = self.live.with_name(f".{self.live.name}.outdated")

    def recover(self) -> None:
        """Put a set in place again where a commit without exchange was ended half-way."""
        if not self.live.exists() and self.previous.exists():
            self.previous.rename(self.live)

    def declared_before(self) -> list[str]:
        """The paths that an earlier transaction declared, so that it may remove them."""
        try:
            return json.loads((self.live / MANIFEST).read_text(encoding="utf-8"))["files"]
        except FileNotFoundError:
            return []

    def changes(self, files: list[File]) -> list[Change]:
        """What has to change so that the declared files stand as declared.

        Raises TransactionError for a directory or a path that cannot be."""
        self._refuse_paths(files)
        found = []
        for file in files:
            before = _read(self.live / file.path)
            if before != file.content or not _has_attributes(self.live / file.path, file):
                found.append(Change(file.path, before, file.content, file.sensitive))
        declared = {file.path for file in files}
        for path in sorted(set(self.declared_before()) - declared):
            if os.path.lexists(self.live / path):
                found.append(Change(path, _read(self.live / path) or b"", None, sensitive=True))
        if not found and sorted(declared) != self.declared_before():
            found.append(Change(MANIFEST, None, None))
        return found

    def _refuse_paths(self, files: list[File]) -> None:
        if os.path.lexists(self.live) and (self.live.is_symlink() or not self.live.is_dir()):
            raise TransactionError(f"{self.live} is not a directory: what a link leads to cannot be exchanged, name the directory itself")
        for file in files:
            path = Path(file.path)
            if path.is_absolute() or ".." in path.parts or path in (Path(), Path(MANIFEST)):
                raise TransactionError(f"a file's path is '{file.path}': a path inside {self.live} is needed, such as maps/hosts.map")
            for parent in path.parents:
                if (self.live / parent).is_symlink():
                    raise TransactionError(f"{file.path}: {self.live / parent} is a symbolic link; what it leads to is not part of the set")

    def stage(self, files: list[File], changes: list[Change]) -> None:
        """Build the whole future directory beside the live one.

        Raises TransactionError for an owner, a group or a path that cannot be."""
        self.discard()
        try:
            self._build(files, changes)
        except OSError as error:
            raise TransactionError(f"cannot build the new {self.live}: {error}") from error

    def _build(self, files: list[File], changes: list[Change]) -> None:
        if self.live.exists():
            copy = ["cp", "--archive", "--", str(self.live), str(self.staged)]
            done = subprocess.run(copy, check=False, capture_output=True, text=True)
            if done.returncode:
                raise TransactionError(f"cannot copy {self.live}: {done.stderr.strip()}")
        else:
            _make_directory(self.staged)
        for change in changes:
            if change.after is None:
                (self.staged / change.path).unlink(missing_ok=True)
        changed = {change.path for change in changes}
        for file in files:
            if file.path in changed:
                _write(self.staged / file.path, file.content)
                os.chown(self.staged / file.path, *_ids(file))
                os.chmod(self.staged / file.path, file.mode)
        manifest = json.dumps({"files": sorted(file.path for file in files)}, indent=1) + "\n"
        _write(self.staged / MANIFEST, manifest.encode())
        os.chmod(self.staged / MANIFEST, 0o644)

    def commit(self) -> None:
        """Make the staged directory the live one; what was live becomes C(previous).

        C(previous) is never half a set: it changes places as well, discard() removes what is two sets old."""
        try:
            _sync(self.staged)
            if not self.live.exists():
                self.staged.rename(self.live)
            elif _exchange(self.staged, self.live):
                if self.previous.exists():
                    _exchange(self.staged, self.previous)
                else:
                    self.staged.rename(self.previous)
            else:
                # No exchange on this filesystem: recover() closes the gap between the last two renames.
                if self.previous.exists():
                    self.previous.rename(self.outdated)
                self.live.rename(self.previous)
                self.staged.rename(self.live)
            _sync_directory(self.live.parent)
        except OSError as error:
            self.recover()
            raise TransactionError(f"cannot commit {self.live}: {error}") from error
        self.discard()

    def restore(self) -> None:
        """Bring the previous set back; the refused one becomes C(previous)."""
        self.require_previous()
        self.discard()
        if not self.live.exists():
            self.previous.rename(self.live)
        elif not _exchange(self.previous, self.live):
            self.live.rename(self.staged)
            self.previous.rename(self.live)
            self.staged.rename(self.previous)
        _sync_directory(self.live.parent)

    def require_previous(self) -> None:
        """Raises TransactionError where restore() has nothing to bring back."""
        if not self.previous.exists():
            raise TransactionError(f"{self.previous} does not exist: there is no previous set to restore")

    def discard(self) -> None:
        """Remove what an ended or a refused change has left."""
        shutil.rmtree(self.staged, ignore_errors=True)
        shutil.rmtree(self.outdated, ignore_errors=True)

    def in_place(self, run: Callable, argv: list[str]) -> tuple[int, str, str]:
        """Run a checker that sees the staged directory under its final name.

        The bind mount lives in a mount namespace of its own and ends with the command."""
        script = 'mount --bind "$1" "$2" && shift 2 && exec "$@"'
        missing = not self.live.exists()
        if missing:
            self.live.mkdir()
        try:
            return run(["unshare", "--mount", "sh", "-c", script, "sh", str(self.staged), str(self.live), *argv])
        finally:
            if missing:
                self.live.rmdir()

    def read_staged(self, path: str) -> str:
        """The text of a file of the set as it will be in place."""
        inside = Path(path)
        if inside.is_relative_to(self.live):
            inside = self.staged / inside.relative_to(self.live)
        return inside.read_text(encoding="utf-8", errors="replace")


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None


def _ids(file: File) -> tuple[int, int]:
    try:
        return pwd.getpwnam(file.owner).pw_uid, grp.getgrnam(file.group).gr_gid
    except KeyError as error:
        raise TransactionError(f"{file.path}: {error.args[0]}; create that user or group first") from error


def _has_attributes(path: Path, file: File) -> bool:
    status = path.lstat()
    return stat.S_ISREG(status.st_mode) and stat.S_IMODE(status.st_mode) == file.mode and (status.st_uid, status.st_gid) == _ids(file)


def _make_directory(path: Path) -> None:
    """Make a directory and those above it that everybody may enter, whatever the umask is."""
    if not path.is_dir():
        _make_directory(path.parent)
        path.mkdir()
        path.chmod(0o755)


def _write(path: Path, content: bytes) -> None:
    """Replace the file; only its owner can read it."""
    _make_directory(path.parent)
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as stream:
        stream.write(content)


def _sync(directory: Path) -> None:
    for parent, _folders, names in os.walk(directory):
        for name in names:
            path = os.path.join(parent, name)
            if stat.S_ISREG(os.lstat(path).st_mode):
                _sync_file(path, os.O_RDONLY)
        _sync_directory(Path(parent))


def _sync_directory(path: Path) -> None:
    _sync_file(path, os.O_RDONLY | os.O_DIRECTORY)


def _sync_file(path: str | Path, flags: int) -> None:
    handle = os.open(path, flags)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _exchange(one: Path, other: Path) -> bool:
    """Swap two names in one system call; False where kernel or filesystem cannot."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.renameat2(AT_FDCWD, os.fsencode(one), AT_FDCWD, os.fsencode(other), RENAME_EXCHANGE) == 0:
        return True
    number = ctypes.get_errno()
    if number in (errno.EINVAL, errno.ENOSYS):
        return False
    raise TransactionError(f"cannot exchange {one} and {other}: {os.strerror(number)}")
