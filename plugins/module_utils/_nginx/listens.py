# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Addresses on which nginx listens, and those that it cannot bind while it keeps its old ones.

At a reload nginx opens new sockets before it closes old ones. The kernel refuses an address beside the wildcard of its
port, and the wildcard beside an address."""

from __future__ import annotations

import ipaddress
import os
import re
import socket
import struct
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

LISTEN = re.compile(r"(?:^|[\s;{}])listen\s+([^\s;]+)([^;]*);")
PLACE = re.compile(r"(?:(\*|[\d.]+|\[[0-9A-Fa-f:.]+\]):)?(\d+)|(\*|[\d.]+|\[[0-9A-Fa-f:.]+\])")
LISTENING = "0A"
WILDCARDS = {"0.0.0.0", "::"}

Place = tuple[str, int]
"""Address and port."""


def find_listens(lines: Iterable[str]) -> set[Place]:
    """The addresses that the lines of a configuration listen on by TCP. nginx opens no socket for an address beside the
    wildcard of its port. Names and sockets of other kinds are left out."""
    found = set()
    for line in lines:
        for word, options in LISTEN.findall(line.split("#")[0]):
            place = PLACE.fullmatch(word)
            if place and "quic" not in options.split():
                host = place.group(1) or place.group(3) or "*"
                address = "0.0.0.0" if host == "*" else str(ipaddress.ip_address(host.strip("[]")))
                found.add((address, int(place.group(2) or 80)))
    return {
        (address, port) for address, port in found if address in WILDCARDS or (_wildcard(address), port) not in found
    }


def find_held(pid: int, processes: Path = Path("/proc")) -> set[Place]:
    """The addresses on which a process listens by TCP."""
    inodes = set()
    with suppress(OSError):
        for link in (processes / str(pid) / "fd").iterdir():
            with suppress(OSError):
                inodes.add(os.readlink(link))
    return {
        place
        for name in ("tcp", "tcp6")
        for inode, place in _read_sockets(processes / str(pid) / "net" / name)
        if f"socket:[{inode}]" in inodes
    }


def _read_sockets(table: Path) -> Iterator[tuple[str, Place]]:
    """Inode and address of every listening socket of the kernel's table."""
    with suppress(OSError):
        for line in table.read_text(encoding="ascii").splitlines()[1:]:
            words = line.split()
            if words[3] == LISTENING:
                address, _colon, port = words[1].partition(":")
                yield words[9], (_parse_address(address), int(port, 16))


def _parse_address(text: str) -> str:
    """An address as the kernel prints it: words of four bytes in the byte order of the machine."""
    packed = b"".join(struct.pack("=I", int(text[at : at + 8], 16)) for at in range(0, len(text), 8))
    return socket.inet_ntop(socket.AF_INET if len(packed) == 4 else socket.AF_INET6, packed)


def _wildcard(address: str) -> str:
    return "::" if ":" in address else "0.0.0.0"


def find_refused(wanted: set[Place], held: set[Place]) -> list[tuple[Place, Place]]:
    """The wanted addresses that cannot be bound beside a held one, each with that."""
    return sorted(
        (new, old)
        for new in wanted - held
        for old in held
        if new[1] == old[1] and _wildcard(new[0]) == _wildcard(old[0]) and WILDCARDS & {new[0], old[0]}
    )
