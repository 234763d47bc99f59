# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The failover drill: which faults there are, whether a cluster is well, and what a fault has cost.

Times of a fault are in seconds from its beginning on the controller's clock, those of other hosts corrected by what the
module clock_offset has measured of them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, TypedDict

from ...module_utils._http.results import Result, outage
from ...module_utils._suggestion import suggestion


class Moment(TypedDict):
    """The end of a connection; C(used) says whether it had been there before."""

    at: float
    error: str
    used: bool


class Change(TypedDict):
    """An instance has entered a state on a host."""

    at: float
    host: str
    state: str


class Measured(TypedDict):
    """Measurement of clients during a fault. A row of C(seen) is a request: its beginning, how long it took, and the
    server that answered or None, with the error. What was lost or broke before the fault or after the recovery is
    C(noise): no other figure counts it."""

    requests: int
    interval_ms: float
    lost: int
    noise: int
    errors: dict[str, int]
    outage_ms: int
    slowest_ms: int
    served: dict[str, int]
    kept: int
    broken: int
    breaks: list[Moment]
    download_bytes: int
    download_breaks: list[Moment]
    download_stall_ms: int
    download_spans: list[list[float]]
    seen: list[list[Any]]


class Fault(Measured):
    """Cost of a fault, as measure() returns it."""

    name: str
    title: str
    host: str
    at: float
    ended: float
    recovered: float
    anycast: bool
    holder: str
    nodes: list[str]
    took_over: str
    holds: str
    transitions: list[Change]
    problem: str


class Drill(TypedDict):
    """C(site) is what it is called, C(began) in seconds since 1970, C(clocks) what clock_offset has returned by
    host."""

    site: str
    began: float
    faults: list[Fault]
    surprise: str
    limit_ms: float
    settings: dict[str, Any]
    versions: dict[str, str]
    clocks: dict[str, dict[str, float]]


EARLY = -0.5
"""Nothing happens in the seconds before a fault, so a transition that seems to is the fault's, and the clocks are not
quite right."""


@dataclass(frozen=True)
class Kind:
    """A fault: where it happens (the C(holder) of the VIP or a C(web) server), and how (host_fault can C(break) it, or
    it is a C(move), a C(drain) or a C(reboot)). C(needs) is C(vip) or C(anycast) if only such an instance has it."""

    title: str
    on: str
    how: str
    fault: str = ""
    unit: str = ""
    needs: str = ""


KINDS = {
    "vip_moved": Kind("planned move of the VIP", "holder", "move", needs="vip"),
    "node_drained": Kind("planned drain of a node", "holder", "drain", needs="anycast"),
    "haproxy_killed": Kind("HAProxy killed", "holder", "break", "killed", "haproxy"),
    "haproxy_hung": Kind("HAProxy hung", "holder", "break", "hung", "haproxy"),
    "keepalived_killed": Kind("keepalived killed", "holder", "break", "killed", "keepalived"),
    "bird_killed": Kind("BIRD killed", "holder", "break", "killed", "bird", needs="anycast"),
    "bird_hung": Kind("BIRD hung", "holder", "break", "hung", "bird", needs="anycast"),
    "network_cut": Kind("holder cut off from the network", "holder", "break", "cut"),
    "host_rebooted": Kind("holder rebooted", "holder", "reboot"),
    "web_server_killed": Kind("web server killed", "web", "break", "killed", "nginx"),
}


OF_INSTANCES = {
    "vip": "all nodes have the anycast addresses of drill_instance at the same time: name node_drained instead",
    "anycast": "drill_instance has no anycast addresses: name another instance, or leave the fault out",
}
"""Why a fault cannot be done, by what it needs."""
ANNOUNCED = {"ready": "MASTER", "drain": "BACKUP", "last_resort": "FAULT"}
"""What a node announces, as the state of an instance that serves, waits or cannot serve."""


def plan(wanted: Any, settings: Mapping[str, float], anycast: bool = False) -> dict[str, Any]:
    """The faults in their order, and C(problems) that speak against them; C(settings) are seconds by the names of
    variables, C(anycast) says whether the instance has addresses that all nodes have."""
    problems = []
    if not isinstance(wanted, list) or not wanted:
        problems.append(f"drill_faults is {wanted!r}: a list of faults is needed, out of {', '.join(KINDS)}")
        wanted = []
    wanted = [str(name) for name in wanted]
    problems += [f"drill_faults has '{name}'{suggestion(name, KINDS)}" for name in wanted if name not in KINDS]
    given = "anycast" if anycast else "vip"
    problems += [
        f"drill_faults has '{name}', but {OF_INSTANCES[KINDS[name].needs]}"
        for name in wanted
        if name in KINDS and KINDS[name].needs not in ("", given)
    ]
    problems += [
        f"{name} is {value:g}: more than 0 seconds are needed" for name, value in settings.items() if value <= 0
    ]
    faults = [{"name": name, **asdict(KINDS[name])} for name in wanted if name in KINDS]
    return {"problems": problems, "faults": faults}


