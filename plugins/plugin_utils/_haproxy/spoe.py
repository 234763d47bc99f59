# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Agents that HAProxy asks about connections and requests (SPOE): their files, and the lines of the sections that ask.

What is printed is the same for all releases: since 3.1, HAProxy takes a backend of mode tcp for one of mode spop."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .declared import Item, Variables
from .words import DIRECTORY, fit_line

FILES = "spoe"
"""Directory of the agents' files, below HAProxy's own."""
ERROR = "error"
"""Name of the variable, behind the agent's prefix, with the reason for which there is no answer."""
REFUSE = "refuse"
STATUS = 503

BODY = re.compile(r"\breq\.body")
"""Sample fetches that need the body of a request."""


def list_files(variables: Variables, timeouts: Mapping[str, Any]) -> list[Item]:
    """Path, mode and content of the file of each agent; C(timeouts) are the defaults of theirs."""
    return [
        {
            "path": find_file(agent),
            "mode": "0640",
            "content": "\n".join(
                [
                    "# Managed by Ansible (evenkeel.ha_web): changes to this file are overwritten.",
                    f"[{agent['name']}]",
                    *_build_agent(agent, timeouts),
                    *(line for message in agent["messages"] for line in _build_message(message)),
                    *(line for group in agent.get("groups", []) for line in _build_group(group)),
                    "",
                ]
            ),
        }
        for agent in variables["haproxy_spoe_agents"]
    ]


def find_file(agent: Item) -> str:
    """The path of the agent's file, below HAProxy's directory."""
    return f"{FILES}/{agent['name']}.conf"


def _build_agent(agent: Item, timeouts: Mapping[str, Any]) -> list[str]:
    asked = [message["name"] for message in agent["messages"] if message.get("event")]
    groups = [group["name"] for group in agent.get("groups", [])]
    return [
        f"spoe-agent {agent['name']}",
        *(f"    messages {name}" for name in asked),
        *(f"    groups {name}" for name in groups),
        f"    option var-prefix {find_prefix(agent)}",
        f"    option set-on-error {ERROR}",
        # Without it, there is a line for every request.
        "    option dontlog-normal",
        *(f"    timeout {name} {value}" for name, value in {**timeouts, **agent.get("timeouts", {})}.items()),
        f"    use-backend {agent['backend']}",
        "    log global",
        *(f"    {line}" for line in agent.get("lines", [])),
    ]


def _build_message(message: Item) -> list[str]:
    condition = f" {message['condition']}" if message.get("condition") else ""
    return [
        "",
        f"spoe-message {message['name']}",
        *(f"    {line}" for acl in message.get("acls", []) for line in fit_line(f"acl {acl}")),
        *(f"    args {argument}" for argument in message.get("args", [])),
        *([f"    event {message['event']}{condition}"] if message.get("event") else []),
    ]


def _build_group(group: Item) -> list[str]:
    return ["", f"spoe-group {group['name']}", *(f"    messages {name}" for name in group["messages"])]


def find_prefix(agent: Item) -> str:
    """The prefix of the agent's variables."""
    return str(agent.get("var_prefix") or agent["name"])


def list_backends(variables: Variables) -> set[str]:
    """The names of the backends that have agents."""
    return {agent["backend"] for agent in variables["haproxy_spoe_agents"]}


def build_filters(section: Item, mode: str, variables: Variables) -> list[str]:
    """The C(filter) lines of a frontend or listen, in the order of the agents. HAProxy waits for the body of a request
    if an agent is to see it."""
    agents = _list_agents(section, variables)
    buffered = mode == "http" and any(BODY.search(text) for agent in agents for text in _list_samples(agent))
    return [
        *(["option http-buffer-request"] if buffered else []),
        *(f"filter spoe engine {agent['name']} config {DIRECTORY}/{find_file(agent)}" for agent in agents),
    ]


def match_error(agent: Item) -> str:
    """The condition that there is no answer of the agent."""
    return f"{{ var(txn.{find_prefix(agent)}.{ERROR}) -m found }}"


def list_unanswered(section: Item, variables: Variables) -> list[tuple[str, int]]:
    """Return condition and status for each agent without whose answer a frontend or listen refuses."""
    return [
        (match_error(agent), int(agent.get("status") or STATUS))
        for agent in _list_agents(section, variables)
        if agent.get("on_error") == REFUSE
    ]


def _list_agents(section: Item, variables: Variables) -> list[Item]:
    return [agent for agent in variables["haproxy_spoe_agents"] if section["name"] in agent["frontends"]]


def _list_samples(agent: Item) -> list[str]:
    return [
        text
        for message in agent["messages"]
        for text in (*message.get("args", []), *message.get("acls", []), message.get("condition", ""))
    ]
