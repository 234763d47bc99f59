# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check that a user can run a program and that no other user can replace it."""

from __future__ import annotations

import grp
import os
import pwd
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass

from .system import Host

SEARCHED = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
"""Directories that systemd searches for a program without a path (its PATH)."""

MOST_LINKS = 40
_INTERPRETER = re.compile(r"#![ \t]*([^ \t\n]+)")


class Unusable(Exception):
    """The program is not there for the user; the text says why, C(advice) what to do."""

    def __init__(self, reason: str, advice: str) -> None:
        super().__init__(reason)
        self.advice = advice


class Broken(Unusable):
    """The program seems to be there, but whoever starts it fails."""


class Unsafe(Unusable):
    """The program can be run, but somebody else can replace it."""


@dataclass(frozen=True)
class User:
    """User that runs a program. Supplementary groups do not count, as in keepalived."""

    name: str
    uid: int
    gid: int

    @property
    def is_root(self) -> bool:
        """Return whether only root may be able to replace the program."""
        return 0 in (self.uid, self.gid)

    def may_pass(self, status: os.stat_result) -> bool:
        """Return whether the user may run the file or enter the directory."""
        if self.uid == 0:
            return stat.S_ISDIR(status.st_mode) or bool(status.st_mode & 0o111)
        if self.uid == status.st_uid:
            return bool(status.st_mode & stat.S_IXUSR)
        return bool(status.st_mode & (stat.S_IXGRP if self.gid == status.st_gid else stat.S_IXOTH))


def check_program(path: str, user: User, host: Host, through_links: bool = True) -> None:
    """Raises Unusable or Broken if the user cannot run the file, Unsafe if others can replace it.

    C(path) is absolute. C(through_links) says whether directories on the way may be links."""
    passed = list(_walk_path(path, user, host, through_links))
    file, status = passed[-1]
    if not stat.S_ISREG(status.st_mode):
        raise Broken(f"{file} is not a file", "name the script itself")
    if not user.may_pass(status):
        raise Unusable(f"{file} is not executable for {user.name} ({_format_permissions(status)})", "give it mode 0755")
    for place, attributes in passed:
        _check_writers(place, attributes, user)
    _check_interpreter(file, user, host)


def find(name: str, host: Host) -> str:
    """The file that a name without a path stands for, empty if there is none."""
    for folder in SEARCHED:
        try:
            host.lstat(f"{folder}/{name}")
        except OSError:
            continue
        return f"{folder}/{name}"
    return ""


def _walk_path(path: str, user: User, host: Host, through_links: bool = True) -> Iterator[tuple[str, os.stat_result]]:
    """The directories and the file through which a path leads, links resolved. Raises Unusable where it leads
    nowhere."""
    at, ahead, links = "/", path.split("/")[::-1], 0
    yield at, host.lstat(at)
    while ahead:
        part = ahead.pop()
        if part in ("", ".", ".."):
            at = os.path.dirname(at) if part == ".." else at
            continue
        place = os.path.join(at, part)
        status = _read_status(place, path, host)
        if stat.S_ISLNK(status.st_mode):
            if any(ahead) and not through_links:
                raise Unusable(
                    f"{path}: {place} is a link to {host.readlink(place)}", "write the path without the link"
                )
            links += 1
            if links > MOST_LINKS:
                raise Unusable(f"{path} is a link that leads in a circle", "name the script itself")
            target = host.readlink(place)
            ahead += target.split("/")[::-1]
            at = "/" if target.startswith("/") else at
            continue
        yield place, status
        if stat.S_ISDIR(status.st_mode) and not user.may_pass(status):
            raise Unusable(
                f"{path}: {user.name} may not enter {place} ({_format_permissions(status)})",
                "give the directory mode 0755, or use another",
            )
        at = place


def _read_status(place: str, path: str, host: Host) -> os.stat_result:
    try:
        return host.lstat(place)
    except OSError as error:
        where = "" if place == path else f" ({place})"
        advice = "install it before, or as part of this set, or correct the path"
        raise Unusable(f"{path}: {error.strerror}{where}", advice) from error


def _check_writers(place: str, status: os.stat_result, user: User) -> None:
    if user.is_root and status.st_uid:
        raise Unsafe(
            f"{place} does not belong to root, as whom it is run ({_format_permissions(status)})", f"chown root {place}"
        )
    if stat.S_ISDIR(status.st_mode) and status.st_mode & stat.S_ISVTX:
        return
    by_a_group = user.is_root and status.st_gid and status.st_mode & stat.S_IWGRP
    if by_a_group or status.st_mode & stat.S_IWOTH:
        raise Unsafe(
            f"{place} can be changed by others than {user.name} ({_format_permissions(status)})", f"chmod go-w {place}"
        )


def _check_interpreter(path: str, user: User, host: Host) -> None:
    begin = _INTERPRETER.match(host.first_line(path))
    if not begin:
        return
    name = begin.group(1)
    if name.endswith("\r"):
        raise Broken(f"{path} ends its lines with CR LF, so its interpreter is not found", "end them with LF alone")
    try:
        list(_walk_path(name, user, host))
    except Unusable as error:
        raise Broken(
            f"{path} asks for an interpreter that is not there: {error}", "install it before, or name another"
        ) from error


def _format_permissions(status: os.stat_result) -> str:
    """Mode and owner as people write them."""
    try:
        owner, group = pwd.getpwuid(status.st_uid).pw_name, grp.getgrgid(status.st_gid).gr_name
    except KeyError:
        owner, group = str(status.st_uid), str(status.st_gid)
    return f"mode {stat.S_IMODE(status.st_mode):04o}, owner {owner}:{group}"
