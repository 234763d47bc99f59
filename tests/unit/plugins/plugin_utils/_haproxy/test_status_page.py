# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The status page: what HAProxy and the program get, and what keeps the page from being served."""

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._haproxy import status_page
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._haproxy.listeners import has_statistics
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._haproxy.problems import problems
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._haproxy.sections import build_sections
from samples.haproxy import BASE, NODES, back, variables

ON = {"haproxy_status_page_enabled": True}
VRRP = [
    {
        "name": "cluster_vip",
        "auth_pass": "unutterable",
        "virtual_ipaddress": [{"address": "192.0.2.10/24"}, {"address": "2001:db8::10"}],
    },
    {"name": "anycast", "anycast": ["198.51.100.10"]},
]


@pytest.mark.parametrize(
    ("changes", "server"),
    [
        ({}, "page unix@/haproxy-status-page.sock maxconn 4"),
        ({"haproxy_chroot": "/srv/jail"}, "page unix@/haproxy-status-page.sock maxconn 4"),
        ({"haproxy_chroot": ""}, "page unix@/var/lib/haproxy/haproxy-status-page.sock maxconn 4"),
    ],
)
def test_haproxy_finds_the_program_in_its_chroot(changes, server):
    (own,) = build_sections(variables(**ON, **changes), BASE)["proxies"]
    assert (own["name"], own["from"], own["servers"]) == ("status_page", "local", [server])


@pytest.mark.parametrize("off", [False, "false", "no"])
def test_without_the_page_nothing_is_printed(off):
    changes = variables(haproxy_status_page_enabled=off, haproxy_stats_enabled=False)
    assert build_sections(changes, BASE)["proxies"] == []
    assert not has_statistics(changes)


def test_the_page_alone_has_the_listener_of_the_statistics():
    assert has_statistics(variables(**ON, haproxy_stats_enabled=False))


def test_the_program_gets_names_and_addresses_and_no_password():
    settings = status_page.build_page(variables(**ON, haproxy_nodes=NODES), VRRP)["settings"]
    assert settings["nodes"] == {"192.0.2.11": "lb1", "192.0.2.12": "lb2"}
    assert settings["vips"] == {"cluster_vip": ["192.0.2.10", "2001:db8::10"], "anycast": []}
    assert "unutterable" not in str(settings)
    # check_cluster compares the files of the nodes.
    other = status_page.build_page(variables(**ON, haproxy_nodes=NODES, haproxy_node_name="lb2"), VRRP)
    assert other["settings"] == settings


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"haproxy_runtime": "container", "haproxy_image_base": "debian:bookworm"}, "haproxy_runtime is container"),
        ({"haproxy_status_page_uri": "cluster"}, "haproxy_status_page_uri is 'cluster': a path is needed"),
        ({"haproxy_status_page_uri": "/?cluster"}, "haproxy_status_page_uri is '/?cluster': a path is needed"),
        ({"haproxy_status_page_uri": "/stats/cluster"}, "begins with the latter"),
        ({"haproxy_stats_uri": "/"}, "begins with the latter"),
        ({"haproxy_status_page_uri": "/metrics", "haproxy_prometheus_enabled": True}, "are both '/metrics'"),
        ({"haproxy_backends": [back(name="status_page")]}, "the name status_page is taken by the role's own backend"),
        ({"haproxy_stats_address": "*", "haproxy_stats_enabled": False}, "need a user with a password"),
    ],
)
def test_what_cannot_be_served_is_refused(changes, says):
    (problem,) = problems(variables(**ON, **changes))
    assert says in problem
    assert problems(variables(**changes, haproxy_status_page_enabled=False)) == []


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"haproxy_stats_uri": "/", "haproxy_stats_enabled": False},
        {"haproxy_status_page_uri": "/metrics"},
        {"haproxy_status_page_uri": "/"},
        {"haproxy_stats_uri": "/haproxy?stats", "haproxy_status_page_uri": "/haproxy"},
    ],
)
def test_other_paths_are_free(changes):
    assert problems(variables(**ON, **changes)) == []
