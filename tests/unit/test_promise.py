# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The promise about an inventory: it is refused with the name of a variable that it has, or becomes a model that can be
printed. Whether the daemons accept what is printed is a story of scenario default."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._haproxy import plan as haproxy
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._input.message import LONGEST, write_message
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._keepalived import plan as keepalived
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._nginx import plan as nginx
from hypothesis import given
from hypothesis import strategies as st
from samples import drawn, specified
from samples.haproxy import BASE as HAPROXY_BASE
from samples.haproxy import DEFAULTS as HAPROXY_DEFAULTS
from samples.keepalived import FACTS, NODES

ROLES = Path(__file__).parents[2] / "roles"
UNREADABLE = re.compile(r"""Traceback|Unexpected|<unknown>|\[(['"]).*?\1\]|\bNone\b|[\x00-\x1f]""")


def read(role: str, name: str) -> dict:
    return yaml.safe_load((ROLES / role / name).read_text(encoding="utf-8"))


def options(role: str) -> dict:
    return read(role, "meta/argument_specs.yml")["argument_specs"]["main"]["options"]


OPTIONS = {role: options(role) for role in ("haproxy", "keepalived", "nginx")}
DEFAULTS = {role: read(role, "defaults/main.yml") for role in OPTIONS}
NGINX, KEEPALIVED = read("nginx", "vars/main.yml"), read("keepalived", "vars/main.yml")
KEEPALIVED_BASE = {
    **KEEPALIVED["__keepalived_base"],
    "state_directory": "/run/track",
    "watch_directory": "/run/watch",
    "heartbeat": KEEPALIVED["__keepalived_heartbeat"],
    "role_defaults": DEFAULTS["keepalived"],
}
NGINX_BASE = {**NGINX["__nginx_base"], "role_defaults": DEFAULTS["nginx"]}
OF_HOST = {"keepalived_node_name": "lb1", "keepalived_nodes": NODES}


def texts(value: object) -> Iterator[str]:
    """All texts of a model."""
    if isinstance(value, (dict, list)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from texts(item)
    elif isinstance(value, str):
        yield value


def keep(found: dict, inventory: dict, role: str) -> None:
    """Raises AssertionError unless the plan is a refusal that can be understood, or a model."""
    for problem in found["problems"]:
        assert any(name in problem for name in inventory), problem
        assert not UNREADABLE.search(problem), problem
        assert len(write_message([problem], one_per_line=True)) <= LONGEST + 10
    assert len(set(found["problems"])) == len(found["problems"])
    assert bool(found["model"]) != bool(found["problems"])
    files = {"contents", "content", "companions"}
    printed = [text for key, part in found["model"].items() if key not in files for text in texts(part)]
    assert [text for text in printed if "\n" in text and not text.endswith("\n")] == []


def plan(role: str, inventory: dict) -> dict:
    """The plan of a role for a host with this inventory."""
    if role == "haproxy":
        return haproxy.plan({**HAPROXY_DEFAULTS, **inventory}, HAPROXY_BASE, OPTIONS[role], {})
    variables = {**DEFAULTS[role], **inventory}
    if role == "nginx":
        return nginx.plan(variables, NGINX_BASE, OPTIONS[role], {})
    return keepalived.plan({**DEFAULTS[role], **OF_HOST, **inventory}, KEEPALIVED_BASE, OPTIONS[role], FACTS)


@given(drawn.haproxy)
def test_haproxy(inventory):
    keep(plan("haproxy", inventory), inventory, "haproxy")


@given(drawn.nginx)
def test_nginx(inventory):
    keep(plan("nginx", inventory), inventory, "nginx")


@given(drawn.draw_keepalived(["192.0.2.240/24", "192.0.2.241/24"]))
def test_keepalived(inventory):
    keep(plan("keepalived", inventory), inventory, "keepalived")


CLUSTER = {
    "haproxy": {"haproxy_backends": [{"name": "web", "servers": [{"name": "w1", "address": "192.0.2.21"}]}]},
    "nginx": {"nginx_sites": [{"name": "web", "listens": ["80"]}]},
    "keepalived": {
        "keepalived_instances": [
            {"name": "web", "virtual_router_id": 51, "virtual_ipaddress": [{"address": "192.0.2.240/24"}]}
        ]
    },
}


@pytest.mark.parametrize("role", OPTIONS)
@given(st.data())
def test_any_variable(role, data):
    inventory = {**CLUSTER[role], **data.draw(specified.draw_variables(OPTIONS[role]))}
    keep(plan(role, inventory), inventory, role)
