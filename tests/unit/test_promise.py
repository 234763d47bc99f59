# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The promise about an inventory: it is refused with the name of a variable that it has, or becomes a model that can be
printed. Whether the daemons accept what is printed is a story of scenario default."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import yaml
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._haproxy import plan as haproxy
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._input.message import LONGEST, write_message
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._keepalived import plan as keepalived
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._nginx import plan as nginx
from hypothesis import given
from samples import drawn
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
NGINX, KEEPALIVED = read("nginx", "vars/main.yml"), read("keepalived", "vars/main.yml")
KEEPALIVED_BASE = {
    **KEEPALIVED["__keepalived_base"],
    "state_directory": "/run/track",
    "watch_directory": "/run/watch",
    "heartbeat": KEEPALIVED["__keepalived_heartbeat"],
}
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


@given(drawn.haproxy)
def test_haproxy(inventory):
    variables = {**HAPROXY_DEFAULTS, **inventory}
    keep(haproxy.plan(variables, HAPROXY_BASE, OPTIONS["haproxy"], {}), inventory, "haproxy")


@given(drawn.nginx)
def test_nginx(inventory):
    variables = {**read("nginx", "defaults/main.yml"), **inventory}
    keep(nginx.plan(variables, NGINX["__nginx_base"], OPTIONS["nginx"], {}), inventory, "nginx")


@given(drawn.draw_keepalived(["192.0.2.240/24", "192.0.2.241/24"]))
def test_keepalived(inventory):
    variables = {**read("keepalived", "defaults/main.yml"), **OF_HOST, **inventory}
    keep(keepalived.plan(variables, KEEPALIVED_BASE, OPTIONS["keepalived"], FACTS), inventory, "keepalived")
