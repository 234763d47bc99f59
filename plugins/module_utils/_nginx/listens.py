# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Addresses on which nginx listens, and those that it cannot bind while it keeps its old ones.

At a reload nginx opens new sockets before it closes old ones. The kernel refuses an address beside the wildcard of its
port, and the wildcard beside an address. A change that needs one is made by a restart (_transaction/proof.py)."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable

from .._host.sockets import WILDCARDS, Place, is_in_the_way, wildcard

LISTEN = re.compile(r"(?:^|[\s;{}])listen\s+([^\s;]+)([^;]*);")
PLACE = re.compile(r"(?:(\*|[\d.]+|\[[0-9A-Fa-f:.]+\]):)?(\d+)|(\*|[\d.]+|\[[0-9A-Fa-f:.]+\])")


def find_listens(lines: Iterable[str]) -> set[Place]:
    """The addresses that the lines of a configuration listen on by TCP. nginx opens no socket for an address beside the
    wildcard of its port. Names and sockets of other kinds are left out."""
    found = set()
    for line in lines:
        for word, options in LISTEN.findall(line.split("#")[0]):
            place = PLACE.fullmatch(word)
            if place and not {"quic", "udp"}.intersection(options.split()):
                host = place.group(1) or place.group(3) or "*"
                address = "0.0.0.0" if host == "*" else str(ipaddress.ip_address(host.strip("[]")))
                found.add((address, int(place.group(2) or 80)))
    return {
        (address, port) for address, port in found if address in WILDCARDS or (wildcard(address), port) not in found
    }


def find_refused(wanted: set[Place], held: set[Place]) -> list[tuple[Place, Place]]:
    """The wanted addresses that cannot be bound beside a held one, each with that."""
    return sorted((new, old) for new in wanted - held for old in held if is_in_the_way(new, old))
