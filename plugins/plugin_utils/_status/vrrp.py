# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Findings about the holders of VIPs and about the nodes that could take them over.

C(seen) is what M(evenkeel.ha_web.keepalived_info) has returned of every node that has answered. C(silent) are the nodes
of which nothing is known: what they hold nobody can say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ...module_utils._keepalived.paths import STATE
from ...module_utils._keepalived.shapes import Instance, Setup
from .finding import DEPLOY, Finding, Seen, describe_differences, format_duration, group_by_value, join_names

AGREED = {
    "virtual_router_id": "the virtual router id",
    "vrrp_version": "the version of VRRP",
    "advert_int": "the time between adverts",
    "down_timer_adverts": "the number of adverts to miss",
    "preempt": "whether a node preempts",
    "sync_group": "the sync group",
    "addresses": "the set of addresses",
}
"""Settings that must be equal on all nodes of an instance."""


HOUR = 3600
MANY = 5
"""Changes of the holder within an hour from which on they are a finding."""


def list_findings(seen: Seen, silent: list[str]) -> Iterator[Finding]:
    """Everything that is wrong with keepalived and its VIPs."""
    for host, node in seen.items():
        yield from _node(host, node)
    for instance in list_instances(seen):
        nodes = find_setups(seen, instance)
        states = {host: state for host in nodes if (state := find_instance(seen, host, instance))}
        yield from _holder(instance, list(nodes), states, silent)
        yield from _standby(instance, states, seen)
        yield from _history(instance, states)
        yield from _addresses(instance, nodes, states, seen)
        yield from _agreement(instance, nodes)
        yield from _priorities(instance, nodes)
        yield from _peers(instance, nodes, seen)
        yield from _find_unheard(nodes, states, seen)
    yield from _groups(seen)
    yield from _find_strangers(seen, silent)
    versions = {host: node["version"] for host, node in seen.items() if node["running"]}
    if found := describe_differences("keepalived's version", versions):
        yield Finding(tuple(versions), found, "upgrade the older one: upgrade_packages.yml", harmless=True)


def list_instances(seen: Seen) -> list[str]:
    """The names of all instances, in the order of the configurations."""
    return list(
        dict.fromkeys(item["name"] for node in seen.values() for item in (*node["configured"], *node["instances"]))
    )


def find_setups(seen: Seen, instance: str) -> dict[str, Setup]:
    """The configuration of the instance on every node that has it."""
    return {host: item for host, node in seen.items() for item in node["configured"] if item["name"] == instance}


def find_instance(seen: Seen, host: str, instance: str) -> Instance | None:
    """The state of the instance on the host; None where keepalived does not run or does not know it."""
    return next((item for item in seen[host]["instances"] if item["name"] == instance), None)


def _node(host: str, node: Mapping[str, Any]) -> Iterator[Finding]:
    yield from _check_process(host, node)
    yield from _check_configuration(host, node)
    yield from _check_firewall(host, node)
    for deviation in node["kernel_deviations"]:
        what = f"the kernel does not hold what keepalived needs of it: {deviation}"
        remedy = "systemctl restart keepalived-kernel; journalctl --unit keepalived-kernel says what changes it"
        yield Finding((host,), what, remedy)


def _check_process(host: str, node: Mapping[str, Any]) -> Iterator[Finding]:
    if not node["running"]:
        yield Finding(
            (host,),
            "keepalived does not run",
            "systemctl start keepalived; journalctl --unit keepalived says why it has ended",
        )
    elif node["rt_priority"] and not node["realtime"]:
        yield Finding(
            (host,),
            f"keepalived runs without the real-time priority {node['rt_priority']} that it asks for: with all "
            "processors busy it may send its adverts late, and the VIP moves without need",
            "let the kernel grant it (in a container: SYS_NICE and a real-time budget) until journalctl --unit "
            "keepalived does not say 'cannot raise priority' any more, or let its peers wait longer "
            "(keepalived_instance_defaults: {down_timer_adverts: 12}, or keepalived_timing: safe)",
            harmless=True,
        )


def _check_configuration(host: str, node: Mapping[str, Any]) -> Iterator[Finding]:
    for problem in node["problems"]:
        yield Finding((host,), problem, f"correct the inventory and {DEPLOY}")
    for script in node["scripts"]:
        if script["timeout"] > script["interval"]:
            yield Finding(
                (host,),
                f"the check {script['name']} is due every {script['interval']:g} s and may take "
                f"{script['timeout']:g} s: while it hangs, nothing is noticed",
                f"make its timeout {script['interval']:g} s or less and {DEPLOY}",
            )
    known = {item["name"] for item in node["instances"]}
    for item in node["configured"]:
        if node["running"] and item["name"] not in known:
            yield Finding(
                (host,),
                f"keepalived runs without {item['name']}, which is in its configuration",
                "systemctl reload keepalived",
            )


