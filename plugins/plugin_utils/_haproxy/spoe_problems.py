# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find what would keep an agent from being asked, or HAProxy from starting. Each problem is one line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from .._input.rules import find_repeated
from .declared import Item, Sections, Variables
from .sections import find_mode, find_modes
from .spoe import REFUSE, STATUS, find_file, find_prefix, match_error
from .words import DIRECTORY

BEFORE_RULES = ("on-client-session", "on-frontend-tcp-request", "on-frontend-http-request")
"""Events before the rules of a frontend, which can refuse what has got no answer."""
HTTP = ("on-frontend-http-request", "on-backend-http-request", "on-http-response")

NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
PREFIX = re.compile(r"[A-Za-z0-9_.]+")
ARGUMENT = re.compile(r"([A-Za-z0-9_.-]+)=")


def problems(variables: Variables, sections: Sections) -> Iterator[str]:
    """C(sections) are the items of each kind, merged over their defaults."""
    agents = variables["haproxy_spoe_agents"]
    yield from find_repeated("haproxy_spoe_agents", "name", [agent["name"] for agent in agents])
    yield from find_repeated("haproxy_spoe_agents", "var_prefix", [find_prefix(agent) for agent in agents])
    paths = {str(file["path"]) for file in variables["haproxy_files"] if file.get("state") != "absent"}
    fronts, backs = (_find_modes(variables, sections, kind) for kind in ("frontend", "backend"))
    for agent in agents:
        where = f"haproxy_spoe_agents: {agent['name']}"
        yield from _find_wrong_name(where, "name", agent["name"])
        if not PREFIX.fullmatch(find_prefix(agent)):
            yield (
                f"{where}: the prefix of its variables is '{find_prefix(agent)}': set var_prefix to letters, digits, "
                "dots and underscores"
            )
        if {find_file(agent), f"{DIRECTORY}/{find_file(agent)}"} & paths:
            yield f"{where}: haproxy_files has {find_file(agent)}, which is the role's own file: remove one of them"
        yield from _find_backend_problems(where, agent["backend"], backs)
        yield from _find_frontend_problems(where, agent, fronts)
        yield from _find_message_problems(where, agent)
        yield from _find_refusal_problems(where, agent)


def _find_modes(variables: Variables, sections: Sections, kind: str) -> dict[str, str]:
    """The mode of each section of a kind, and of each listen, by its name."""
    known = find_modes(variables)
    return {
        section["name"]: find_mode(section, known, variables["haproxy_mode"])
        for section in sections[kind] + sections["listen"]
    }


def _find_wrong_name(where: str, what: str, name: str) -> Iterator[str]:
    if not NAME.fullmatch(name):
        yield f"{where}: the {what} '{name}' is none: letters, digits, underscores, dots and dashes are needed"


def _find_backend_problems(where: str, backend: str, modes: Mapping[str, str]) -> Iterator[str]:
    if backend not in modes:
        yield f"{where}: backend is '{backend}', which does not exist; there are {', '.join(modes) or 'no backends'}"
    elif modes[backend] != "tcp":
        yield f"{where}: its backend {backend} has mode {modes[backend]}: agents need mode: tcp"


def _find_frontend_problems(where: str, agent: Item, modes: Mapping[str, str]) -> Iterator[str]:
    if not agent["frontends"]:
        yield f"{where} has no frontends, so nothing would ask it; name at least one frontend or listen"
    yield from find_repeated(where, "frontend", agent["frontends"])
    for name in agent["frontends"]:
        if name not in modes:
            yield f"{where}: frontends has '{name}', which does not exist; there are {', '.join(modes) or 'none'}"
            continue
        for message in agent["messages"]:
            if message.get("event") in HTTP and modes[name] != "http":
                yield (
                    f"{where}: the event {message['event']} of {message['name']} needs mode http, and {name} has mode "
                    f"{modes[name]}: use on-client-session or on-frontend-tcp-request there"
                )


def _find_message_problems(where: str, agent: Item) -> Iterator[str]:
    messages, groups = agent["messages"], agent.get("groups", [])
    names = [message["name"] for message in messages]
    grouped = {name for group in groups for name in group["messages"]}
    if not messages:
        yield f"{where} has no messages, so it would not be asked anything; name at least one"
    yield from find_repeated(where, "message", names)
    yield from find_repeated(where, "group", [group["name"] for group in groups])
    for message in messages:
        own = f"{where}: message {message['name']}"
        yield from _find_wrong_name(where, "message", message["name"])
        given = [found.group(1) for argument in message.get("args", []) if (found := ARGUMENT.match(argument))]
        yield from find_repeated(own, "argument", given)
        if not message.get("event") and message["name"] not in grouped:
            yield f"{own} has no event and is in no group, so it would never be sent; set one, such as {HTTP[0]}"
        if message.get("condition") and not message.get("event"):
            yield f"{own} has a condition without an event; write it behind the rule send-spoe-group"
        if message.get("condition") and message["condition"].split()[:1] not in (["if"], ["unless"]):
            yield f"{own}: condition is '{message['condition']}': it begins with if or unless"
    for group in groups:
        yield from _find_wrong_name(where, "group", group["name"])
        for name in group["messages"]:
            if name not in names:
                yield f"{where}: group {group['name']} has the message '{name}', which does not exist"


def _find_refusal_problems(where: str, agent: Item) -> Iterator[str]:
    if agent.get("on_error") != REFUSE:
        if agent.get("status"):
            yield f"{where}: status is set, and on_error is continue, which refuses nothing: set on_error: refuse"
        return
    status = int(agent.get("status") or STATUS)
    if not 400 <= status <= 599:
        yield f"{where}: status is {status}, which is no error: use 400-599"
    for message in agent["messages"]:
        if message.get("event") not in BEFORE_RULES:
            when = message.get("event") or "send-spoe-group"
            yield (
                f"{where}: on_error is refuse, and the answer to {message['name']} ({when}) is not there yet when the "
                "role's rules refuse: leave on_error out, and write a rule with the condition "
                f"{match_error(agent)} yourself"
            )
