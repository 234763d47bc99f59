# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Select the servers that a rolling deployment drains on each load balancer, and check that enough are left.

C(asked) are the results of M(evenkeel.ha_web.haproxy_server), one for each load balancer, whose name is their
C(__balancer)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypedDict

from .batches import divide_into_batches
from .canary import select_canaries

BALANCER = "__balancer"


class Rotation(TypedDict):
    """The part of a server's state that is read here; the module haproxy_server documents all of it."""

    state: str
    status: str
    in_rotation: bool


class Server(TypedDict):
    """A server of a load balancer, as it is after the module."""

    backend: str
    name: str
    after: Rotation


class Step(TypedDict):
    """A load balancer, and the servers there by their labels."""

    balancer: str
    servers: list[str]


Asked = Mapping[str, Any]
"""What the module has returned of one load balancer, or why it has not."""


def server_name(host: str, hostvars: Mapping[str, Any]) -> str:
    """The name of a host in HAProxy's backends."""
    return str(hostvars[host].get("cluster_server_name", host))


def plan_steps(asked: list[Asked], name: str, noted: list[Step] | None = None) -> list[Step]:
    """Each load balancer that has the server, with C(servers) to take out and to put back there.

    What is out of rotation already is left to whoever took it out. C(noted) are the steps of a deployment that was
    ended before it came to its end: it took those servers out itself, whatever they are called by now. Without
    C(noted), servers are named whatever their state."""
    ours = {(step["balancer"], label) for step in noted or [] for label in step["servers"]}

    def is_wanted(balancer: str, server: Server) -> bool:
        if (balancer, _label(server)) in ours:
            return True
        return server["name"] == name and (noted is None or _is_ready(server))

    found: list[Step] = [
        {
            "balancer": result[BALANCER],
            "servers": [_label(server) for server in _servers(result) if is_wanted(result[BALANCER], server)],
        }
        for result in asked
    ]
    return [step for step in found if step["servers"]]


def check(
    hosts: list[str],
    asked: list[Asked],
    hostvars: Mapping[str, Any],
    serial: Any = "100%",
    minimum: int = 0,
    unfinished: list[str] | None = None,
    noted: list[Step] | None = None,
    canaries: Any = None,
) -> dict[str, Any]:
    """Return C(problems), because of which the hosts must not be taken out of rotation, C(serial) at a time, C(states),
    one line for every host, C(steps), what plan_steps() returns of every host, and C(canaries), the first of the hosts,
    which select_canaries() selects.

    C(unfinished) are hosts whose deployment was interrupted: the servers that it took out are back in rotation after
    their batch."""
    # Names are compared with those on load balancers only, and to read the variables of all hosts takes long.
    known = hostvars if asked else {host: {} for host in hosts}
    watched = select_canaries(hosts, canaries, serial)
    return {
        "problems": find_problems(hosts, asked, known, serial, minimum, unfinished) + watched["problems"],
        "states": describe_hosts(hosts, asked, known),
        "steps": {host: plan_steps(asked, server_name(host, known), noted) for host in hosts},
        "canaries": watched["hosts"],
    }


def find_problems(
    hosts: list[str],
    asked: list[Asked],
    hostvars: Mapping[str, Any],
    serial: Any,
    minimum: int,
    unfinished: list[str] | None = None,
) -> list[str]:
    """Find the reasons against taking the hosts out of rotation, as check() does."""
    unreachable = [result[BALANCER] for result in asked if result.get("unreachable")]
    if unreachable:
        return [
            f"{', '.join(unreachable)} cannot be reached, so it is unknown whether it still serves clients; "
            "bring it back, or, once it serves no client, add it to cluster_absent_load_balancers"
        ]
    try:
        planned = divide_into_batches(hosts, serial)
    except ValueError as error:
        return [str(error)]
    back: set[str] = set()
    found: list[str] = []
    for batch in planned:
        found += _find_shortages(batch, asked, hostvars, minimum, back)
        back |= {server_name(host, hostvars) for host in batch if host in (unfinished or [])}
    return found


def _find_shortages(
    batch: list[str], asked: list[Asked], hostvars: Mapping[str, Any], minimum: int, back: set[str]
) -> Iterator[str]:
    """Find backends with too few servers for a batch, once the servers in C(back) have returned to rotation."""
    names = {server_name(host, hostvars) for host in batch}
    for result in asked:
        for backend, rotation in _rotations(result, back).items():
            taken = rotation & names
            if taken and len(rotation - names) < minimum:
                yield (
                    f"{result[BALANCER]}: backend {backend} has {', '.join(sorted(rotation))} in rotation, and without"
                    f" {', '.join(sorted(taken))} {len(rotation - names)}, but cluster_min_in_rotation is {minimum}: "
                    "see why others"
                    " are out of rotation, lower it or cluster_serial, or set cluster_drain: false to deploy without "
                    "taking servers out"
                )


def _rotations(result: Asked, back: set[str]) -> dict[str, set[str]]:
    """The servers in rotation of every backend of a load balancer, with those that will be by then."""
    found: dict[str, set[str]] = {}
    for server in _servers(result):
        if server["after"]["in_rotation"] or server["name"] in back:
            found.setdefault(server["backend"], set()).add(server["name"])
    return found


def describe_hosts(hosts: list[str], asked: list[Asked], hostvars: Mapping[str, Any]) -> list[str]:
    """One line for every host: what it is on every load balancer."""
    return [
        f"{host}: {'; '.join(_describe_places(server_name(host, hostvars), asked)) or 'on no load balancer'}"
        for host in hosts
    ]


def _describe_places(name: str, asked: list[Asked]) -> Iterator[str]:
    for result in asked:
        for server in _servers(result):
            if server["name"] == name:
                now = server["after"]
                rotation = "in rotation" if now["in_rotation"] else "out of rotation"
                yield f"{rotation} on {result[BALANCER]} ({_label(server)} is {now['state']}, {now['status']})"
        if "servers" not in result and result.get("running", True):
            yield f"not known on {result[BALANCER]}"


def _servers(result: Asked) -> list[Server]:
    found: list[Server] = result.get("servers", [])
    return found


def _label(server: Server) -> str:
    return f"{server['backend']}/{server['name']}"


def _is_ready(server: Server) -> bool:
    return server["after"]["state"] == "ready"