def _check_firewall(host: str, node: Mapping[str, Any]) -> Iterator[Finding]:
    for instance, rules in node["kept_out"].items():
        for peer, rule in rules.items():
            yield Finding(
                (host,),
                (
                    f"its firewall keeps adverts of {instance} "
                    f"out{f' that come from {peer}' if peer != 'any' else ''}: {rule}"
                ),
                (
                    "remove that rule, or let protocol 112 in before it; systemctl restart keepalived-kernel "
                    "brings the role's own back"
                ),
            )


def _holder(instance: str, nodes: list[str], states: Mapping[str, Instance], silent: list[str]) -> Iterator[Finding]:
    holders = [host for host, state in states.items() if state["state"] == "MASTER"]
    if not holders and not silent:
        said = ", ".join(f"{host} is {state['state']}" for host, state in states.items()) or "keepalived runs nowhere"
        yield Finding(
            tuple(nodes),
            f"no node holds {instance}: {said}",
            "journalctl --unit keepalived says what the nodes lack; correct that",
        )
    if len(holders) > 1:
        reasons = {host: ", ".join(state["adverts_refused"]) for host, state in states.items()}
        refused = "".join(f"; {host} has refused adverts ({reason})" for host, reason in reasons.items() if reason)
        yield Finding(
            tuple(holders),
            f"{join_names(holders)} hold {instance} at the same time{refused}",
            (
                "they do not hear each other: have the firewalls and the network between them let VRRP (protocol 112) "
                "through, both ways"
            ),
        )


def list_takeovers(states: Mapping[str, Mapping[str, Any]]) -> list[tuple[float, str]]:
    """How many seconds ago which node has taken the instance from another one, the oldest first."""
    taken = sorted(
        (
            (entry["seconds_ago"], host)
            for host, state in states.items()
            for entry in state.get("entered", [])
            if entry["state"] == "MASTER"
        ),
        reverse=True,
    )
    return [item for number, item in enumerate(taken) if not number or taken[number - 1][1] != item[1]]


def _history(instance: str, states: Mapping[str, Instance]) -> Iterator[Finding]:
    """Many changes of the holder within an hour. That may have been planned, so it is a note."""
    recent = [item for item in list_takeovers(states) if item[0] <= HOUR]
    if len(recent) >= MANY:
        within = format_duration(recent[0][0] - recent[-1][0])
        yield Finding(
            tuple(dict.fromkeys(host for _seconds, host in recent)),
            f"{instance} has changed its holder {len(recent)} times within {within}, the last time "
            f"{format_duration(recent[-1][0])} ago",
            "if nobody has moved it, journalctl --unit keepalived says why; on virtual machines that stop for moments, "
            "set keepalived_timing: safe",
            harmless=True,
        )


def _standby(instance: str, states: Mapping[str, Instance], seen: Seen) -> Iterator[Finding]:
    for host, state in states.items():
        if state["standing_by"]:
            yield Finding(
                (host,),
                f"an interrupted planned move keeps {instance} away from it",
                f"run move_vip.yml, which ends it, or write 0 into {STATE}/standby_{instance}",
            )
        elif state["state"] not in ("MASTER", "BACKUP"):
            reports = {file: content for file, content in seen[host]["watched"].items() if content not in ("0", None)}
            because = "".join(f"; {file} says {content or 'nothing'}" for file, content in reports.items())
            yield Finding(
                (host,),
                f"it cannot take {instance}: {state['state']} for "
                f"{format_duration(state['seconds_in_state'])}{because}",
                "see that haproxy serves there; journalctl --unit keepalived says what is missing",
            )


def _addresses(
    instance: str, nodes: Mapping[str, Setup], states: Mapping[str, Instance], seen: Seen
) -> Iterator[Finding]:
    """The addresses have to be where the instance is MASTER, and nowhere else. Those on lo are there to stay."""
    for host, node in seen.items():
        has = {item["address"]: item["interface"] for item in node["host_addresses"] if item["interface"] != "lo"}
        wanted = {
            item["address"] for setup in nodes.values() for item in setup["addresses"] if item["interface"] != "lo"
        }
        holds = host in states and states[host]["state"] == "MASTER"
        for address in sorted(wanted):
            if holds and address not in has and any(address == item["address"] for item in nodes[host]["addresses"]):
                yield Finding(
                    (host,), f"it holds {instance} and does not have {address}", "systemctl reload keepalived"
                )
            if not holds and address in has:
                yield Finding(
                    (host,),
                    f"it has {address} although it does not hold {instance}, so two hosts answer for it",
                    f"ip address delete {address} dev {has[address]}",
                )


