# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find addresses of a HAProxy configuration that cannot be bound: in use by another program, or not on this host."""

from __future__ import annotations

import errno
import ipaddress
import re
import socket
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from .._host.sockets import Place

IP_FREEBIND = 15
"""From linux/in.h; Python has no name for it. For root it does what C(transparent) does, for both IP versions."""

BIND = re.compile(r"\s*bind\s+(\S+)(.*)")
CONDITION = re.compile(r"\s*\.(if|endif)\b")
ADDRESS = re.compile(r"^(ipv[46]@)?\[?([0-9A-Fa-f.:*]*?)\]?:(\d+)(?:-(\d+))?$")
MOST_PORTS = 100
"""Of a range of ports, so many are tried."""

ADVICE = {
    errno.EADDRINUSE: "end the program that has it ('ss -tlnp' shows which), or choose another",
    errno.EADDRNOTAVAIL: (
        "use an address of this host, or let it bind to others with net.ipv4.ip_nonlocal_bind = 1 (or net.ipv6)"
    ),
}


@dataclass(frozen=True)
class Bind:
    """One address of a C(bind) line: C(number) counts lines from 1, C(source) is the line itself."""

    number: int
    source: str
    host: str
    ports: range
    options: list[str]


def lines(text: str) -> Iterator[tuple[int, str]]:
    """The lines of a configuration with their numbers from 1, without those that only count under a condition."""
    depth = 0
    for number, line in enumerate(text.split("\n"), 1):
        condition = CONDITION.match(line)
        if condition:
            depth += 1 if condition.group(1) == "if" else -1
        elif not depth:
            yield number, line.strip()


def binds(text: str) -> Iterator[Bind]:
    """The addresses that a configuration listens on.

    Sockets of other kinds, names, environment variables and other network namespaces are left to haproxy."""
    for number, line in lines(text):
        found = BIND.match(line)
        options = found.group(2).split() if found else []
        for word in found.group(1).split(",") if found and "namespace" not in options else ():
            address = ADDRESS.match(word)
            if address:
                family, host, first, last = address.groups()
                anywhere = "::" if family == "ipv6@" else "0.0.0.0"
                ports = range(int(first), int(last or first) + 1)
                yield Bind(number, line, anywhere if host in ("", "*") else host, ports, options)


def list_places(text: str) -> set[Place]:
    """The addresses on which a configuration listens, without those of one interface alone."""
    places = set()
    for bind in binds(text):
        with suppress(ValueError):
            host = str(ipaddress.ip_address(bind.host))
            places |= {(host, port) for port in bind.ports[:MOST_PORTS] if "interface" not in bind.options}
    return places


def find_unavailable(text: str) -> Iterator[tuple[int, str, str]]:
    """Yield line number, line and reason for every C(bind) whose address and port this host does not give."""
    for bind in binds(text):
        for port in bind.ports[:MOST_PORTS]:
            error = try_bind(bind.host, port, bind.options)
            if error:
                advice = ADVICE.get(error.errno or 0, "correct the line")
                yield bind.number, bind.source, f"cannot bind {bind.host}:{port}: {error.strerror}; {advice}"


def try_bind(host: str, port: int, options: list[str]) -> OSError | None:
    """Bind to an address for an instant, without listening, as a C(bind) with these options does it: sharing the port
    with others of haproxy. Returns why that is impossible; nothing if it is possible, or if this user may not try."""
    try:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            _set_options(options, trial)
            trial.bind((host, port))
    except PermissionError:
        return None
    except OSError as error:
        return error
    return None


def is_local(address: str) -> bool:
    """Return whether the address belongs to this host: then it is the source address of packets to it."""
    wanted = ipaddress.ip_address(address)
    if wanted.is_loopback or wanted.is_unspecified:
        return True
    try:
        with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as trial:
            trial.connect((address, 9))
            return ipaddress.ip_address(trial.getsockname()[0]) == wanted
    except OSError:
        return False


def _set_options(options: list[str], trial: socket.socket) -> None:
    """Set what decides whether an address can be bound and whether two sockets are in each other's way."""
    if "transparent" in options:
        trial.setsockopt(socket.SOL_IP, IP_FREEBIND, 1)
    if "interface" in options[:-1]:
        device = options[options.index("interface") + 1]
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode() + b"\0")
    for option, only in (("v6only", 1), ("v4v6", 0)):
        if option in options and trial.family == socket.AF_INET6:
            trial.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, only)
