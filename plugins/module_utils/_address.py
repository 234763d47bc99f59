# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""IP addresses as texts."""

from __future__ import annotations

import ipaddress
from contextlib import suppress
from typing import TypedDict, Union

IPAddress = Union[ipaddress.IPv4Address, ipaddress.IPv6Address]
NOWHERE = tuple(map(ipaddress.ip_network, ("0.0.0.0/8", "255.255.255.255/32", "::/128")))
"""Addresses of "this network", of all hosts, and the unspecified one."""


class Placed(TypedDict):
    """An address without its prefix, and the interface that it is on."""

    address: str
    interface: str


def is_address(value: str) -> bool:
    """Return whether the text is an IP address and not a host name."""
    try:
        ipaddress.ip_address(str(value))
    except ValueError:
        return False
    return True


def is_hosts(address: IPAddress) -> bool:
    """Return whether a single host can have the address, on the network."""
    return not (address.is_loopback or address.is_multicast or any(address in network for network in NOWHERE))


def unmap(address: IPAddress) -> IPAddress:
    """The IPv4 address that an IPv6 address stands for, or else the address itself."""
    return getattr(address, "ipv4_mapped", None) or address


def version_of(address: str) -> int:
    """4 or 6, whatever prefix follows the address; 0 for what is no address."""
    try:
        return ipaddress.ip_interface(address).version
    except ValueError:
        return 0


def bracket(host: str) -> str:
    """The host as URLs and places with a port have it: an IPv6 address in brackets."""
    return f"[{host}]" if version_of(host) == 6 else host


def canonical(address: str) -> str:
    """The address as the kernel and Ansible's facts write it, so that it can be compared; what is none stays as it
    is."""
    with suppress(ValueError):
        return str(ipaddress.ip_address(address))
    return address
