# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Properties of the host that rules need."""

from __future__ import annotations

import fnmatch
import glob
import grp
import json
import os
import pwd
import socket
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Callable

from .._address import Placed

KERNEL = Path("/proc/sys")


class Host:
    """The host as it will be: a file of a set that is only staged is found under its final name.

    C(where) returns the place at which the file of that name stands now.
    C(parameters) are kernel parameters, by their dotted names, which the set brings along. C(added) and C(removed) are
    files of the set outside its directory. C(contained) says that the daemon runs in a container, with files of its
    own."""

    def __init__(
        self,
        where: Callable[[str], str] = str,
        parameters: dict[str, str] | None = None,
        added: Iterable[str] = (),
        removed: Iterable[str] = (),
        contained: bool = False,
    ) -> None:
        self.where = where
        self.parameters = parameters or {}
        self.added = sorted(added)
        self.removed = set(removed)
        self.contained = contained

    def read(self, path: str) -> str:
        """The text of a file; bytes that are not UTF-8 are replaced. Raises OSError."""
        return Path(self.where(path)).read_text(encoding="utf-8", errors="replace")

    def first_line(self, path: str) -> str:
        """Read the first line of a file, of a program as far as it is printable. Raises OSError."""
        with open(self.where(path), "rb") as stream:
            return stream.readline(4096).decode("utf-8", errors="replace")

    def lstat(self, path: str) -> os.stat_result:
        """The attributes of a file, or of a link itself. Raises OSError."""
        return os.lstat(self.where(path))

    def readlink(self, path: str) -> str:
        """Read the target of a link. Raises OSError."""
        return os.readlink(self.where(path))

    def matches(self, pattern: str) -> list[str]:
        """The files that a pattern such as C(/etc/keepalived/conf.d/*.conf) stands for."""
        folder, name = os.path.split(pattern)
        found = []
        for parent in self.matches(folder) if glob.has_magic(folder) else [folder]:
            places = glob.glob(os.path.join(glob.escape(self.where(parent)), name))
            found += [os.path.join(parent, os.path.basename(place)) for place in sorted(places)]
        found = [path for path in found if path not in self.removed]
        return found + [path for path in self.added if path not in found and _fits(path, pattern)]

    def ids(self, user: str, group: str = "") -> tuple[int, int]:
        """The ids of a user and of a group, that of the user if none is named. Raises KeyError."""
        try:
            account = pwd.getpwnam(user)
        except KeyError:
            raise KeyError(f"there is no user {user}") from None
        try:
            return account.pw_uid, grp.getgrnam(group).gr_gid if group else account.pw_gid
        except KeyError:
            raise KeyError(f"there is no group {group}") from None

    def interfaces(self) -> list[str]:
        """The names of all network interfaces."""
        return sorted(name for _number, name in socket.if_nameindex())

    def has_interface(self, name: str) -> bool:
        """Return whether there is a network interface with that name or alternative name."""
        try:
            return socket.if_nametoindex(name) > 0
        except OSError:
            return False

    def parameter(self, name: str) -> str:
        """The value that a kernel parameter will have; empty if the kernel does not know it."""
        return self.parameters.get(name) or kernel_parameter(name) or ""


class Declared(Host):
    """Files that a set declares, by its names of them, whatever is on the host."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        super().__init__()
        self.texts = texts

    def read(self, path: str) -> str:
        if path not in self.texts:
            raise FileNotFoundError(path)
        return self.texts[path]

    def matches(self, pattern: str) -> list[str]:
        return [path for path in self.texts if _fits(path, pattern)]


def _fits(path: str, pattern: str) -> bool:
    """Return whether a path fits a pattern, part by part."""
    parts, wanted = path.split("/"), pattern.split("/")
    return len(parts) == len(wanted) and all(map(fnmatch.fnmatchcase, parts, wanted))


def parameter_file(name: str) -> Path:
    """Return the file of a kernel parameter below /proc/sys; an interface name with a dot is written with a slash."""
    return KERNEL / name.translate(str.maketrans("./", "/."))


def kernel_parameter(name: str) -> str | None:
    """The value that a kernel parameter has now; None if the kernel does not know it or does not tell."""
    try:
        return parameter_file(name).read_text(encoding="ascii").strip()
    except OSError:
        return None


def host_addresses(printed: str) -> list[Placed]:
    """Address and interface of every address that C(ip -json address show) has printed."""
    return [
        {"address": address["local"], "interface": interface["ifname"]}
        for interface in json.loads(printed or "[]")
        for address in interface.get("addr_info", [])
        if "local" in address
    ]


def link_addresses(printed: str) -> list[str]:
    """The MAC addresses of the interfaces that C(ip -json address show) has printed."""
    interfaces = json.loads(printed or "[]")
    return [interface["address"] for interface in interfaces if interface.get("link_type") == "ether"]
