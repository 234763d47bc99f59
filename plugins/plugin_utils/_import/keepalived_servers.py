# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From virtual servers of the kernel and alerts by mail to the variables of the role keepalived. What the role has no
type for stays as lines, or, where lines cannot say it beside the types, is left to the caller."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from .._keepalived.virtual_servers import CHECKS
from .keepalived_text import parse_switch
from .tree import Node
from .values import parse_number

Item = dict[str, Any]

SPELLINGS = {"lb_algo": "lvs_sched", "lb_kind": "lvs_method"}
"""Older names of directives."""

DEFAULTS = {"scheduler": "wlc", "method": "NAT"}
"""What keepalived takes where nothing is written, as the role does."""

WHOLE, FRACTION = r"\d+", r"\d+(\.\d+)?"
Words = dict[str, tuple[str, str]]
"""Directives with one value: the key of the item, and the form of the value."""

SERVER_WORDS: Words = {
    "lvs_sched": ("scheduler", "rr|wrr|lc|wlc|lblc|lblcr|dh|sh|mh|sed|nq|fo|ovf"),
    "lvs_method": ("method", "NAT|DR|TUN"),
    "protocol": ("protocol", "TCP|UDP|SCTP"),
    "delay_loop": ("delay_loop", FRACTION),
    "persistence_timeout": ("persistence_timeout", WHOLE),
    "quorum": ("quorum", WHOLE),
}
COMMANDS = ("quorum_up", "quorum_down")
SETTINGS = (*SERVER_WORDS, *COMMANDS, "sorry_server")
REAL_WORDS = ("weight", "inhibit_on_failure", "notify_up", "notify_down")
CHECK_WORDS: Words = {
    "connect_port": ("port", WHOLE),
    "connect_timeout": ("timeout", FRACTION),
    "retry": ("retry", WHOLE),
    "delay_before_retry": ("delay_before_retry", FRACTION),
}
MISC_WORDS: Words = {
    "misc_path": ("script", r'/[^"\\]*'),
    "misc_timeout": ("timeout", FRACTION),
    "retry": ("retry", WHOLE),
    "delay_before_retry": ("delay_before_retry", FRACTION),
}
URL_WORDS: Words = {"path": ("path", r"/.*"), "status_code": ("status", WHOLE), "virtualhost": ("host", r".+")}
TYPES = {block: kind for kind, block in CHECKS.items()}

ALERTS: Words = {
    "notification_email_from": ("from", r".+"),
    "smtp_connect_timeout": ("timeout", WHOLE),
    "smtp_helo_name": ("helo", r".+"),
}
ALERT_WORDS = ("notification_email", "smtp_server", "smtp_alert", *ALERTS)
"""Directives of global_defs that one variable stands for."""


def read_virtual_server(node: Node) -> Item | None:
    """An item of keepalived_virtual_servers; nothing if the role would print something else."""
    if node.nodes is None or len(node.values) != 3 or not node.values[2].isdecimal() or node.name == "group":
        return None
    marked, number = node.name == "fwmark", int(node.values[2])
    port = 0 if marked else number
    servers = [_read_real_server(inner, port) for inner in node.nodes if inner.kind == "real_server"]
    others = [inner for inner in node.nodes if inner.kind != "real_server"]
    found = _join(_read_setting(inner, port) for inner in others if spell(inner) in SETTINGS)
    # The role prints what these two are the defaults of.
    if found is None or None in servers or any(inner.kind in ("weight", "ops") for inner in others):
        return None
    lines = [line for inner in others if spell(inner) not in SETTINGS for line in inner.lines()]
    # A mark has no protocol: keepalived ignores it.
    protocol = found.pop("protocol", "TCP")
    return {
        **({"fwmark": number} if marked else {"address": node.name, "port": port, "protocol": protocol}),
        **DEFAULTS,
        **found,
        **({"lines": lines} if lines else {}),
        "real_servers": servers,
    }


def spell(node: Node) -> str:
    """The directive's present name."""
    return SPELLINGS.get(node.kind, node.kind)


