# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find invalid values in the declaration of plan.py. Each problem is one line with variable, value and accepted
values."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean

from ...module_utils._address import canonical, is_address, version_of
from .._input.interfaces import list_host_addresses
from .._input.rules import find_repeated, refuse_no_address

LARGEST_AS = 2**32 - 1
PRIVATE = ((64512, 65534), (4200000000, 4294967294))
"""RFC 6996: AS numbers for use inside of a network."""
RESERVED = {0, 23456, 65535, LARGEST_AS}
BFD_INTERVAL = re.compile(r"\d+ ?(ms|s)")
COMMUNITY = re.compile(r"\d{1,10}:\d{1,10}(:\d{1,10})?")
PATH = re.compile(r"/[A-Za-z0-9/_.:@+-]+")
MEDS = ("ready", "drain", "last_resort")


def problems(declared: Mapping[str, Any], facts: Mapping[str, Any]) -> list[str]:
    """One line for everything that BIRD would refuse or, worse, accept."""
    return [
        *_find_address_problems(declared, facts),
        *_find_as_problems("bird_local_as", declared["local_as"]),
        *_find_value_problems(declared),
        *_find_bfd_problems(declared["bfd"]),
        *find_repeated("bird_peers", "address", [canonical(peer["address"]) for peer in declared["peers"]]),
        *(problem for peer in declared["peers"] for problem in _find_peer_problems(peer, declared, facts)),
        *_find_silent_families(declared),
    ]


def _find_address_problems(declared: Mapping[str, Any], facts: Mapping[str, Any]) -> Iterator[str]:
    if not declared["addresses"]:
        yield "bird_addresses is empty: list at least one address to announce, such as 198.51.100.80/32"
    here = list_host_addresses(facts)
    for value in declared["addresses"]:
        try:
            network = ipaddress.ip_network(value)
        except ValueError:
            yield (
                f"bird_addresses has '{value}': an address with the prefix /32 or, for IPv6, /128 is needed, such as "
                "198.51.100.80/32"
            )
            continue
        if network.num_addresses != 1 or "/" not in value:
            yield (
                f"bird_addresses has '{value}': only single addresses are announced; write the prefix "
                f"/{network.max_prefixlen}"
            )
        address = network.network_address
        if address.is_loopback or address.is_multicast or address.is_unspecified or address.is_link_local:
            yield f"bird_addresses has '{value}', which no router forwards: choose an address that no host has"
        for own in here:
            if own.version == address.version and address == own.ip:
                yield (
                    f"bird_addresses has '{value}', which is this host's own address: choose an address that no host "
                    "has, because all nodes have it on lo"
                )
            elif own.version == address.version and address in own.network and own.network.num_addresses > 2:
                yield (
                    f"bird_addresses has '{value}', which is in this host's network {own.network}: hosts there would "
                    "look for it on the segment and not ask the router; choose an address outside of it"
                )
    yield from find_repeated("bird_addresses", "address", declared["addresses"])


def _find_as_problems(where: str, value: Any) -> Iterator[str]:
    number = int(value)
    if where == "bird_local_as" and number == 0:
        yield (
            "bird_local_as is not set: give it the AS number of the load balancers, such as one of the private range "
            f"{PRIVATE[0][0]}-{PRIVATE[0][1]}"
        )
    elif not 0 < number <= LARGEST_AS or number in RESERVED:
        yield (
            f"{where} is {number}, which is no AS number that can be used: private ones are {PRIVATE[0][0]}-"
            f"{PRIVATE[0][1]} and {PRIVATE[1][0]}-{PRIVATE[1][1]}"
        )


