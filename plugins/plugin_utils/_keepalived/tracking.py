# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find ineffective tracking in the declaration of model.py: undeclared objects, and weights that cannot move the
addresses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ...module_utils._suggestion import suggestion
from .declared import Instance
from .instance import (
    ADDRESS_OWNER,
    HIGHEST_PRIORITY,
    TRACKED,
    assign_priorities,
    find_address_owner,
    list_trackable,
    list_tracks,
    list_yield_entries,
)


def problems(item: Instance, declared: dict[str, Any]) -> list[str]:
    """Find problems of the entries of one instance, of their weights and of a priority that makes them ineffective."""
    checks = {"weights": check_weights, "address_owner": check_address_owner}
    found = [check(item, declared) for name, check in checks.items() if name not in declared["accepted"]]
    return sum(found, _find_unknown(item, declared))


def _find_unknown(item: Instance, declared: dict[str, Any]) -> list[str]:
    """Find tracked entries that are not declared."""
    known = list_trackable(declared)
    return [
        f"{kind} has '{name}', which does not exist{suggestion(name, known[kind])}"
        for kind, name, _weight in _parse_entries(item, declared)
        if kind in known and name not in known[kind]
    ]


def _parse_entries(item: Instance, declared: dict[str, Any]) -> Iterator[tuple[str, str, int | None]]:
    """Kind and name of everything that the instance tracks, and the weight that its entry says, if it does."""
    for kind, entries in list_tracks(item, declared).items():
        for entry in entries:
            words = entry.split()
            weight = re.search(r"\sweight\s+([+-]?\d+)", entry)
            yield kind, words[0] if words else "", int(weight.group(1)) if weight else None


def _list_weights(item: Instance, declared: dict[str, Any]) -> dict[tuple[str, str], int]:
    """The weights of what the instance tracks, other than 0, by kind and name."""
    own = {
        (kind, str(thing["name"])): int(thing["weight"])
        for kind, variable in TRACKED.items()
        for thing in declared[variable]
    }
    weights = {
        (kind, name): own.get((kind, name), 0) if weight is None else weight
        for kind, name, weight in _parse_entries(item, declared)
    }
    return {key: weight for key, weight in weights.items() if weight}


def list_unweighted_tracks(item: Instance, declared: dict[str, Any]) -> dict[str, list[str]]:
    """The entries of the instance's track blocks that have no weight."""
    weights = _list_weights(item, declared)
    return {
        kind: [entry for entry in entries if (kind, "".join(entry.split()[:1])) not in weights]
        for kind, entries in list_tracks(item, declared).items()
    }


def check_address_owner(item: Instance, declared: dict[str, Any]) -> list[str]:
    """What an instance asks of the node with priority 255 that keepalived does not do there."""
    owner = find_address_owner(item, declared["nodes"])
    if not owner:
        return []
    yields = [entry.split()[0] for entry in list_yield_entries(item, declared)]
    ignored = [*([] if item["preempt"] else ["preempt: false"]), *yields]
    if not ignored:
        return []
    return [
        f"priorities has {ADDRESS_OWNER} for {owner}, which keepalived takes for the owner of the addresses and where "
        f"it ignores {', '.join(ignored)}: use at most {HIGHEST_PRIORITY}, preempt: true without preempt_delay, or set "
        "keepalived_accept_address_owner to true"
    ]


def check_weights(item: Instance, declared: dict[str, Any]) -> list[str]:
    """Weights with which the failure of what they belong to would not move the addresses."""
    weights = _list_weights(item, declared)
    if not weights:
        return []
    shown = ", ".join(f"{name} {weight:+}" for (_kind, name), weight in weights.items())
    if not item["preempt"] or item.get("preempt_delay"):
        keeps = "preempt_delay" if item["preempt"] else "preempt: false"
        return [
            f"the weights of {shown} together with {keeps} would keep the addresses on a node that has failed, "
            "because its peers accept the lower priority: leave the weights out, so that a failure means FAULT, or set "
            "keepalived_accept_weights to true"
        ]
    if any(
        item["name"] in group["instances"] and "sync_group_tracking_weight" not in group["lines"]
        for group in declared["sync_groups"]
    ):
        return [
            (
                f"the weights of {shown} would be ignored in a group of keepalived_sync_groups: leave them out, "
                "so that a failure means FAULT, add the line sync_group_tracking_weight to the group, or set "
                "keepalived_accept_weights to true"
            )
        ]
    owner = find_address_owner(item, declared["nodes"])
    if owner:
        return [
            f"the weights of {shown} would be ignored on {owner}, because keepalived takes a node with priority "
            f"{ADDRESS_OWNER} for the owner of the addresses: leave them out, so that a failure means FAULT, use at "
            f"most {HIGHEST_PRIORITY}, or set keepalived_accept_weights to true"
        ]
    return _check_weight_sizes(assign_priorities(item, declared["nodes"]), weights)


def _check_weight_sizes(ordered: dict[str, int], weights: dict[tuple[str, str], int]) -> list[str]:
    found: list[str] = []
    neighbours = list(zip(ordered.items(), list(ordered.items())[1:]))
    if not neighbours:
        return found
    (one, high), (other, low) = max(neighbours, key=lambda pair: pair[0][1] - pair[1][1])
    gap = high - low
    together = sum(map(abs, weights.values()))
    for (kind, name), weight in weights.items():
        # A file's weight is multiplied by the number in the file. Of several, it may take two failures.
        if together <= gap and kind != "track_file":
            found.append(
                f"the weight {weight:+} of {name} is not larger than the gap of {gap} between the priorities {high} "
                f"of {one} "
                f"and {low} of {other}: {one} would keep the addresses after its failure; use at least {gap + 1}, "
                "priorities that are closer, or set keepalived_accept_weights to true"
            )
    highest, lowest = max(ordered.values()), min(ordered.values())
    more = sum(weight for weight in weights.values() if weight > 0)
    less = sum(weight for weight in weights.values() if weight < 0)
    if highest + more > HIGHEST_PRIORITY or lowest + less < 1:
        found.append(
            f"the priorities {highest}-{lowest} with weights of {more:+} and {less:+} leave the range "
            f"1-{HIGHEST_PRIORITY}, where "
            "keepalived cuts them so that nodes become equal: set priorities, such as [101, 100]"
        )
    return found
