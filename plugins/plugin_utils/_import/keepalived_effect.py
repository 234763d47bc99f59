# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a configuration of keepalived does on one node: every block with its defaults, so that two configurations can be
compared."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from contextlib import suppress

from ...module_utils._keepalived.shapes import read_vmac_name
from .._keepalived.vmac import default_name
from .haproxy_effect import Effect, Effects
from .keepalived_servers import spell
from .keepalived_text import parse_switch
from .tree import Node

SCRIPT = {"interval": "1", "fall": "1", "rise": "1", "weight": "0"}
INSTANCE = {"advert_int": "1"}
VIRTUAL_SERVER = {"protocol": "TCP", "lvs_sched": "wlc", "lvs_method": "NAT", "delay_loop": "60"}
ADDRESS_OWNER = "255"
"""The priority with which keepalived ignores weights and nopreempt. It is that of a MASTER where none is written."""

DECLARED = {"vrrp_script": "track_script", "vrrp_track_file": "track_file", "vrrp_track_process": "track_process"}
"""Blocks that declare what the blocks of the second name track."""

NOT_COMPARED = {"state"}
"""What a node is before the first advert. The role lets every node begin as a backup."""

ADDRESS_VALUES = ("dev", "label", "scope", "brd", "broadcast", "src", "preferred_lft", "nb_instances", "home")
MAX_PASSWORD = 8
"""Bytes of a password that keepalived uses."""


def list_effects(root: Node) -> Effects:
    """What every block of the file does."""
    found: Effects = {}
    version = next(
        (leaf.name for block in _blocks(root, "global_defs") for leaf in _leaves(block, "vrrp_version")), "2"
    )
    weights = {
        (DECLARED.get(node.kind, node.kind), node.name): leaf.name
        for node in root.inner
        for leaf in _leaves(node, "weight")
    }
    for node in root.inner:
        if node.kind == "virtual_server":
            name = " ".join([*node.values, _leaf(node, "protocol", VIRTUAL_SERVER["protocol"])])
            found.setdefault(name, {}).update(_list_server_effects(node))
            continue
        if node.nodes is None:
            found.setdefault("top level", {}).setdefault(node.kind, []).append(_effect(node))
            continue
        mine = found.setdefault(" ".join([node.kind.replace("vrrp_track_file", "track_file"), *node.values[1:]]), {})
        if node.kind == "global_defs":
            mine.setdefault("smtp_alert", [("smtp_alert", "false")])
        if node.kind == "vrrp_script":
            mine.update({word: [(word, value)] for word, value in SCRIPT.items()})
        if node.kind == "vrrp_instance":
            mine.update({word: [(word, value)] for word, value in {**INSTANCE, "version": version}.items()})
            mine["priority"] = [("priority", find_priority(node))]
        owner = node.kind == "vrrp_instance" and find_priority(node) == ADDRESS_OWNER
        interface = _leaf(node, "interface", "")
        for inner in node.inner:
            if node.kind == "vrrp_instance" and _is_ignored(inner, owner, _leaf(node, "version", version)):
                continue
            if owner and inner.kind.startswith("track_"):
                entries = list(_entries(inner, interface))
                mine[inner.kind] = [entry for entry in entries if not _has_weight(entry, inner.kind, weights)]
                continue
            mine[_spelling(inner)] = list(_entries(inner, interface))
            if inner.kind == "preempt":
                # It takes a nopreempt back, and is what keepalived does anyhow.
                mine.pop("nopreempt", None)
                del mine["preempt"]
        for vmac in _leaves(node, "use_vmac"):
            mine["use_vmac"] = [_spell_vmac(vmac.values, node)]
            mine.update({"vmac_xmit_base": [("vmac_xmit_base",)]} if "unicast_peer" in mine else {})
    return found


def _list_server_effects(node: Node) -> dict[str, list[Effect]]:
    """What a virtual server does; of a directive that stands twice, the last counts."""
    found: dict[str, list[Effect]] = {word: [(word, value)] for word, value in VIRTUAL_SERVER.items()}
    port = node.values[2] if len(node.values) > 2 and node.name not in ("fwmark", "group") else "0"
    for inner in node.inner:
        words = inner.values[1:] + [port] * (len(inner.values) == 2)
        if inner.kind == "real_server":
            effects: dict[Effect, str] = {("weight",): "1", **dict(_list_leaves(inner))}
            found[" ".join(["real_server", *words])] = sorted((*path, value) for path, value in effects.items())
        elif inner.kind == "sorry_server":
            found[inner.kind] = [(inner.kind, *words)]
        else:
            found[spell(inner)] = [(spell(inner), *effect[1:]) for effect in _entries(inner, "")]
    return found