def _find_value_problems(declared: Mapping[str, Any]) -> Iterator[str]:
    if not declared["peers"]:
        yield "bird_peers is empty: name at least one router, with address and as"
    router_id = declared["router_id"]
    if version_of(router_id) != 4 or router_id == "0.0.0.0":
        yield (
            f"bird_router_id is '{router_id}': a number in the form of an IPv4 address is needed, a different one on "
            "each node; without it, the host's IPv4 address is taken"
        )
    meds = [int(declared[f"med_{kind}"]) for kind in MEDS]
    if not meds[0] < meds[1] < meds[2]:
        yield (
            f"bird_med_ready, bird_med_drain and bird_med_last_resort are {', '.join(map(str, meds))}: each has to be "
            "greater than the one before, because routers prefer the smaller one"
        )
    for value in declared["communities"]:
        if not COMMUNITY.fullmatch(value) or not _fits(value):
            yield (
                f"bird_communities has '{value}': two numbers up to 65535 or three up to {LARGEST_AS} are needed, such "
                "as 65010:80 or 65010:1:80"
            )
    if not 0 <= float(declared["rise"]) <= 3600:
        yield f"bird_rise is {declared['rise']}: allowed are 0-3600 seconds"
    for name in ("reports", "standby_files"):
        for value in declared[name]:
            if not PATH.fullmatch(value):
                yield f"bird_{name} has '{value}': an absolute path of letters, digits and any of _.:@+- is needed"


def _fits(value: str) -> bool:
    parts = list(map(int, value.split(":")))
    return max(parts) <= (65535 if len(parts) == 2 else LARGEST_AS)


def _find_bfd_problems(bfd: Mapping[str, Any]) -> Iterator[str]:
    interval = bfd.get("interval", "300ms")
    if not BFD_INTERVAL.fullmatch(interval):
        yield f"bird_bfd.interval is '{interval}': a number with its unit is needed, such as 300ms or 1s"
    if not 1 <= int(bfd.get("multiplier", 3)) <= 255:
        yield f"bird_bfd.multiplier is {bfd['multiplier']}: allowed are 1-255"


def _find_peer_problems(
    peer: Mapping[str, Any], declared: Mapping[str, Any], facts: Mapping[str, Any]
) -> Iterator[str]:
    where = f"bird_peers: {peer['address']}"
    wrong = refuse_no_address(f"{where}: address", peer["address"])
    if wrong:
        yield from wrong
        return
    yield from _find_as_problems(f"{where}: as", peer["as"])
    if int(peer["as"]) == int(declared["local_as"]):
        yield (
            f"{where}: as is {peer['as']}, the AS of this host: only sessions with another AS are made, because a "
            "router has to pass the route on; give the load balancers an AS of their own"
        )
    if '"' in peer["password"] or len(peer["password"].encode()) > 80:
        yield f"{where}: the password has a quotation mark or more than 80 bytes, which TCP MD5 or BIRD cannot take"
    hops = int(peer["multihop"])
    if not 0 <= hops <= 255:
        yield f"{where}: multihop is {hops}: allowed are 0 (same segment) and 1-255"
    if not 1 <= int(peer["port"]) <= 65535:
        yield f"{where}: port is {peer['port']}: allowed are 1-65535"
    hold = int(peer["hold_time"])
    if hold and not 3 <= hold <= 65535:
        yield f"{where}: hold_time is {hold}: allowed are 3-65535 seconds, and 0 for BIRD's own value"
    if hops and boolean(peer["ttl_security"]):
        yield f"{where}: ttl_security and multihop are both set: the first is for routers on the same segment"
    source = peer["source_address"]
    if source and (not is_address(source) or version_of(source) != version_of(peer["address"])):
        yield f"{where}: source_address is '{source}': an address of this host of the same IP version is needed"
    address = ipaddress.ip_address(peer["address"])
    own = list_host_addresses(facts)
    if any(address == item.ip for item in own):
        yield f"{where}: this is the host's own address: name the router"
    elif not hops and own and not any(item.version == address.version and address in item.network for item in own):
        networks = ", ".join(str(item.network) for item in own if not item.ip.is_link_local)
        yield (
            f"{where}: the address is in no network of this host, which are {networks}: name the router's address on "
            "the host's segment, or set multihop to the number of hops"
        )


def _find_silent_families(declared: Mapping[str, Any]) -> Iterator[str]:
    """Addresses of an IP version in which there is no session: their next hop would be of the other version."""
    spoken = {version_of(peer["address"]) for peer in declared["peers"]}
    for value in declared["addresses"]:
        version = version_of(value)
        if version and spoken and 0 not in spoken and version not in spoken:
            yield (
                f"bird_addresses has '{value}', and no peer has an IPv{version} address: routes are announced over a "
                "session of their own IP version; add the router's address to bird_peers"
            )
