# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files on disk: written, compared, copied, flushed and exchanged. All functions raise OSError."""

from __future__ import annotations

import ctypes
import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

AT_FDCWD = -100
RENAME_EXCHANGE = 2


def read(path: Path) -> bytes | None:
    """The content of a file; None where there is no file."""
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None


def facts(path: Path) -> tuple | None:
    """What makes two files equal; None where there is no file."""
    content = read(path)
    if content is None:
        return None
    status = path.lstat()
    return content, status.st_mode, status.st_uid, status.st_gid


def make_directory(path: Path) -> None:
    """Make a directory and those above it that everybody may enter, whatever the umask is."""
    if not path.is_dir():
        make_directory(path.parent)
        path.mkdir()
        path.chmod(0o755)


def write(path: Path, content: bytes) -> None:
    """Replace the file; only its owner can read it."""
    make_directory(path.parent)
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as stream:
        stream.write(content)


def copy(source: Path, target: Path) -> None:
    """Replace C(target) by a copy of the file with its mode and owner; nobody ever sees half of it."""
    status = source.stat()
    staged = _staged(target)
    write(staged, source.read_bytes())
    os.chown(staged, status.st_uid, status.st_gid)
    os.chmod(staged, stat.S_IMODE(status.st_mode))
    sync_file(staged, os.O_RDONLY)
    staged.rename(target)
    sync_directory(target.parent)


def discard_copy(target: Path) -> None:
    """Remove what a copy to C(target) that was ended in the middle has left."""
    with suppress(NotADirectoryError):
        _staged(target).unlink(missing_ok=True)


def _staged(target: Path) -> Path:
    return target.with_name(f".{target.name}.staged")


def sync(directory: Path) -> None:
    """Wait until everything below the directory is on the disk, whatever happens to the power."""
    for parent, _folders, names in os.walk(directory):
        for name in names:
            path = os.path.join(parent, name)
            if stat.S_ISREG(os.lstat(path).st_mode):
                sync_file(path, os.O_RDONLY)
        sync_directory(Path(parent))


def sync_directory(path: Path) -> None:
    """Wait until the names in the directory are on the disk."""
    sync_file(path, os.O_RDONLY | os.O_DIRECTORY)


def sync_file(path: str | Path, flags: int) -> None:
    """Wait until what C(path) opens with these flags of C(os.open) is on the disk."""
    handle = os.open(path, flags)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def exchange(one: Path, other: Path) -> bool:
    """Swap two names in one system call; False where kernel or filesystem cannot. Raises OSError where they may not."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.renameat2(AT_FDCWD, os.fsencode(one), AT_FDCWD, os.fsencode(other), RENAME_EXCHANGE) == 0:
        return True
    number = ctypes.get_errno()
    if number in (errno.EINVAL, errno.ENOSYS):
        return False
    advice = "; it must not be a mount point or belong to a container's image" if number in (errno.EBUSY, errno.EXDEV) else ""
    raise OSError(f"cannot exchange {one} and {other}: {os.strerror(number)}{advice}")


@contextmanager
def present(directories: list[str]) -> Iterator[None]:
    """Have these directories while the context lasts; those that were missing are removed afterwards, if they are still empty."""
    made = []
    for directory in map(Path, directories):
        with suppress(OSError):
            directory.mkdir(mode=0o755)
            made.append(directory)
    try:
        yield
    finally:
        for directory in made:
            with suppress(OSError):
                directory.rmdir()
