# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a configuration of nginx does: every context with its directives as ordered lists by keyword, so that two
configurations can be compared whatever files they are in."""

from __future__ import annotations

import re

from .haproxy_effect import Effect, Effects
from .tree import Node

REWRITE = ("if", "set", "rewrite", "return", "break")
"""Directives of the module rewrite, which nginx executes one after the other."""

SERVER: dict[str, Effect] = {"listen": ("listen", "80"), "server_name": ("server_name", "")}
"""What a server does that does not say it."""


def list_effects(root: Node) -> Effects:
    """What every context does."""
    found: Effects = {}
    _context(root, "main", found)
    return found


def _context(node: Node, name: str, found: Effects) -> None:
    mine = found.setdefault(name, {})
    if node.kind == "server":
        there = {inner.kind for inner in node.inner}
        mine.update({kind: [effect] for kind, effect in SERVER.items() if kind not in there})
    for inner in node.inner:
        if inner.nodes is not None and inner.kind in ("events", "http", "server", "upstream", "location"):
            key = _unique(_name(inner, name), found)
            mine.setdefault(inner.kind, []).append((key,))
            found[key] = {}
            _context(inner, key, found)
        else:
            kind = "rewrite" if inner.kind in REWRITE else inner.kind
            effects = mine.setdefault(kind, [])
            if kind == "server_name" and effects:
                # Names add up.
                effects[0] += _words(inner)[1:]
            else:
                effects.append(_words(inner))


def _name(node: Node, context: str) -> str:
    if node.kind == "server":
        listens = [inner.value for inner in node.inner if inner.kind == "listen"] or [SERVER["listen"][1]]
        names = [inner.value for inner in node.inner if inner.kind == "server_name" and inner.value]
        return " ".join(["server", *listens, *names])
    return f"{'' if node.kind in ('events', 'http', 'upstream') else context + ': '}{' '.join(node.values)}"


def _unique(name: str, found: Effects) -> str:
    names = [name, *(f"{name} ({number})" for number in range(2, 1000))]
    return next(candidate for candidate in names if candidate not in found)


def _words(node: Node) -> Effect:
    if node.kind == "log_format":
        escape = [value for value in node.values[2:3] if value.startswith("escape=")]
        return (*node.values[:2], *escape, "".join(node.values[2 + len(escape) :]))
    if node.kind == "pid":
        return (node.kind, re.sub("^/var/run/", "/run/", node.value))
    if node.verbatim is not None:
        return (*node.values, "{", *node.verbatim, "}")
    if node.nodes is None:
        return tuple(node.values)
    return (*node.values, "{", *(" ".join(_words(inner)) for inner in node.inner), "}")