def _list_leaves(node: Node, path: Effect = ()) -> Iterator[tuple[Effect, str]]:
    """The directives of a block and of those in it, with their values. Blocks of one kind are counted."""
    count: dict[str, int] = {}
    for inner in node.inner:
        if inner.nodes is None:
            yield (*path, inner.kind), " ".join(_effect(inner)[1:])
            continue
        count[inner.kind] = count.get(inner.kind, 0) + 1
        own = (*path, f"{inner.text} {count[inner.kind]}")
        yield own, ""
        yield from _list_leaves(inner, own)


def _is_ignored(node: Node, owner: bool, version: str) -> bool:
    """Whether the directive of an instance has no effect, or none that is compared. C(owner) says that the node owns
    the addresses."""
    if node.kind == "authentication":
        return version != "2"
    return node.kind in NOT_COMPARED or (owner and node.kind == "nopreempt")


def find_priority(node: Node) -> str:
    """The priority of an instance."""
    own = [leaf.name for leaf in _leaves(node, "priority")]
    is_master = any(leaf.name == "MASTER" for leaf in _leaves(node, "state"))
    return [ADDRESS_OWNER if is_master else "100", *own][-1]


def _has_weight(entry: Effect, kind: str, weights: dict[tuple[str, str], str]) -> bool:
    """Whether the entry of a track block has a weight, its own or that of what it names."""
    own = entry[entry.index("weight") + 1 :] if "weight" in entry else (weights.get((kind, entry[0]), "0"),)
    return _number(own[0] if own else "0") != "0"


def _spell_vmac(values: list[str], instance: Node) -> Effect:
    """The directive with the name of the interface, as keepalived chooses it where none is written."""
    addresses = [line.kind for block in _blocks(instance, "virtual_ipaddress") for line in block.inner]
    router = _leaf(instance, "virtual_router_id", "")
    name = read_vmac_name(values[1:]) or default_name(6 if ":" in "".join(addresses[:1]) else 4, router)
    return ("use_vmac", name, *(word for word in values[1:] if word not in ("name", name)))


def _blocks(root: Node, kind: str) -> list[Node]:
    return [node for node in root.inner if node.kind == kind and node.nodes is not None]


def _leaves(node: Node, kind: str) -> list[Node]:
    return [inner for inner in node.inner if inner.kind == kind and inner.nodes is None]


def _leaf(node: Node, kind: str, default: str) -> str:
    return next((leaf.name for leaf in _leaves(node, kind)), default)


def _spelling(node: Node) -> str:
    return {"mcast_src_ip": "source", "unicast_src_ip": "source", "vrrp_unicast_peer": "unicast_peer"}.get(
        node.kind, node.kind
    )


def _effect(node: Node) -> Effect:
    if node.kind == "smtp_alert":
        return (node.kind, str(parse_switch(node)).lower())
    if node.kind == "smtp_server" and len(node.values) == 2:
        return (node.kind, f"{node.name} 25")
    return (node.kind, _number(node.value)) if len(node.values) > 1 else (node.kind,)


def _number(text: str) -> str:
    try:
        return f"{float(text):g}"
    except ValueError:
        return text


def _entries(node: Node, interface: str) -> Iterator[Effect]:
    if node.nodes is None:
        yield _effect(node)
        return
    for inner in node.nodes:
        # keepalived ignores what it tracks anyhow.
        if node.kind == "track_interface" and inner.kind == interface:
            continue
        if node.kind == "virtual_ipaddress":
            yield spell_address(inner.values, interface)
        elif inner.kind == "auth_pass":
            yield ("auth_pass", inner.value.encode()[:MAX_PASSWORD].decode(errors="replace"))
        elif inner.nodes is None:
            yield tuple(inner.values)
        else:
            yield (inner.text, *(" ".join(effect) for effect in _entries(inner, interface)))


def spell_address(values: list[str], interface: str) -> Effect:
    """Address with prefix, and its options in one order."""
    address, options = split_virtual(values)
    return (address, *sorted(f"{word} {value}".strip() for word, value in {"dev": interface, **options}.items()))


def split_virtual(values: list[str]) -> tuple[str, dict[str, str]]:
    """The address with its prefix, as keepalived adds it where none is written, and its options."""
    address, left = values[0], list(values[1:])
    with suppress(ValueError):
        address = ipaddress.ip_interface(address).with_prefixlen
    options: dict[str, str] = {}
    while left:
        word = left.pop(0)
        options[word] = left.pop(0) if word in ADDRESS_VALUES and left else ""
    return address, options
