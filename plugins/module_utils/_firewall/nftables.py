# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules of nftables, as C(nft --json list ruleset) prints them."""

from __future__ import annotations

import json
from typing import Any

from .packet import COMPARISONS, NUMBERS, Advert, Rule, all_met, compare_values, follow_chain, is_within

IPTABLES_CHAIN = ("filter", "INPUT")
"""Skip the chain that iptables itself lists."""
LOWER = ("ip", "ip6", "ether", "vlan")
"""Headers that a VRRP packet can have; others, such as that of TCP, it has not."""


def find_refusal(printed: str, advert: Advert) -> str:
    """The chain with the rule or the policy that keeps the advert out; empty if it comes in."""
    items = json.loads(printed or "{}").get("nftables", [])
    for base in sorted(
        (item["chain"] for item in items if "chain" in item and _is_input(item["chain"], advert)), key=_priority
    ):
        chains: dict[str, list[Rule]] = {}
        for item in items:
            rule = item.get("rule", {})
            if (rule.get("family"), rule.get("table")) == (base["family"], base["table"]):
                chains.setdefault(rule["chain"], []).append(_parse_rule(rule, advert))
        verdict, text = follow_chain(base["name"], chains)
        where = f"nft {base['family']} {base['table']} {base['name']}"
        if verdict == "drop":
            return f"{where}: {text}"
        if not verdict and base.get("policy") == "drop":
            return f"{where}: policy drop"
    return ""


def _is_input(chain: dict[str, Any], advert: Advert) -> bool:
    if chain.get("hook") != "input" or chain.get("type") != "filter":
        return False
    return chain["family"] == "inet" or (
        chain["family"] == _family(advert) and (chain["table"], chain["name"]) != IPTABLES_CHAIN
    )


def _family(advert: Advert) -> str:
    return "ip6" if advert.version == 6 else "ip"


def _priority(chain: dict[str, Any]) -> int:
    return chain["prio"] if isinstance(chain["prio"], int) else 0


def _parse_rule(rule: dict[str, Any], advert: Advert) -> Rule:
    conditions: list[bool | None] = []
    verdict = ""
    for expression in rule.get("expr", []):
        if "match" in expression:
            match = expression["match"]
            conditions.append(_meets_match(match["left"], match["op"], match["right"], advert))
        elif "xt" in expression:
            conditions.append(None)
        elif "vmap" in expression:
            verdict = _look_up_verdict(expression["vmap"], advert) or verdict
        else:
            verdict = _verdict(expression) or verdict
    return Rule(all_met(conditions), verdict, f"rule {rule.get('handle')}")


def _verdict(expression: dict[str, Any]) -> str:
    for word, said in expression.items():
        if word in ("jump", "goto"):
            return f"{word} {said['target']}"
        if word in ("accept", "drop", "reject", "return"):
            return "drop" if word == "reject" else word
    return ""


def _look_up_verdict(vmap: dict[str, Any], advert: Advert) -> str:
    data = vmap["data"] if isinstance(vmap["data"], dict) else {}
    return next(
        (_verdict(verdict) for key, verdict in data.get("set", []) if _meets_match(vmap["key"], "==", key, advert)), ""
    )


def _meets_match(left: Any, operation: str, right: Any, advert: Advert) -> bool | None:
    value = _value(left, advert)
    if isinstance(value, bool) or value is None:
        return value
    if operation in COMPARISONS:
        return compare_values(operation, value, right)
    found = [_equals_item(value, item) for item in _items(right)]
    known = True if True in found else None if None in found else False
    return not known if operation == "!=" and known is not None else known


def _value(left: Any, advert: Advert) -> str | bool | None:
    """Return the packet's value of the field that a rule compares; false if it has none, None if the rule is not
    understood."""
    field = _field(left)
    family = _family(advert)
    known = {
        "meta l4proto": "112",
        "meta iifname": advert.interface,
        "meta nfproto": "ipv6" if advert.version == 6 else "ipv4",
        "ct state": "new",
        f"payload {family} saddr": advert.source or None,
        f"payload {family} daddr": advert.destination,
        f"payload {family} protocol": "112",
        f"payload {family} nexthdr": "112",
        f"payload {family} ttl": "255",
        f"payload {family} hoplimit": "255",
    }
    if field in known:
        return known[field]
    kind, _blank, header = field.partition(" ")
    protocol = header.partition(" ")[0]
    # Bytes that a rule picks by their place (@th,0,16) have no protocol.
    elsewhere = (
        kind == "payload" and protocol and (protocol not in LOWER or protocol == ("ip6" if family == "ip" else "ip"))
    )
    return False if elsewhere else None


def _field(left: Any) -> str:
    """Name the field that a rule compares, such as C(payload ip saddr) or C(meta l4proto); empty for other
    expressions."""
    if not isinstance(left, dict) or len(left) != 1:
        return ""
    ((kind, said),) = left.items()
    return (
        " ".join([kind, *(said[word] for word in ("key", "protocol", "field") if word in said)])
        if isinstance(said, dict)
        else ""
    )


def _items(right: Any) -> list[Any]:
    found = right["set"] if isinstance(right, dict) and "set" in right else right
    return found if isinstance(found, list) else [found]


def _equals_item(value: str, item: Any) -> bool | None:
    if isinstance(item, dict) and "prefix" in item:
        return is_within(value, f"{item['prefix']['addr']}/{item['prefix']['len']}")
    if isinstance(item, dict) and "range" in item:
        first, last = item["range"]
        return all_met((compare_values(">=", value, first), compare_values("<=", value, last)))
    if isinstance(item, dict) or str(item).startswith("@"):
        return None
    text = str(item)
    if value == "112":
        return text in NUMBERS
    return value == text or (text.endswith("*") and value.startswith(text[:-1]))
