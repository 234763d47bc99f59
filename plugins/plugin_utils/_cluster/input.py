# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find invalid values in the playbooks' variables of all hosts of a cluster. Each problem is one line with host,
variable and remedy."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ansible.errors import AnsibleError
from ansible.module_utils.parsing.convert_bool import boolean
from jinja2 import UndefinedError

from ...module_utils._address import IPAddress, canonical, is_address, is_hosts, unmap, version_of
from .._input.read import copy_data, find_reason
from .._input.text import find_unprintable
from .._input.values import Option, find_type_problems
from .._keepalived.subnets import find_address_problems
from .nodes import VIPS, parse_server, stated_address

ADDRESS_VERSIONS = {
    "cluster_address": (
        (4, 6),
        "an IPv4 or IPv6 address is needed, such as 192.0.2.11, without a prefix; names are not resolved",
    ),
    "cluster_address6": ((6,), "an IPv6 address is needed, such as 2001:db8::11, without a prefix"),
}
ADDRESSES: dict[str, Option] = {name: {"type": "str"} for name in ADDRESS_VERSIONS}
"""Variables of every host."""

OPTIONS: dict[str, Option] = {
    "bgp_bfd": {"type": "dict"},
    "bgp_local_as": {"type": "int"},
    "bgp_peers": {"type": "list", "elements": "dict"},
    "bgp_rise": {"type": "float"},
    "check_cluster_certificate_days": {"type": "int"},
    "check_cluster_json": {"type": "str"},
    "cluster_anycast": {"type": "list", "elements": "str"},
    "cluster_haproxy": {"type": "bool"},
    "cluster_keepalived": {"type": "bool"},
    "cluster_move_interval": {"type": "float"},
    "cluster_node_tasks": {"type": "str"},
    "cluster_servers": {"type": "list", "elements": "str"},
    "cluster_vip": {"type": "str"},
    "cluster_vip6": {"type": "str"},
    "cluster_vips": {"type": "list", "elements": "str"},
    "move_vip_instance": {"type": "str"},
    "move_vip_to": {"type": "str"},
    "reboot_timeout": {"type": "float"},
    "shut_down_confirmed": {"type": "bool"},
    "shut_down_timeout": {"type": "float"},
    "upgrade_packages": {"type": "raw", "elements": "str"},
    "upgrade_reboot": {"type": "bool"},
    "cluster_virtual_router_id": {"type": "int"},
}
"""Variables of load balancers, and those of a whole run, which load balancers have too."""

LAST_ID = 255
SET_ADDRESS = "set cluster_address to the address at which other hosts reach it"


def problems(load_balancers: list[str], web_servers: list[str], hostvars: Mapping[str, Any]) -> list[str]:
    """One line for each problem; what several hosts have in common is told of the first."""
    found: dict[str, str] = {}
    hosts = list(dict.fromkeys([*load_balancers, *web_servers]))
    for host in hosts:
        variables = hostvars[host]
        names = [*ADDRESSES, "ansible_host", *(OPTIONS if host in load_balancers else ())]
        given, unreadable = _read_values(variables, [name for name in names if name in variables])
        for problem in (*unreadable, *_host_problems(given)):
            found.setdefault(problem, host)
    if found:
        return [f"{host}: {problem}" for problem, host in found.items()]
    return [
        *_find_missing_parts(load_balancers, web_servers, hostvars),
        *_find_useless_addresses(hosts, hostvars),
        *_find_different_vips(load_balancers, hostvars),
        *_find_taken_vips(load_balancers, hosts, hostvars),
    ]


def _read_values(variables: Mapping[str, Any], names: Iterable[str]) -> tuple[dict[str, Any], list[str]]:
    """Return the values, and a problem for each variable whose template has none."""
    given, problems = {}, []
    for name in names:
        try:
            given[name] = copy_data(variables[name])
        except (AnsibleError, UndefinedError) as error:
            problems.append(f"{name} cannot be read: {find_reason(error)}")
    return given, problems


def _find_missing_parts(
    load_balancers: list[str], web_servers: list[str], hostvars: Mapping[str, Any]
) -> Iterator[str]:
    """Find load balancers without a daemon, without servers and without a VIP, and VIPs without a load balancer."""
    hosts = [hostvars[host] for host in load_balancers]
    if not hosts:
        if any(hostvars[host].get(name) for host in web_servers for name in VIPS):
            yield (
                "the group load_balancers is empty or missing, and there is a VIP (cluster_vip): put the load "
                "balancers into the group, or remove the VIP where web servers are all there is"
            )
        return
    haproxy, keepalived = (_is_wanted(hosts, name) for name in ("cluster_haproxy", "cluster_keepalived"))
    if not haproxy and not keepalived:
        yield (
            "cluster_haproxy and cluster_keepalived are both false: the group load_balancers would run nothing; set "
            "one of them to true"
        )
    if (
        haproxy
        and not web_servers
        and not _is_given(hosts, ["cluster_servers"], ["haproxy_backends", "haproxy_listens"])
    ):
        yield (
            "the group web_servers is empty or missing, so haproxy has no servers: put hosts into the group, list "
            "addresses in cluster_servers, or set haproxy_backends"
        )
    if web_servers and _is_given(hosts, ["cluster_servers"]):
        yield (
            "cluster_servers is set and the group web_servers has hosts: use one of the two, or set haproxy_backends, "
            "where each backend has its own health check"
        )
    if keepalived and not _is_given(hosts, VIPS, ["keepalived_instances"]):
        yield (
            "there is no VIP: set cluster_vip, such as 192.0.2.10/24, or cluster_keepalived: false where the load "
            "balancers have none"
        )
    if not keepalived and _is_given(hosts, ["cluster_anycast"]):
        yield (
            "cluster_anycast is set and cluster_keepalived is false: the role keepalived puts the addresses on lo and "
            "watches haproxy; set cluster_keepalived to true"
        )
    if _is_given(hosts, ["cluster_anycast"]) and not _is_given(
        hosts, ["bgp_peers", "bgp_local_as", "cluster_vip", "cluster_vips"], ["bird_peers", "keepalived_instances"]
    ):
        yield (
            "cluster_anycast is set, and no router can learn of it: name the routers in bgp_peers, or set "
            "cluster_vips, which are the next hops of their static routes"
        )


