# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find the firewall rule that drops a peer's adverts. A MASTER receives no adverts, so a blocked backup would stay
unnoticed until there are two masters."""

from __future__ import annotations

from contextlib import suppress
from typing import TypedDict

from .._address import Placed
from .._host.run import Run
from . import iptables, nftables
from .packet import Advert

GROUPS = {4: "224.0.0.18", 6: "ff02::12"}
"""Multicast destination of adverts."""


class Hearing(TypedDict):
    """The part of an instance that says whose adverts it has to hear."""

    source: str
    interface: str
    peers: list[str]
    addresses: list[Placed]


def find_refusals(run: Run, instance: Hearing) -> dict[str, str]:
    """The rules that keep adverts out, by the peer from which they come; C(any) is every one of those to which
    multicast goes.

    C(instance) is one of those that _keepalived.setup finds in a configuration."""
    adverts = {peer: Advert(peer, instance["source"] or peer, instance["interface"]) for peer in instance["peers"]}
    if not adverts:
        version = (
            6 if ":" in (instance["source"] or "".join(item["address"] for item in instance["addresses"][:1])) else 4
        )
        adverts = {"any": Advert("", GROUPS[version], instance["interface"])}
    return {peer: rule for peer, advert in adverts.items() if (rule := find_refusal(run, advert))}


def find_refusal(run: Run, advert: Advert) -> str:
    """The rule that keeps the advert out; empty if there is none. A host without a firewall's program lets everything
    in."""
    program = "ip6tables" if advert.version == 6 else "iptables"
    return iptables.find_refusal(
        _list_rules(run, [program, "--wait", "--list-rules"]), advert
    ) or nftables.find_refusal(_list_rules(run, ["nft", "--json", "list", "ruleset"]), advert)


def _list_rules(run: Run, argv: list[str]) -> str:
    with suppress(OSError):
        rc, out, _err = run(argv)
        return "" if rc else out
    return ""
