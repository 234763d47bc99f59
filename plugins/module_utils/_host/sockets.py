# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Addresses on which the host's processes listen by TCP, as the kernel's tables have them."""

from __future__ import annotations

import errno
import ipaddress
import os
import re
import socket
import struct
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

PROCESSES = Path("/proc")
LISTENING = "0A"
ANYWHERE, ANYWHERE6 = "0.0.0.0", "::"
WILDCARDS = {ANYWHERE, ANYWHERE6}
UNIT = re.compile(r"[^/\s]+\.(?:service|socket|scope)\s*$", re.MULTILINE)

Place = tuple[str, int]
"""Address and port."""


@dataclass(frozen=True)
class Holder:
    """A process that listens on an address. C(unit) is the systemd unit to which it belongs, empty if none is known."""

    pid: int
    name: str
    unit: str

    def describe(self) -> str:
        """The process, and how to stop it."""
        if self.pid == 1:
            return "systemd: 'systemctl list-sockets' shows for which unit; disable that socket"
        if self.unit.endswith((".service", ".socket")):
            return f"{self.name} (process {self.pid} of {self.unit}): run 'systemctl disable --now {self.unit}'"
        return f"{self.name} (process {self.pid}): stop it"


def find_held(pid: int) -> set[Place]:
    """The addresses on which a process listens by TCP."""
    inodes = _list_inodes(pid)
    return {place for inode, place in _read_sockets(str(pid)) if inode in inodes}


def find_holders(wanted: Collection[Place], own: Collection[str]) -> dict[int, Holder]:
    """The processes that keep others from listening on wanted addresses, by the port, one for each.

    Programs whose names are C(own) do not count, and what they hold is theirs already."""
    ports = {port for _host, port in wanted}
    sockets = [(inode, place) for inode, place in _read_sockets("self") if place[1] in ports]
    names = dict(_list_processes()) if sockets else {}
    mine = set().union(*(_list_inodes(pid) for pid, name in names.items() if name in own))
    held = {place for inode, place in sockets if inode in mine}
    taken = {
        inode: place[1]
        for inode, place in sockets
        if inode not in mine and any(_is_refused(new, place) for new in set(wanted) - held)
    }
    found: dict[int, Holder] = {}
    for pid, name in names.items() if taken else ():
        for inode in taken.keys() & _list_inodes(pid):
            found.setdefault(taken[inode], Holder(pid, name, _read_unit(pid)))
    return found


def is_in_the_way(new: Place, old: Place) -> bool:
    """Return whether the kernel refuses an address beside another one of the same family: the same address, or one of
    them is the wildcard."""
    both = {new[0], old[0]}
    return new[1] == old[1] and wildcard(new[0]) == wildcard(old[0]) and bool(len(both) == 1 or WILDCARDS & both)


def wildcard(address: str) -> str:
    """The address of the same family that stands for all."""
    return ANYWHERE6 if ":" in address else ANYWHERE


def _is_refused(new: Place, old: Place) -> bool:
    """The same for all families. An IPv6 wildcard may or may not have IPv4 as well: the kernel is asked."""
    if is_in_the_way(new, old):
        return True
    if old[0] != ANYWHERE6 or old[1] != new[1] or wildcard(new[0]) == ANYWHERE6:
        return False
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(new)
        except OSError as error:
            return error.errno == errno.EADDRINUSE
    return False


def _list_processes() -> Iterator[tuple[int, str]]:
    """Number and name of every process, the oldest first."""
    for number in sorted(int(entry.name) for entry in PROCESSES.iterdir() if entry.name.isdigit()):
        with suppress(OSError):
            yield number, (PROCESSES / str(number) / "comm").read_text(encoding="utf-8", errors="replace").strip()


def _list_inodes(pid: int) -> set[str]:
    """The inodes of a process's sockets."""
    inodes = set()
    with suppress(OSError):
        for link in (PROCESSES / str(pid) / "fd").iterdir():
            with suppress(OSError):
                inodes.add(os.readlink(link).removeprefix("socket:[").removesuffix("]"))
    return inodes


def _read_unit(pid: int) -> str:
    with suppress(OSError):
        found = UNIT.search((PROCESSES / str(pid) / "cgroup").read_text(encoding="utf-8", errors="replace"))
        return found.group().strip() if found else ""
    return ""


def _read_sockets(pid: str) -> Iterator[tuple[str, Place]]:
    """Inode and address of every listening socket in the network of a process."""
    for name in ("tcp", "tcp6"):
        with suppress(OSError):
            yield from _parse_table((PROCESSES / pid / "net" / name).read_text(encoding="ascii").splitlines()[1:])


def _parse_table(lines: Iterable[str]) -> Iterator[tuple[str, Place]]:
    for line in lines:
        words = line.split()
        if words[3] == LISTENING:
            address, _colon, port = words[1].partition(":")
            yield words[9], (_parse_address(address), int(port, 16))


def _parse_address(text: str) -> str:
    """An address as the kernel prints it: words of four bytes in the byte order of the machine."""
    packed = b"".join(struct.pack("=I", int(text[at : at + 8], 16)) for at in range(0, len(text), 8))
    address = ipaddress.ip_address(packed)
    return str(getattr(address, "ipv4_mapped", None) or address)