def _agreement(instance: str, nodes: Mapping[str, Mapping[str, object]]) -> Iterator[Finding]:
    for word, what in AGREED.items():
        if found := describe_differences(
            f"{what} of {instance}", {host: _show_value(setup[word]) for host, setup in nodes.items()}
        ):
            yield Finding(tuple(nodes), found, DEPLOY)


def _show_value(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(sorted(item["address"] for item in value)) or "none"
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _priorities(instance: str, nodes: Mapping[str, Setup]) -> Iterator[Finding]:
    for priority, hosts in group_by_value({host: setup["priority"] for host, setup in nodes.items()}).items():
        if len(hosts) > 1:
            what = f"{join_names(hosts)} have the same priority {priority} for {instance}"
            yield Finding(tuple(hosts), what, f"give each its own and {DEPLOY}")
    well = {
        host: setup["priority"] + sum(weight for weight in setup["weights"] if weight > 0)
        for host, setup in nodes.items()
    }
    for host, setup in nodes.items():
        others = [priority for other, priority in well.items() if other != host]
        for weight in dict.fromkeys(setup["weights"]):
            if others and well[host] - abs(weight) >= max(others):
                yield Finding(
                    (host,),
                    (
                        f"a failed check of weight {weight} leaves {instance} with it: {well[host]} - {abs(weight)} is "
                        f"not below {max(others)}"
                    ),
                    (
                        "leave the weight out, so that a failure means FAULT, or make it larger than the gap "
                        "between the priorities"
                    ),
                )


def _peers(instance: str, nodes: Mapping[str, Setup], seen: Seen) -> Iterator[Finding]:
    """Every node has to send to every other one, if it does not send to all there are."""
    mine = {host: {item["address"] for item in seen[host]["host_addresses"]} for host in nodes}
    for host, setup in nodes.items():
        for other in nodes:
            if setup["peers"] and other != host and not mine[other].intersection(setup["peers"]):
                yield Finding((host,), f"it sends no adverts of {instance} to {other}, so both can hold it", DEPLOY)


def _find_unheard(nodes: Mapping[str, Setup], states: Mapping[str, Instance], seen: Seen) -> Iterator[Finding]:
    """Find nodes that do not hear another one, where connections are to outlive a move."""
    if not any(node["peers_heard"] for node in seen.values()):
        return
    for host, setup in nodes.items():
        for other, theirs in nodes.items():
            well = other in states and states[other]["state"] in ("MASTER", "BACKUP")
            sends = theirs["source"] in setup["peers"] or (other != host and not setup["peers"])
            if well and sends and theirs["source"] not in seen[host]["peers_heard"]:
                what = f"connections would not outlive a move between it and {other}, which it does not hear"
                remedy = (
                    f"let UDP port 3112 in from {theirs['source']}; journalctl --unit keepalived-second-chance "
                    f"on {other}"
                )
                yield Finding((host,), what, remedy, harmless=True)


def _find_strangers(seen: Seen, silent: list[str]) -> Iterator[Finding]:
    """Machines that answer for a VIP. A node of which nothing is known may be one of them."""
    nodes = {address for node in seen.values() for address in node["link_addresses"]}
    found: dict[tuple[str, str], list[str]] = {}
    for host, node in seen.items():
        for stranger in node["strangers"]:
            if stranger["link_address"] not in nodes and not silent:
                found.setdefault((stranger["address"], stranger["link_address"]), []).append(host)
    for (address, link_address), hosts in found.items():
        yield Finding(
            tuple(hosts),
            f"another machine answers for {address}: the one with the MAC address {link_address}, which is no node of "
            "the cluster, so clients reach it instead of the holder",
            "find that machine by its MAC address, and take the address from it",
        )


def _groups(seen: Seen) -> Iterator[Finding]:
    for host, node in seen.items():
        for group, names in group_by_value(
            {item["name"]: item["sync_group"] for item in node["configured"] if item["sync_group"]}
        ).items():
            states = {name: found["state"] for name in names if (found := find_instance(seen, host, name))}
            if len(set(states.values())) > 1:
                said = ", ".join(f"{name} is {state}" for name, state in states.items())
                yield Finding((host,), f"the group {group} is not in one state: {said}", "systemctl reload keepalived")
