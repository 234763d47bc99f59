# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which addresses of a HAProxy configuration another program has already."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Iterator

BIND = re.compile(r"^\s*bind\s+(\S+)")
ADDRESS = re.compile(r"^(?:ipv[46]@)?\[?([0-9A-Fa-f.:*]*?)\]?:(\d+)(?:-(\d+))?$")
MOST_PORTS = 100
"""Of a range of ports, so many are tried."""


def taken(text: str) -> Iterator[tuple[int, str, str]]:
    """Line number, line and reason for every C(bind) whose address and port this host does not give.

    Each is bound for an instant as haproxy does it, sharing the port with haproxy's own listeners, and never listened on.
    Sockets of other kinds, names and environment variables are left to haproxy."""
    for number, line in enumerate(text.splitlines(), 1):
        found = BIND.match(line)
        for word in found.group(1).split(",") if found else ():
            for host, port in _addresses(word):
                reason = _refused(host, port)
                if reason:
                    yield number, line.strip(), f"cannot bind {host}:{port}: {reason}; end the program that has it, or choose another"


def _addresses(word: str) -> Iterator[tuple[str, int]]:
    found = ADDRESS.match(word)
    if found:
        host, first, last = found.groups()
        for port in list(range(int(first), int(last or first) + 1))[:MOST_PORTS]:
            yield ("0.0.0.0" if host in ("", "*") else host), port


def _refused(host: str, port: int) -> str:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        try:
            trial.bind((host, port))
        except (OSError, OverflowError) as error:
            return os.strerror(error.errno) if getattr(error, "errno", None) else str(error)
    return ""
