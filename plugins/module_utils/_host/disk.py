# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files on disk: written, compared, copied, flushed and exchanged. All functions raise OSError.

A declared file may lie in a directory of a user who may write there. So files are opened, made, renamed and removed
relative to a descriptor of their directory, and modes and owners are set on descriptors: what somebody exchanges
meanwhile leads nowhere else. A link is followed only where nobody but root can have made it."""

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
MOST_LINKS = 40


def open_directory(path: Path, make: bool = False) -> int:
    """Open the directory; returns its descriptor. Missing ones are made, so that everybody may enter them, whatever the
    umask is."""
    handle, ahead, links = os.open("/", os.O_RDONLY | os.O_DIRECTORY), list(reversed(path.absolute().parts[1:])), 0
    try:
        while ahead:
            name = ahead.pop()
            target = _trusted_link(handle, name)
            if target is not None:
                links += 1
                if links > MOST_LINKS:
                    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
                ahead += [part for part in reversed(target.split("/")) if part]
                name = "/" if target.startswith("/") else "."
            above, handle = handle, _enter(handle, name, make)
            os.close(above)
    except OSError as error:
        os.close(handle)
        raise OSError(error.errno, error.strerror, str(path)) from error
    return handle


def _trusted_link(handle: int, name: str) -> str | None:
    """Resolve a link; None if it is no link, or if a user other than root may have created it."""
    status = os.fstat(handle)
    if status.st_uid or status.st_mode & stat.S_IWOTH or (status.st_gid and status.st_mode & stat.S_IWGRP):
        return None
    try:
        return os.readlink(name, dir_fd=handle)
    except OSError:
        return None


def _enter(handle: int, name: str, make: bool) -> int:
    """Open a directory in another one."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
    try:
        return os.open(name, flags, dir_fd=handle)
    except FileNotFoundError:
        if not make:
            raise
    umask = os.umask(0o022)
    try:
        os.mkdir(name, 0o755, dir_fd=handle)
    except FileExistsError:
        pass
    finally:
        os.umask(umask)
    return os.open(name, flags, dir_fd=handle)


@contextmanager
def opened_directory(path: Path, make: bool = False) -> Iterator[int]:
    """Have the descriptor of a directory while the context lasts."""
    handle = open_directory(path, make)
    try:
        yield handle
    finally:
        os.close(handle)


def read_with_status(path: Path) -> tuple[bytes, os.stat_result] | None:
    """The content and the status of a file; None where there is none, or something else such as a directory or a
    pipe."""
    try:
        with opened_directory(path.parent) as handle:
            target = _trusted_link(handle, path.name)
            if target is not None:
                found = read_with_status(path.parent / target)
                return found and (found[0], os.lstat(path.name, dir_fd=handle))
            # A pipe that somebody has put there would keep whoever opens it waiting.
            with open(os.open(path.name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=handle), "rb") as stream:
                status = os.fstat(stream.fileno())
                return (stream.read(), status) if stat.S_ISREG(status.st_mode) else None
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO):
            return None
        raise


@contextmanager
def name_in_errors(path: str | Path) -> Iterator[None]:
    """Have an OSError name the path, as one of a write to an open file does not."""
    try:
        yield
    except OSError as error:
        if not os.path.isabs(str(error.filename or "")):
            error.filename = str(path)
        raise


def read(path: Path) -> bytes | None:
    """The content of a file; None where there is no file."""
    found = read_with_status(path)
    return found and found[0]


def facts(path: Path) -> tuple[bytes, int, int, int] | None:
    """Content, mode, user and group, by which two files are equal; None where there is no file."""
    found = read_with_status(path)
    return found and (found[0], found[1].st_mode, found[1].st_uid, found[1].st_gid)


def make_directory(path: Path) -> None:
    """Make a directory and those above it that everybody may enter, whatever the umask is."""
    os.close(open_directory(path, make=True))