def _is_wanted(hosts: list[Mapping[str, Any]], name: str) -> bool:
    return any(boolean(variables.get(name, True)) for variables in hosts)


def _is_given(hosts: list[Mapping[str, Any]], values: Iterable[str], names: Iterable[str] = ()) -> bool:
    """Return whether a host has one of these values, or one of these variables, which may need facts to be read."""
    return any(variables.get(name) for variables in hosts for name in values) or any(
        name in variables for variables in hosts for name in names
    )


def _find_useless_addresses(hosts: list[str], hostvars: Mapping[str, Any]) -> Iterator[str]:
    """Addresses at which no other host can reach this one."""
    for host in hosts:
        address = stated_address(host, hostvars[host])
        if address and (what := _describe_useless_address(ipaddress.ip_address(address), len(hosts) == 1)):
            yield f"{host}: its address is {address}, {what}: {SET_ADDRESS}"


def _describe_useless_address(address: IPAddress, is_alone: bool) -> str:
    """Describe an address that is not a single host's; empty for others."""
    if address.is_loopback:
        return "" if is_alone else "by which every host means itself"
    if unmap(address) != address:
        return f"which is the IPv4 address {unmap(address)} in IPv6"
    if address.version == 6 and address.is_link_local:
        return "which is known on one link only"
    return "" if is_hosts(address) else "which is a multicast, broadcast or unspecified one"


def _find_different_vips(load_balancers: list[str], hostvars: Mapping[str, Any]) -> Iterator[str]:
    """VIPs that only some of the load balancers would hold, so that nobody takes them over."""
    for name in VIPS:
        first: list[str] | None = None
        for host in load_balancers:
            values = _as_list(hostvars[host].get(name))
            if first is None:
                first = values
            elif sorted(values) != sorted(first):
                yield (
                    f"{name} is {_show_vips(first)} on {load_balancers[0]} and {_show_vips(values)} on {host}: set it "
                    "for the group load_balancers, so that every node can hold the same addresses"
                )
                break


def _show_vips(values: list[str]) -> str:
    return ", ".join(values) or "empty"


def _find_taken_vips(load_balancers: list[str], hosts: list[str], hostvars: Mapping[str, Any]) -> Iterator[str]:
    """VIPs that are a host's own address, which it would lose as soon as keepalived stops, or another VIP."""
    owners: dict[str, str] = {}
    for host in hosts:
        for address in (stated_address(host, hostvars[host]), hostvars[host].get("cluster_address6")):
            if address:
                owners.setdefault(canonical(address), f"the address of {host}: choose an address that no host has")
    for name in VIPS:
        for value in dict.fromkeys(vip for host in load_balancers for vip in _as_list(hostvars[host].get(name))):
            bare = canonical(value.partition("/")[0])
            if bare in owners:
                yield f"{name}: {value} is {owners[bare]}"
            owners.setdefault(bare, f"in {name} already: leave it out in one of them")


def _as_list(value: Any) -> list[str]:
    return list(value) if isinstance(value, (list, tuple)) else [value] if value else []


def _host_problems(given: dict[str, Any]) -> Iterator[str]:
    for name, value in given.items():
        yield from find_unprintable(name, value)
    if wrong := find_type_problems(given, {**ADDRESSES, **OPTIONS}):
        yield from wrong
        return
    for text in _as_list(given.get("cluster_servers")):
        try:
            parse_server(text, 80)
        except ValueError as problem:
            yield str(problem)
    for name, (versions, needed) in ADDRESS_VERSIONS.items():
        value = given.get(name)
        if isinstance(value, str) and value and (not is_address(value) or version_of(value) not in versions):
            yield f"{name} is '{value}': {needed}"
    yield from _vip_problems(given)


def _vip_problems(given: dict[str, Any]) -> Iterator[str]:
    """Rules for the VIPs of one load balancer, and for the router IDs that are counted up from the first."""
    first_id = int(given.get("cluster_virtual_router_id", 51))
    listed = [*_as_list(given.get("cluster_vip")), *_as_list(given.get("cluster_vips"))]
    versions = set(map(version_of, _as_list(given.get("cluster_anycast"))))
    last_id = first_id + max(len(listed) + len(versions), 1) - 1
    if not 1 <= first_id <= last_id <= LAST_ID:
        others = f", and the VIPs need all numbers up to {last_id}" if last_id > first_id else ""
        yield f"cluster_virtual_router_id is {first_id}{others}: VRRP has 1-{LAST_ID}"
    for name in VIPS:
        for value in _as_list(given.get(name)):
            yield from find_address_problems(name, value)
    first, second = (given.get(name) or "" for name in ("cluster_vip", "cluster_vip6"))
    if second and version_of(second) == 4:
        yield f"cluster_vip6 is '{second}': an IPv6 address is needed, such as 2001:db8::10/64"
    elif second and not first:
        yield f"cluster_vip6 is '{second}' and cluster_vip is empty: the only address of a cluster is its cluster_vip"
    elif second and version_of(first) == 6:
        yield (
            f"cluster_vip is '{first}' and cluster_vip6 is '{second}': the address of the same service in IPv4 is "
            "needed as cluster_vip; further VIPs belong into cluster_vips"
        )