def _join(parts: Iterable[Item | None]) -> Item | None:
    """All keys; nothing if a part could not be read, or a key stands twice."""
    found: Item = {}
    for part in parts:
        if part is None or set(part) & set(found):
            return None
        found.update(part)
    return found


def _read_word(node: Node, words: Words) -> Item | None:
    """The value of a directive that has one, of the right form."""
    name, pattern = words.get(spell(node), ("", ""))
    if not name or node.nodes is not None or len(node.values) != 2 or not re.fullmatch(pattern, node.name):
        return None
    return {name: parse_number(node.name) if pattern in (WHOLE, FRACTION) else node.name}


def _read_setting(node: Node, port: int) -> Item | None:
    if node.kind == "sorry_server":
        place = _read_place(node, port)
        return None if place is None else {"sorry_server": place}
    return {node.kind: node.rest} if node.kind in COMMANDS else _read_word(node, SERVER_WORDS)


def _read_place(node: Node, port: int) -> Item | None:
    """Address and port of a server; the port of the virtual server need not be said, nor 0 beside a mark."""
    written = node.values[2:] or ["" if port else "0"]
    if len(node.values) < 2 or len(written) > 1 or not written[0].isdecimal():
        return None
    own = int(written[0])
    return {"address": node.name, **({} if own == port else {"port": own})}


def _read_real_server(node: Node, port: int) -> Item | None:
    """A real server. A check without a type stays in its lines."""
    place = _read_place(node, port)
    words = [inner for inner in node.inner if inner.kind in REAL_WORDS]
    found = _join(map(_read_real_word, words))
    if place is None or found is None or node.nodes is None:
        return None
    checks = [inner for inner in node.nodes if inner.nodes is not None]
    check = _read_check(checks[0]) if len(checks) == 1 else None
    others = [inner for inner in node.nodes if inner not in words and not (check and inner in checks)]
    lines = [line for inner in others for line in inner.lines()]
    return {
        **place,
        "weight": 1,
        **found,
        "check": check or {"type": "none"},
        **({"lines": lines} if lines else {}),
    }


def _read_real_word(node: Node) -> Item | None:
    if node.kind == "inhibit_on_failure":
        return {node.kind: True} if len(node.values) == 1 else None
    return _read_word(node, {"weight": ("weight", WHOLE)}) if node.kind == "weight" else {node.kind: node.rest}


def _read_check(node: Node) -> Item | None:
    """The check; nothing if it has something without a type, such as the digest of a page or a second one."""
    kind = TYPES.get(node.kind)
    words, needed, has_url = CHECK_WORDS, set(), kind in ("http", "https")
    if kind == "misc":
        words, needed = MISC_WORDS, {"script"}
    elif has_url:
        needed = {"path", "status"}
    found = _join(
        _join(_read_word(leaf, URL_WORDS) for leaf in inner.inner)
        if has_url and inner.kind == "url"
        else _read_word(inner, words)
        for inner in node.inner
    )
    return {"type": kind, **found} if kind and found is not None and needed <= set(found) else None


def read_alerts(blocks: Iterable[Node]) -> Item:
    """The variable keepalived_smtp_alerts of the blocks global_defs. Empty if it cannot say the same."""
    nodes = [node for block in blocks for node in block.inner if node.kind in ALERT_WORDS]
    found = _join(map(_read_alert, nodes))
    if not found or not {"to", "server"} <= set(found):
        return {}
    by_default = found.pop("by_default", False)
    return {**found, **({} if by_default else {"by_default": False})}


def _read_alert(node: Node) -> Item | None:
    if node.kind == "notification_email":
        words = [inner.values for inner in node.inner if inner.nodes is None]
        people = [value for values in words for value in values]
        return {"to": people} if people and len(people) == len(words) == len(node.inner) else None
    if node.kind == "smtp_server":
        port = node.values[2:] or ["25"]
        fits = len(node.values) in (2, 3) and port[0].isdecimal()
        return {"server": node.name, **({"port": int(port[0])} if port != ["25"] else {})} if fits else None
    if node.kind == "smtp_alert":
        switch = parse_switch(node)
        return None if switch is None else {"by_default": switch}
    return _read_word(node, ALERTS)