def write(path: Path, content: bytes, mode: int = 0o600, owner: tuple[int, int] = (-1, -1)) -> None:
    """Replace the file; nobody but its owner can read it before it has the mode."""
    with name_in_errors(path), opened_directory(path.parent, make=True) as handle:
        _create(handle, path.name, content, mode, owner)


def _create(handle: int, name: str, content: bytes, mode: int, owner: tuple[int, int], flush: bool = False) -> None:
    with suppress(FileNotFoundError):
        os.unlink(name, dir_fd=handle)
    with open(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600, dir_fd=handle), "wb") as stream:
        stream.write(content)
        os.fchown(stream.fileno(), *owner)
        os.fchmod(stream.fileno(), mode)
        if flush:
            stream.flush()
            os.fsync(stream.fileno())


def replace(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Replace the file; nobody ever sees half of it."""
    with name_in_errors(path), opened_directory(path.parent, make=True) as handle:
        _create(handle, _staged(path), content, mode, (-1, -1), flush=True)
    place_copy(path)


def copy(source: Path, target: Path) -> None:
    """Replace C(target) by a copy of the file with its mode and owner; nobody ever sees half of it."""
    stage_copy(source, target)
    place_copy(target)


def stage_copy(source: Path, target: Path) -> None:
    """Write what copy() puts in the place of C(target) beside it, whole and on the disk."""
    found = read_with_status(source)
    if not found:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(source))
    content, status = found
    with name_in_errors(target), opened_directory(target.parent, make=True) as handle:
        _create(
            handle, _staged(target), content, stat.S_IMODE(status.st_mode), (status.st_uid, status.st_gid), flush=True
        )


def place_copy(target: Path) -> None:
    """Put what stands staged beside C(target) in its place."""
    with name_in_errors(target), opened_directory(target.parent) as handle:
        os.rename(_staged(target), target.name, src_dir_fd=handle, dst_dir_fd=handle)
        os.fsync(handle)


def remove(path: Path) -> None:
    """Remove a file if it is there."""
    with suppress(FileNotFoundError, NotADirectoryError), opened_directory(path.parent) as handle:
        os.unlink(path.name, dir_fd=handle)


def discard_copy(target: Path) -> None:
    """Remove what a copy to C(target) that was ended in the middle has left."""
    remove(target.with_name(_staged(target)))


def _staged(target: Path) -> str:
    return f".{target.name}.staged"


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
    handle = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        with name_in_errors(path):
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
    advice = (
        "; it must not be a mount point or belong to a container's image"
        if number in (errno.EBUSY, errno.EXDEV)
        else ""
    )
    raise OSError(f"cannot exchange {one} and {other}: {os.strerror(number)}{advice}")


@contextmanager
def temporary_directories(directories: list[str]) -> Iterator[None]:
    """Have these directories while the context lasts; those that were missing are removed afterwards, if they are still
    empty."""
    made = []
    for directory in map(Path, directories):
        with suppress(OSError), opened_directory(directory.parent) as above:
            os.mkdir(directory.name, 0o755, dir_fd=above)
            made.append(directory)
    try:
        yield
    finally:
        for directory in made:
            with suppress(OSError), opened_directory(directory.parent) as above:
                os.rmdir(directory.name, dir_fd=above)


@contextmanager
def temporary_file(path: str, content: bytes) -> Iterator[None]:
    """Have this file while the context lasts, in a directory that is there. One that exists stays as it is; nothing
    happens without a path."""
    made = False
    with suppress(OSError):
        if path and not os.path.lexists(path):
            with opened_directory(Path(path).parent) as above:
                flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
                handle = os.open(os.path.basename(path), flags, 0o644, dir_fd=above)
            made = True
            with os.fdopen(handle, "wb") as stream:
                stream.write(content)
    try:
        yield
    finally:
        if made:
            with suppress(OSError), opened_directory(Path(path).parent) as above:
                os.unlink(os.path.basename(path), dir_fd=above)
