# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The defaults sections. Each is printed with all that it inherits, so that false leaves out what HAProxy could not
negate, such as C(option forwardfor) and every C(timeout)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean

from .declared import Item, Variables

MODES = ("http", "tcp")

NEUTRAL_WORDS = {
    "backlog",
    "balance",
    "clitcpka-cnt",
    "clitcpka-idle",
    "clitcpka-intvl",
    "default-server",
    "email-alert",
    "external-check",
    "fullconn",
    "hash-balance-factor",
    "hash-type",
    "log",
    "log-tag",
    "maxconn",
    "rate-limit",
    "retries",
    "source",
    "srvtcpka-cnt",
    "srvtcpka-idle",
    "srvtcpka-intvl",
    "timeout",
}
"""First words of lines that mean the same in both modes, so that sections of both inherit them."""

NEUTRAL_OPTIONS = {
    "abortonclose",
    "allbackups",
    "clitcpka",
    "contstats",
    "dontlog-normal",
    "dontlognull",
    "external-check",
    "independent-streams",
    "log-health-checks",
    "log-separate-errors",
    "logasap",
    "nolinger",
    "persist",
    "redispatch",
    "socket-stats",
    "splice-auto",
    "splice-request",
    "splice-response",
    "srvtcpka",
    "tcp-smart-accept",
    "tcp-smart-connect",
    "tcpka",
    "transparent",
}
"""The same of C(option NAME)."""


LOGS = ("clf", "httplog", "httpslog", "tcplog")
"""Options that supersede a C(log-format)."""


@dataclass(frozen=True)
class Defaults:
    """What an inventory declares of a defaults section and of those that it inherits; false stands for left out."""

    name: str
    mode: str
    options: dict[str, Any]
    timeouts: dict[str, Any]
    lines: list[str]


def declared_defaults(variables: Variables) -> dict[str, Defaults]:
    """The defaults sections by their names: C(http) and C(tcp), to which what an inventory adds to the defaults belongs
    as far as their mode understands it, and the named ones."""
    found = {name: _root(name, variables) for name in MODES}
    for item in variables["haproxy_named_defaults"]:
        parent = found.get(item.get("from") or choose_defaults(item, variables), found["http"])
        found[item["name"]] = _child(item, parent)
    return found


def choose_defaults(item: Item, variables: Variables) -> str:
    """The name of the defaults of a section that names none: those of its mode. HAProxy has one for all, and so it is
    in plain mode."""
    own = variables["haproxy_mode"]
    return str(own if boolean(variables["haproxy_plain"]) else item.get("mode") or own)


def list_written_timeouts(lines: list[str]) -> dict[str, str]:
    """The values of C(timeout) lines by their names; of a name that stands twice, HAProxy takes the last."""
    words = [line.split() for line in lines]
    return {line[1]: line[2] for line in words if line[:1] == ["timeout"] and len(line) > 2}


def merge_timeouts(item: Item, inherited: Defaults) -> dict[str, Any]:
    """The time-outs that the inventory sets for a section, in its lines or in its defaults."""
    return {
        **inherited.timeouts,
        **list_written_timeouts(inherited.lines),
        **list_written_timeouts(item.get("lines", [])),
    }


def build_timeouts(declared: Defaults, builtin: dict[str, Any]) -> dict[str, Any]:
    """The time-outs of a defaults section besides those of its lines."""
    lines = list_written_timeouts(declared.lines)
    own = {**declared.timeouts, **lines}
    tunnel = choose_tunnel(declared.mode, [own.get("client")], own.get("server"), builtin.get("tunnel", False))
    whole = {**builtin, **({"tunnel": tunnel} if "tunnel" in builtin else {}), **declared.timeouts}
    return {name: value for name, value in whole.items() if name not in lines}


def choose_tunnel(mode: str, clients: list[Any], server: Any, builtin: Any) -> Any:
    """The tunnel time-out of sections for which the inventory sets none; false for none.

    It supersedes C(timeout client) and C(timeout server), in mode tcp from the beginning of a connection. So there is
    none where both are the inventory's own. Where only one of them is, connections of mode tcp may be idle as long."""
    own_clients = bool(clients) and all(clients)
    if own_clients and server:
        return False
    if mode == "tcp" and server:
        return server
    if mode == "tcp" and own_clients and len(set(map(str, clients))) == 1:
        return clients[0]
    return builtin


def _root(name: str, variables: Variables) -> Defaults:
    own = name == variables["haproxy_mode"]
    options, lines = variables["haproxy_options"], variables["haproxy_defaults_lines"]
    return Defaults(
        name,
        name,
        {key: value for key, value in options.items() if own or key in NEUTRAL_OPTIONS},
        variables["haproxy_timeouts"],
        [line for line in lines if own or _is_neutral(line.split())],
    )


def _is_neutral(words: list[str]) -> bool:
    words = words[1:] if words[:1] == ["no"] else words
    return bool(words) and (
        words[0] in NEUTRAL_WORDS or (words[0] == "option" and words[1:2] != [] and words[1] in NEUTRAL_OPTIONS)
    )


def _list_names(line: str) -> set[tuple[str, ...]]:
    """The names of what a line sets: its first word, and the first two."""
    words = line.removeprefix("no ").split()
    return {tuple(words[:1]), tuple(words[:2])}


def _child(item: Item, parent: Defaults) -> Defaults:
    options, timeouts, lines = item.get("options", {}), item.get("timeouts", {}), item.get("lines", [])
    replaced: set[tuple[str, ...]] = {("option", name) for name in options}
    replaced |= {("timeout", name) for name in (*timeouts, *list_written_timeouts(lines))}
    if any(options.get(name) for name in LOGS):
        replaced |= {("log-format",)}
    inherited = [line for line in parent.lines if not replaced & _list_names(line)]
    return Defaults(
        item["name"],
        item.get("mode") or parent.mode,
        # Of options that exclude each other, HAProxy takes the last.
        {**{name: value for name, value in parent.options.items() if name not in options}, **options},
        {**parent.timeouts, **timeouts},
        [*inherited, *lines],
    )
