# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a fault has cost, by what clients have seen and what the journals of the nodes say."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from ...module_utils._http.results import Result, outage
from .record import Change, Download, Fault, Measured, Moment, Requests

EARLY = -0.5
"""Nothing happens in the seconds before a fault, so a transition that seems to is the fault's, and the clocks are not
quite right."""
ANNOUNCED = {"ready": "MASTER", "drain": "BACKUP", "last_resort": "FAULT"}
"""What a node announces, as the state of an instance that serves, waits or cannot serve."""


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
    asked = probe["requests"]
    results = _list_results(asked, zero)
    failed = [result for result in results if not result.ok]
    lost = {result for result in failed if result.end > EARLY and result.start < recovered}
    breaks = [_shift_moment(found, zero) for found in probe["kept"]["breaks"]]
    broken = [found for found in breaks if found["used"]]
    # A connection that hangs breaks when the client has lost patience.
    followed = [found for found in broken if EARLY < found["at"] < recovered + asked["timeout"]]
    return {
        **_measure_requests(results, lost, asked["interval"]),
        "noise": len(failed) - len(lost) + len(broken) - len(followed),
        "kept": probe["kept"]["connections"],
        "broken": len(followed),
        "breaks": breaks,
        **_measure_download(probe["download"], zero),
    }


def _list_results(asked: Mapping[str, Any], zero: float) -> list[Result]:
    """The requests of http_probe, which begin in seconds after C(zero)."""
    shift = asked["began"] - zero
    return [
        Result(
            shift + start / 1000,
            latency / 1000,
            outcome >= 0,
            asked["servers"][outcome] if outcome >= 0 else "",
            asked["errors"][-1 - outcome] if outcome < 0 else "",
        )
        for start, latency, outcome in zip(asked["start_ms"], asked["latency_ms"], asked["outcome"])
    ]


def _measure_requests(results: list[Result], lost: set[Result], interval: float) -> Requests:
    good = [result for result in results if result.ok]
    return {
        "requests": len(results),
        "interval_ms": 1000 * interval,
        "lost": len(lost),
        "errors": dict(Counter(result.error for result in lost).most_common()),
        "outage_ms": round(outage([result for result in results if result.ok or result in lost])),
        "slowest_ms": round(1000 * max((result.latency for result in good), default=0.0)),
        "served": dict(Counter(result.server for result in good)),
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


def _measure_download(download: Mapping[str, Any], zero: float) -> Download:
    pieces = [moment - zero for moment in download["pieces"]]
    pauses = [after - before for before, after in zip(pieces, pieces[1:])]
    return {
        "download_bytes": download["bytes"],
        "download_breaks": [_shift_moment(found, zero) for found in download["breaks"]],
        "download_stall_ms": round(1000 * max(pauses, default=0.0)),
        "download_spans": list(_join_moments(pieces)),
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
