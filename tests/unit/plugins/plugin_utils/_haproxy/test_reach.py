# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A few servers stand for all, and nothing that would have to be resolved."""

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._haproxy.reach import reach_urls


def backend(*servers: tuple, **more: object) -> dict:
    return {
        "name": "web",
        "servers": [{"name": "x", "address": address, **({"port": port} if port else {})} for address, port in servers],
        "health_check": {"uri": "/healthz"},
        **more,
    }


def urls(*sections: dict) -> list[str]:
    return [item["url"] for item in reach_urls(list(sections))]


def test_three_are_enough_and_each_host_is_asked_once():
    many = backend(("10.0.0.1", 80), ("10.0.0.1", 81), ("10.0.0.2", 80), ("10.0.0.3", 80), ("10.0.0.4", 80))
    assert urls(many) == ["tcp://10.0.0.1:80", "tcp://10.0.0.2:80", "tcp://10.0.0.3:80"]


def test_the_port_may_be_the_backends():
    assert urls(backend(("10.0.0.1", None), port=8080), backend(("10.0.0.2", 80))) == [
        "tcp://10.0.0.1:8080",
        "tcp://10.0.0.2:80",
    ]


def test_ipv6_is_in_brackets_and_its_name_is_a_files():
    assert reach_urls([backend(("2001:db8::1", 80))]) == [
        {"name": "reaches_2001:db8::1_80", "url": "tcp://[2001:db8::1]:80"}
    ]


def test_names_sockets_and_servers_without_port_are_left_out():
    assert urls(backend(("web.example.com", 80), ("/run/web.sock", None), ("10.0.0.9", None))) == []


@pytest.mark.parametrize("check", [{"health_check": {"type": "none"}}, {"health_check": {"type": "tcp"}}])
def test_servers_that_are_not_asked_by_http_are_left_alone(check):
    assert urls(backend(("10.0.0.1", 5432), **check), backend(("10.0.0.2", 80))) == ["tcp://10.0.0.2:80"]


@pytest.mark.parametrize("place", ["section", "server"])
def test_a_database_is_asked_where_its_health_is(place):
    """Such as Patroni beside PostgreSQL, which would log every connection."""
    options = {"check": True, "port": 8008, "addr": "10.0.0.7"}
    section = backend(("10.0.0.1", 5432), mode="tcp")
    if place == "section":
        section["server_options"] = options
    else:
        section["servers"][0]["options"] = options
    assert urls(section) == ["tcp://10.0.0.7:8008"]


def test_servers_without_a_health_check_of_their_own_are_left_alone():
    section = backend(("10.0.0.1", 5432))
    del section["health_check"]
    assert urls(section) == []


def test_backends_without_servers_have_none():
    assert reach_urls([]) == reach_urls([{"name": "web", "servers": []}]) == []
