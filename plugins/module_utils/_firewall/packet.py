# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A VRRP packet that comes in, and what becomes of it in chains of rules, whoever has printed them.

Whether a rule matches is true, false, or None where that is not understood. In doubt a packet is let in, so a rule that
is not understood counts if it accepts, and only then."""

from __future__ import annotations

import ipaddress
import operator
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

NUMBERS = ("112", "vrrp")
MOST_JUMPS = 20
COMPARISONS = {
    **{"<": operator.lt, ">": operator.gt, "<=": operator.le, ">=": operator.ge},
    **{"lt": operator.lt, "gt": operator.gt, "eq": operator.eq},
}
"""Comparison operators in the syntax of nftables and iptables."""


@dataclass(frozen=True)
class Advert:
    """A VRRP packet that comes in, the first of its sender. C(source) is empty if it can be any of the peers."""

    source: str
    destination: str
    interface: str

    @property
    def version(self) -> int:
        """The version of IP."""
        return ipaddress.ip_address(self.destination).version


@dataclass(frozen=True)
class Rule:
    """C(verdict) is accept, drop, return, goto CHAIN, jump CHAIN, or empty; C(text) shows the rule to people."""

    matches: bool | None
    verdict: str
    text: str


def follow_chain(chain: str, chains: Mapping[str, list[Rule]], depth: int = 0) -> tuple[str, str]:
    """Follow the packet through a chain; returns the verdict (accept, drop or empty) and the text of the rule."""
    for rule in chains.get(chain, []) if depth < MOST_JUMPS else ():
        if rule.matches is False or not rule.verdict:
            continue
        word, _blank, target = rule.verdict.partition(" ")
        found = follow_chain(target, chains, depth + 1) if target else (word, rule.text)
        if rule.matches is None and found[0] != "accept":
            continue
        if found[0] == "return" or (word == "goto" and not found[0]):
            break
        if found[0]:
            return found
    return "", ""


def all_met(conditions: Iterable[bool | None]) -> bool | None:
    """Return whether all conditions are met."""
    known = list(conditions)
    return False if False in known else None if None in known else True


def is_within(address: str, network: str) -> bool | None:
    """Return whether the address is in the network; None without an address."""
    with suppress(ValueError):
        return ipaddress.ip_address(address) in ipaddress.ip_network(network, strict=False) if address else None
    return False


def compare_values(operation: str, value: str, other: Any) -> bool | None:
    """Two numbers, or two addresses."""
    left, right = _number(value), _number(other)
    return None if left is None or right is None else COMPARISONS[operation](left, right)


def _number(value: Any) -> int | None:
    for read in (int, lambda text: int(ipaddress.ip_address(text))):
        with suppress(TypeError, ValueError):
            return read(value)
    return None
