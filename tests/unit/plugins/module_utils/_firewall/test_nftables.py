# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which rule of nftables keeps a peer's adverts out."""

from __future__ import annotations

import json

import pytest
from ansible_collections.evenkeel.ha_web.plugins.module_utils._firewall.nftables import find_refusal
from ansible_collections.evenkeel.ha_web.plugins.module_utils._firewall.packet import Advert

PEER = Advert("192.0.2.12", "192.0.2.11", "eth0")
PEER6 = Advert("2001:db8::12", "2001:db8::11", "eth0")
ANYBODY = Advert("", "224.0.0.18", "eth0")


def match(left, right, op="=="):
    """An expression; C(left) is such as C(meta l4proto) or C(ip saddr)."""
    kind, word = left.split()
    where = {kind: {"key": word}} if kind in ("meta", "ct") else {"payload": {"protocol": kind, "field": word}}
    return {"match": {"op": op, "left": where, "right": right}}


ACCEPT, DROP, COUNTER = {"accept": None}, {"drop": None}, {"counter": {"packets": 0, "bytes": 0}}
VRRP = match("meta l4proto", "vrrp")
STATES = {"vmap": {"key": {"ct": {"key": "state"}}, "data": {"set": [["invalid", DROP], ["new", ACCEPT]]}}}


def ruleset(*rules, policy="accept", family="inet", table="guard", chain="in"):
    """What C(nft --json list ruleset) prints; a rule is a list of expressions of the input chain, or (chain, list)."""
    items = [
        {"metainfo": {}},
        {
            "chain": {
                "family": family,
                "table": table,
                "name": chain,
                "type": "filter",
                "hook": "input",
                "prio": 0,
                "policy": policy,
            }
        },
    ]
    for number, rule in enumerate(rules, 1):
        name, expressions = rule if isinstance(rule, tuple) else (chain, rule)
        items.append({"rule": {"family": family, "table": table, "chain": name, "handle": number, "expr": expressions}})
    return json.dumps({"nftables": items})


RAW = {"match": {"op": "==", "left": {"payload": {"base": "th", "offset": 0, "len": 16}}, "right": 22}}
SAME_NET = match("ip saddr", {"prefix": {"addr": "192.0.2.0", "len": 24}})
NFT = [
    ("", PEER, ""),
    (ruleset(), PEER, ""),
    (ruleset(policy="drop"), PEER, "nft inet guard in: policy drop"),
    (ruleset([VRRP, match("ip saddr", "192.0.2.12"), match("ip ttl", 255, ">="), ACCEPT], policy="drop"), PEER, ""),
    (ruleset([VRRP, match("ip saddr", "192.0.2.12"), match("ip ttl", 255, ">="), ACCEPT], policy="drop"), ANYBODY, ""),
    (ruleset([VRRP, match("ip saddr", "192.0.2.99"), ACCEPT], policy="drop"), PEER, "nft inet guard in: policy drop"),
    (ruleset([VRRP, COUNTER, DROP]), PEER, "nft inet guard in: rule 1"),
    (ruleset([match("ip protocol", 112), DROP]), PEER, "nft inet guard in: rule 1"),
    (
        ruleset([match("meta l4proto", {"set": ["icmp", "vrrp"]}), SAME_NET, {"reject": None}]),
        PEER,
        "nft inet guard in: rule 1",
    ),
    (ruleset([SAME_NET, DROP]), ANYBODY, ""),
    (ruleset([match("meta l4proto", {"set": ["tcp", "udp"]}), DROP]), PEER, ""),
    (ruleset([match("meta l4proto", "vrrp", "!="), DROP]), PEER, ""),
    (ruleset([match("meta iifname", "lo"), ACCEPT], [match("meta iifname", "eth*"), ACCEPT], policy="drop"), PEER, ""),
    (
        ruleset([match("ct state", ["established", "related"], "in"), ACCEPT], policy="drop"),
        PEER,
        "nft inet guard in: policy drop",
    ),
    (ruleset([STATES], policy="drop"), PEER, ""),
    (ruleset([match("ip saddr", {"range": ["192.0.2.10", "192.0.2.19"]}), DROP]), PEER, "nft inet guard in: rule 1"),
    (ruleset([match("ip saddr", {"range": ["192.0.2.10", "192.0.2.11"]}), DROP]), PEER, ""),
    (ruleset([match("ip saddr", "@bad"), DROP]), PEER, ""),
    (ruleset([match("ip saddr", "@good"), ACCEPT], policy="drop"), PEER, ""),
    (ruleset([match("tcp dport", {"set": [22, 80]}), ACCEPT], policy="drop"), PEER, "nft inet guard in: policy drop"),
    (ruleset([match("ip6 saddr", "@good"), ACCEPT], policy="drop"), PEER, "nft inet guard in: policy drop"),
    (ruleset([{"xt": {"type": "match", "name": "recent"}}, DROP]), PEER, ""),
    (ruleset([RAW, DROP]), PEER, ""),
    (ruleset([RAW, ACCEPT], policy="drop"), PEER, ""),
    (ruleset([{"jump": {"target": "vrrp"}}], ("vrrp", [VRRP, ACCEPT]), policy="drop"), PEER, ""),
    (
        ruleset([{"goto": {"target": "vrrp"}}], [ACCEPT], ("vrrp", [{"return": None}]), policy="drop"),
        PEER,
        "nft inet guard in: policy drop",
    ),
    (ruleset([VRRP, DROP], family="ip", table="filter", chain="INPUT"), PEER, ""),
    (ruleset([VRRP, DROP], family="ip6"), PEER, ""),
    (ruleset([VRRP, DROP], family="ip6"), PEER6, "nft ip6 guard in: rule 1"),
]


@pytest.mark.parametrize(("printed", "advert", "rule"), NFT)
def test_the_rule_of_nftables(printed, advert, rule):
    assert find_refusal(printed, advert) == rule