def health(
    seen: Iterable[Mapping[str, Any]],
    asked: Iterable[Mapping[str, Any]],
    normal: Mapping[str, list[str]],
    announced: Iterable[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """C(holders) by instance, the servers that get clients by load balancer (C(rotation)), and C(problems): what is not
    as it should be.

    C(seen) are results of keepalived_info, C(asked) of haproxy_server and C(announced) of bird_info, each in a loop
    whose variable is C(__node). C(normal) is the rotation when all was well."""
    holders: dict[str, list[str]] = {}
    problems = []
    for one in seen:
        node, instances = one["__node"], one.get("instances", [])
        if not instances:
            problems.append(f"keepalived does not answer on {node}")
        for instance in instances:
            held = holders.setdefault(instance["name"], [])
            if instance["state"] == "MASTER":
                held.append(node)
            elif instance["state"] != "BACKUP":
                problems.append(f"{instance['name']} is in state {instance['state']} on {node}")
    problems += [
        f"{name} is held by {' and '.join(nodes) or 'nobody'}" for name, nodes in holders.items() if len(nodes) != 1
    ]
    rotation = {
        one["__node"]: sorted(
            f"{server['backend']}/{server['name']}"
            for server in one.get("servers", [])
            if server["after"]["in_rotation"]
        )
        for one in asked
    }
    for node, servers in normal.items():
        missing = sorted(set(servers) - set(rotation.get(node, [])))
        if missing:
            problems.append(f"{node} gives no requests to {', '.join(missing)}")
    for one in announced:
        if one.get("announced") != "ready":
            problems.append(f"{one['__node']} announces '{one.get('announced', '')}'")
        problems += [f"{one['__node']}: {peer['problem']}" for peer in one.get("peers", []) if peer["problem"]]
    return {"holders": holders, "rotation": rotation, "problems": problems}


def measure(record: Mapping[str, Any]) -> Fault:
    """Measure the cost of a fault.

    C(record) has C(fault) (of the plan), C(host), C(holder) and C(nodes) before it, C(instance), C(anycast) (whether
    all nodes have its addresses; then the journals say what they announce), C(began), C(ended) and C(recovered) (on
    the controller's clock; the last is 0 if the cluster has not recovered), C(probe) (what http_probe has returned),
    C(journals) (by node), C(clocks) (by host, that of the clients under C(clients)) and C(problem)."""
    zero, clocks = record["began"], record["clocks"]
    anycast = bool(record["anycast"])
    heard = list(_transitions(record["journals"], "" if anycast else record["instance"], clocks, zero))
    moves = [change for change in heard if change["at"] > EARLY]
    takers = [change["host"] for change in moves if change["state"] == "MASTER" and not anycast]
    clients = clocks["clients"]["correction"] + zero
    recovered = record["recovered"] - zero if record["recovered"] else float("inf")
    return {
        "name": record["fault"]["name"],
        "title": record["fault"]["title"],
        "host": record["host"],
        "at": zero,
        "ended": round(record["ended"] - zero, 3),
        "recovered": round(record["recovered"] - zero, 3) if record["recovered"] else 0.0,
        "anycast": anycast,
        "holder": record["holder"],
        "nodes": list(record["nodes"]),
        "took_over": next((host for host in takers if host != record["holder"]), ""),
        "holds": takers[-1] if takers else record["holder"],
        "transitions": moves,
        "problem": record["problem"],
        **_measure_clients(record["probe"], clients, recovered),
    }


def _measure_clients(probe: Mapping[str, Any], zero: float, recovered: float) -> Measured:
    """Convert the answer of http_probe; C(zero) is the beginning of the fault on their clock, and C(recovered) the
    seconds until the cluster was well again."""
    asked, kept, download = probe["requests"], probe["kept"], probe["download"]
    shift = asked["began"] - zero
    rows = list(zip(asked["start_ms"], asked["latency_ms"], asked["outcome"]))
    results = [
        Result(
            shift + start / 1000,
            latency / 1000,
            outcome >= 0,
            asked["servers"][outcome] if outcome >= 0 else "",
            asked["errors"][-1 - outcome] if outcome < 0 else "",
        )
        for start, latency, outcome in rows
    ]
    failed = [result for result in results if not result.ok]
    lost = {result for result in failed if result.end > EARLY and result.start < recovered}
    breaks = [_shift_moment(found, zero) for found in kept["breaks"]]
    broken = [found for found in breaks if found["used"]]
    # A connection that hangs breaks when the client has lost patience.
    followed = [found for found in broken if EARLY < found["at"] < recovered + asked["timeout"]]
    pieces = [moment - zero for moment in download["pieces"]]
    return {
        "requests": len(results),
        "interval_ms": 1000 * asked["interval"],
        "lost": len(lost),
        "noise": len(failed) - len(lost) + len(broken) - len(followed),
        "errors": dict(Counter(result.error for result in lost).most_common()),
        "outage_ms": round(outage([result for result in results if result.ok or result in lost])),
        "slowest_ms": round(1000 * max((result.latency for result in results if result.ok), default=0.0)),
        "served": dict(Counter(result.server for result in results if result.ok)),
        "kept": kept["connections"],
        "broken": len(followed),
        "breaks": breaks,
        "download_bytes": download["bytes"],
        "download_breaks": [_shift_moment(found, zero) for found in download["breaks"]],
        "download_stall_ms": round(
            1000 * max((after - before for before, after in zip(pieces, pieces[1:])), default=0.0)
        ),
        "download_spans": list(_join_moments(pieces)),
        "seen": [
            [
                round(result.start, 4),
                round(result.latency, 4),
                result.server if result.ok else None,
                result.error or None,
            ]
            for result in results
        ],
    }


def _shift_moment(found: Mapping[str, Any], zero: float) -> Moment:
    return {"at": round(found["at"] - zero, 3), "error": found["error"], "used": found["used"]}


def _join_moments(moments: list[float], apart: float = 0.2) -> Iterator[list[float]]:
    """From when to when something came, where pauses are shorter than that."""
    begin = last = None
    for moment in moments:
        if begin is None or last is None:
            begin = moment
        elif moment - last > apart:
            yield [round(begin, 3), round(last, 3)]
            begin = moment
        last = moment
    if begin is not None and last is not None:
        yield [round(begin, 3), round(last, 3)]


def _transitions(
    journals: Mapping[str, str], instance: str, clocks: Mapping[str, Mapping[str, float]], zero: float
) -> Iterator[Change]:
    """Find the instance's changes of state in the nodes' journals (short-unix), in the order of time; without an
    instance, what the nodes announce."""
    words = rf"\({re.escape(instance)}\) entering (\w+) state" if instance else r"announces (\w+)"
    pattern = re.compile(rf"(?mi)^([\d.]+) .*{words}")
    found: list[Change] = [
        {
            "at": round(float(moment) - clocks[host]["correction"] - zero, 4),
            "host": host,
            "state": ANNOUNCED.get(state, state.upper()),
        }
        for host, text in journals.items()
        for moment, state in pattern.findall(text)
    ]
    yield from sorted(found, key=lambda change: change["at"])


def summary(faults: list[Fault]) -> dict[str, Any]:
    """The figures of all faults together."""
    return {
        "faults": len(faults),
        "requests": sum(fault["requests"] for fault in faults),
        "lost": sum(fault["lost"] for fault in faults),
        "broken": sum(fault["broken"] for fault in faults),
        "noise": sum(fault["noise"] for fault in faults),
        "longest_ms": max((fault["outage_ms"] for fault in faults), default=0),
    }


def find_failures(fault: Fault, limit_ms: float) -> list[str]:
    """Find the reasons why a fault counts as failed: a surprise, or an outage beyond the limit (milliseconds, 0 for
    none)."""
    found = [fault["problem"]] if fault["problem"] else []
    if limit_ms and fault["outage_ms"] > limit_ms:
        found.append(
            f"the outage of {fault['outage_ms']} ms is longer than {limit_ms:g} ms, which drill_max_outage_ms allows"
        )
    return found


def describe_fault(fault: Fault) -> str:
    """Describe the cost of a fault in a sentence."""
    return (
        f"{fault['lost']} of {fault['requests']} requests lost, outage {fault['outage_ms']} ms,"
        f" {fault['broken']} kept connections broken; {_describe_service(fault)}."
    )


def _describe_service(fault: Fault) -> str:
    """Describe which nodes have served, or held the VIP."""
    if fault["anycast"]:
        named = {name: count for name, count in sorted(fault["served"].items()) if name}
        return "served by " + (
            ", ".join(f"{name} ({count})" for name, count in named.items()) or "nodes without a name"
        )
    where = (
        f"{fault['took_over']} took over from {fault['holder']}"
        if fault["took_over"]
        else f"{fault['holder']} kept the VIP"
    )
    if fault["holds"] != (fault["took_over"] or fault["holder"]):
        where += f", and {fault['holds']} has the VIP now"
    return where
