# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Records of a drill, as the playbook makes them."""

from __future__ import annotations

from dataclasses import asdict

from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._drill.faults import KINDS
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._drill.measure import measure

EVIL = "<script>alert('x')</script>&\x00"


def seen(states):
    """What keepalived_info has returned; an empty state is a host that cannot be reached."""
    return [
        {"__node": node, **({"instances": [{"name": "vip", "state": state}]} if state else {"unreachable": True})}
        for node, state in states.items()
    ]


def servers(up):
    """What haproxy_server has returned on two load balancers, with these servers in rotation."""
    found = [
        {"backend": "web", "name": name, "after": {"in_rotation": name in up}} for name in ("web1", "web2", "web3")
    ]
    return [{"__node": node, "servers": found} for node in ("lb1", "lb2")]


def record(
    lost,
    journals=None,
    ahead=None,
    clients=0.0,
    breaks=(),
    pieces=(),
    problem="",
    name="haproxy_killed",
    error="timeout",
):
    """A fault at 1000 s on lb1, the holder: 200 requests from 1 s before it, one every 10 ms, of which those with these
    numbers were lost.

    C(ahead) are clocks that are not right, and C(clients) is how far that of the clients is ahead."""
    nodes = ["lb1", "lb2"]
    return {
        "fault": {"name": name, **asdict(KINDS[name])},
        "host": "lb1",
        "holder": "lb1",
        "nodes": nodes,
        "instance": "vip",
        "anycast": False,
        "began": 1000.0,
        "ended": 1000.5,
        "recovered": 1000.8,
        "problem": problem,
        "journals": {node: (journals or {}).get(node, "") for node in nodes},
        "clocks": {host: {"correction": (ahead or {}).get(host, 0.0)} for host in (*nodes, "clients")},
        "probe": {
            "requests": {
                "began": 999.0 + clients,
                "interval": 0.01,
                "timeout": 0.05,
                "servers": ["", "web1"],
                "errors": [error],
                "outcome": [-1 if number in lost else number % 2 for number in range(200)],
                "start_ms": [10.0 * number for number in range(200)],
                "latency_ms": [2.0] * 200,
            },
            "kept": {"connections": 10, "answers": 200, "breaks": list(breaks)},
            "download": {"bytes": 100 * len(pieces), "pieces": list(pieces), "breaks": []},
        },
    }


def drill(*faults, **keys):
    """A drill of these records, as its page gets it."""
    clock = {"offset": 0.001, "uncertainty": 0.005, "correction": 0.0}
    return {
        "site": "vip",
        "began": 1700000000.0,
        "faults": [measure(fault) for fault in faults],
        "surprise": "",
        "limit_ms": 0.0,
        "settings": {"asked": "http://192.0.2.10/"},
        "versions": {"lb1": "Debian 12"},
        "clocks": {"lb1": clock},
        **keys,
    }
