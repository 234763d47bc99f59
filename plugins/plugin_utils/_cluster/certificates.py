# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates of ACME clients that a node lacks, and the nodes that have them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict


class Fetch(TypedDict):
    """The node from which certificates of these names are copied."""

    node: str
    names: list[str]


def find_missing(stores: list[Mapping[str, Any]], host: str) -> list[Fetch]:
    """Find what to copy to the host, given the results of every node: certificates that it does not have or that
    have expired there, each from the node on which it is valid for longest.

    A certificate of its own is never replaced as long as it is valid."""
    own = {item["name"] for item in _list_certificates(stores, host) if item["valid"]}
    best: dict[str, tuple[str, str]] = {}
    for node in (result["__node"] for result in stores if result["__node"] != host):
        for item in _list_certificates(stores, node):
            name, offer = item["name"], (item["expires"], node)
            if item["valid"] and name not in own and (name not in best or offer[0] > best[name][0]):
                best[name] = offer
    nodes = dict.fromkeys(node for _expires, node in best.values())
    return [{"node": node, "names": sorted(name for name in best if best[name][1] == node)} for node in nodes]


def _list_certificates(stores: list[Mapping[str, Any]], node: str) -> list[dict[str, Any]]:
    """The certificates of a node; none if it cannot be reached."""
    return [item for result in stores if result["__node"] == node for item in result.get("certificates", [])]
