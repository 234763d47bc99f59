# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Changes between two reports on a cluster, as lines."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from .finding import join_names

Report = Mapping[str, Any]


def list_changes(report: Report, before: Report | None = None) -> list[str]:
    """One line for each change of a holder, of a node's state, of a backend's servers, and for each finding that is new
    or over."""
    earlier = before or {}
    return [
        *_compare(_list_facts(earlier), _list_facts(report)),
        *_compare_findings(earlier.get("findings", []), report["findings"]),
    ]


def _list_facts(report: Report) -> dict[str, str]:
    """What is compared, by its name."""
    found = {}
    for vip in report.get("vips", []):
        found[f"{vip['instance']} is held by"] = join_names(vip["holders"] or ["nobody"])
        for host, node in vip["nodes"].items():
            found[f"{vip['instance']} on {host} is"] = f"{node['state']} {node['priority']}"
    for name, hosts in report.get("backends", {}).items():
        for host, counts in hosts.items():
            found[f"{name} on {host} has"] = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
    return found


def _compare(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[str]:
    for name, value in after.items():
        if before.get(name) != value:
            yield f"{name} {value}" + (f" (was {before[name]})" if name in before else "")
    yield from (f"{name} nothing any more (was {value})" for name, value in before.items() if name not in after)


def _compare_findings(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> Iterator[str]:
    old, new = ({_key(finding): finding for finding in findings} for findings in (before, after))
    for key, finding in new.items():
        if key not in old:
            word = "NOTE" if finding["harmless"] else "WRONG"
            yield f"{word} {join_names(finding['hosts'])}: {finding['what']}: {finding['remedy']}"
    for key, finding in old.items():
        if key not in new:
            yield f"OVER {join_names(finding['hosts'])}: {finding['what']}"


def _key(finding: Mapping[str, Any]) -> tuple[str, str]:
    return " ".join(finding["hosts"]), re.sub(r"\d+", "#", finding["what"])
