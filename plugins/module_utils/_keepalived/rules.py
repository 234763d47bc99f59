# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find configurations that keepalived accepts although they cannot fail over.

One node's file does not tell the priorities of the others. So whether a weight is larger than the gap between two nodes
cannot be seen here; that it cannot work at all, whatever the gap is, can.
"""

from __future__ import annotations

from collections.abc import Iterator

from .._check.finding import Finding
from .conf import Block, Line
from .paths import REPORTS

KEEPS = ("nopreempt", "preempt_delay")
TRACKS = {
    "track_script": ("vrrp_script",),
    "track_file": ("track_file", "vrrp_track_file"),
    "track_process": ("vrrp_track_process",),
    "track_bfd": ("bfd_instance",),
    "track_interface": (),
}
"""The blocks in which an instance names what it watches, and those that declare it."""

DEFAULT_WEIGHTS = {"track_file": "1"}
"""Weights that are not 0 although nothing is said, as keepalived 2.2.7 and 2.3.3 print them in a dump of their data."""


def weights(instance: Block, whole: Block) -> list[int]:
    """The weights other than 0 with which an instance wants to hand over; none if it is in a group that ignores
    them."""
    return (
        []
        if instance.name in _members_of_groups(whole)
        else [weight for _line, weight in _find_weighted(instance, whole)]
    )


def findings(whole: Block) -> list[Finding]:
    """An alert for every instance that could never hand over its addresses, or that shares its router id with
    another."""
    found: list[Finding] = []
    weightless = _members_of_groups(whole)
    for instance in whole.inner("vrrp_instance"):
        found += _master(instance)
        if instance.name not in weightless:
            found += _weights(instance, whole)
    return [*found, *_router_ids(whole)]


def _members_of_groups(whole: Block) -> set[str]:
    """The instances in groups that make keepalived ignore every weight."""
    groups = [group for group in whole.inner("vrrp_sync_group") if not group.find("sync_group_tracking_weight")]
    return {word for group in groups for names in group.inner("group") for line in names.lines for word in line.words}


def _master(instance: Block) -> Iterator[Finding]:
    keeps, state = instance.find("nopreempt"), instance.value("state")
    if keeps and state == "MASTER":
        yield keeps.refuse(
            f"({instance.name}) nopreempt is ignored with state MASTER: write state BACKUP on every node"
        )


def _weights(instance: Block, whole: Block) -> Iterator[Finding]:
    keeps = next((word for word in KEEPS if instance.find(word)), "")
    for line, weight in _find_weighted(instance, whole) if keeps else ():
        yield line.refuse(
            f"({instance.name}) a weight ({weight}) together with {keeps} keeps the address on the failed node, "
            "because the peer accepts the lower priority: write weight 0, so that a failure means FAULT"
        )


def _find_weighted(instance: Block, whole: Block) -> Iterator[tuple[Line, int]]:
    """Yield what an instance tracks with a weight other than 0, except reports that are no failure."""
    for tracks in instance.inner(*TRACKS):
        for line in tracks.lines:
            declared = next((block for block in whole.inner(*TRACKS[tracks.kind]) if block.name == line.words[0]), None)
            weight = _read_weight(line, tracks.kind, declared)
            if weight and not (declared and declared.value("file").startswith(REPORTS)):
                yield line, weight


def _read_weight(line: Line, kind: str, declared: Block | None) -> int:
    """The weight with which an instance watches something: its own, that of the declaration, or keepalived's
    default."""
    if "weight" in line.words:
        return _number(line.words[line.words.index("weight") + 1 :])
    weight = declared.value("weight") if declared else "0"
    return _number([weight or DEFAULT_WEIGHTS.get(kind, "0")])


def _router_ids(whole: Block) -> Iterator[Finding]:
    """keepalived itself sees this among instances that send multicast, and among unicast ones with the same peers."""
    first: dict[tuple[str, int, bool], Block] = {}
    for instance in whole.inner("vrrp_instance"):
        key = (_interface(instance, whole), _number([instance.value("virtual_router_id")]), _is_ipv6(instance))
        if not key[0] or not key[1]:
            continue
        other = first.setdefault(key, instance)
        line = instance.find("virtual_router_id")
        if other is not instance and line:
            yield line.refuse(
                f"({instance.name}) virtual_router_id {key[1]} is that of {other.name} too, on the same interface "
                f"{key[0]} and with the "
                "same IP version: each would take the other's adverts for those of its peers; choose another number"
            )


def _interface(instance: Block, whole: Block) -> str:
    default = next((block.value("default_interface") for block in whole.inner("global_defs")), "")
    return instance.value("interface") or default


def _is_ipv6(instance: Block) -> bool:
    addresses = [line.words[0] for block in instance.inner("virtual_ipaddress") for line in block.lines]
    return bool(instance.find("native_ipv6")) or ":" in (addresses or [instance.value("unicast_src_ip")])[0]


def _number(words: list[str]) -> int:
    try:
        return int(words[0])
    except (IndexError, ValueError):
        return 0
