# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The figures of a drill, and the cost of a fault in words."""

from __future__ import annotations

from typing import Any

from .record import Drill, Fault


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
    if _is_too_long(fault, limit_ms):
        found.append(
            f"the outage of {fault['outage_ms']} ms is longer than {limit_ms:g} ms, which drill_max_outage_ms allows"
        )
    return found


def list_problems(drill: Drill) -> list[str]:
    """Why the drill has failed: the surprise, and every outage that is too long."""
    limit = drill["limit_ms"]
    late = [fault["title"] for fault in drill["faults"] if _is_too_long(fault, limit)]
    beyond = f"the outage is longer than drill_max_outage_ms, {limit:g} ms."
    return [*filter(None, [drill["surprise"]]), *(f"{title}: {beyond}" for title in late)]


def _is_too_long(fault: Fault, limit_ms: float) -> bool:
    return 0 < limit_ms < fault["outage_ms"]


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
