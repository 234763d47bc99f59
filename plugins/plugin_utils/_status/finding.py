# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Findings of a cluster check, as text and as data."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

Seen = Mapping[str, Mapping[str, Any]]
"""Results of a module on all hosts that have answered, by host name."""

DEPLOY = "run deploy_load_balancers.yml, which gives every node what the inventory says"
"""The remedy for a node that is not as the inventory says."""


@dataclass(frozen=True)
class Finding:
    """C(hosts) names where it is, C(what) what it is, and C(remedy) what to do there. What is harmless is worth knowing
    and no error."""

    hosts: tuple[str, ...]
    what: str
    remedy: str
    harmless: bool = False

    def to_dict(self) -> dict[str, Any]:
        """The fields by their names."""
        return {**asdict(self), "hosts": list(self.hosts)}


def group_by_value(values: Mapping[str, Any]) -> dict[Any, list[str]]:
    """The hosts by what they have in common."""
    found: dict[Any, list[str]] = defaultdict(list)
    for host, value in values.items():
        found[value].append(host)
    return dict(found)


def describe_differences(what: str, values: Mapping[str, Any]) -> str:
    """List the values that differ between hosts; empty if all are equal."""
    found = group_by_value(values)
    if len(found) < 2:
        return ""
    return f"{what} is " + ", ".join(
        f"{value if value != '' else 'not set'} on {join_names(hosts)}" for value, hosts in found.items()
    )


def join_names(names: Iterable[str]) -> str:
    """Names as a sentence has them."""
    *others, last = list(names) or ["no host"]
    return f"{', '.join(others)} and {last}" if others else last


def format_duration(seconds: float) -> str:
    """A time span in its largest unit: V(5 s), V(3 min), V(2 h), V(8 d)."""
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{int(seconds // size)} {unit}"
    return f"{int(seconds)} s"
