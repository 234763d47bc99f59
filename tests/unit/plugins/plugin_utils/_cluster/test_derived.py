# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._cluster.derived import (
    find_sources,
    find_wrong_types,
    list_options,
)
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._input.plan import with_sources
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._input.read import UNREADABLE

# role, variables of the inventory, problems
WRONG = [
    ("haproxy", {"haproxy_maxconn": 5}, []),
    ("haproxy", {"haproxy_maxconn": "many", "haproxy_bakends": []}, ["haproxy_bakends is not a", "haproxy_maxconn is"]),
    # The role tells those that it does not know, with all that is wrong beside.
    ("haproxy", {"haproxy_bakends": []}, []),
    (
        "haproxy",
        {"haproxy_files": {UNREADABLE: "'a' is undefined"}},
        ["haproxy_files cannot be read: 'a' is undefined"],
    ),
    ("keepalived", {"keepalived_nodes": ["lb1"]}, ["keepalived_nodes[0] is 'lb1': keys with values are needed"]),
    ("keepalived", {"keepalived_instances": [{"name": "a", "virtual_router_id": 1, "nodes": None}]}, []),
    ("nginx", {"nginx_sites": [{"name": "a", "index": None}]}, ["nginx_sites[a].index has no value"]),
    (
        "bird",
        {"bgp_peers": [{"adress": "192.0.2.1", "as": 1}]},
        ["bgp_peers[0] has the key 'adress'", "bgp_peers[0] has"],
    ),
    ("bird", {"cluster_anycast": "192.0.2.1/32"}, ["cluster_anycast is '192.0.2.1/32': a list is needed"]),
    ("bird", {}, []),
]


@pytest.mark.parametrize(("role", "given", "beginnings"), WRONG)
def test_wrong_types_have_the_names_of_the_inventory(role, given, beginnings):
    problems = find_wrong_types(role, given, list_options(role), given)
    assert len(problems) == len(beginnings), problems
    assert [problem[: len(start)] for problem, start in zip(problems, beginnings)] == beginnings


# inventory, a problem of a role, what is reported
SOURCES = [
    (
        {"bgp_peers": []},
        "bird_peers: 192.0.2.1: as is 0; see bird_peers",
        "bgp_peers: 192.0.2.1: as is 0; see bgp_peers",
    ),
    ({"bird_peers": []}, "bird_peers: 192.0.2.1: as is 0", "bird_peers: 192.0.2.1: as is 0"),
    ({}, "bird_local_as is not set", "bgp_local_as is not set"),
    ({}, "bird_bfd.interval is 'a'", "bgp_bfd.interval is 'a'"),
    ({"cluster_vip": "a/24"}, "keepalived_instances: cluster_vip: b", "cluster_vip (a/24): b"),
    ({"cluster_vips": ["a", "b"]}, "keepalived_instances: cluster_vip_2: c", "cluster_vips (b): c"),
    (
        {"cluster_vip": "a", "cluster_vips": ["b"], "cluster_vip6": "c"},
        "keepalived_instances: cluster_vip6: d",
        "cluster_vip6 (c): d",
    ),
    ({"cluster_anycast": ["a"]}, "keepalived_instances: cluster_anycast6: b", "cluster_anycast: b"),
    (
        {"cluster_vip": "a", "keepalived_instances": []},
        "keepalived_instances: cluster_vip: b",
        "keepalived_instances: cluster_vip: b",
    ),
    ({}, "keepalived_nodes has 1 node(s)", "the group load_balancers has 1 node(s)"),
    ({}, "set address6 in keepalived_nodes", "set address6 in keepalived_nodes"),
    ({"keepalived_nodes": []}, "keepalived_nodes: a", "keepalived_nodes: a"),
    ({"cluster_servers": ["a"]}, "haproxy_backends: web: server a", "cluster_servers: server a"),
    ({}, "haproxy_backends: web: server a", "the group web_servers: server a"),
    ({"haproxy_backends": []}, "haproxy_backends: web: server a", "haproxy_backends: web: server a"),
    ({"cluster_vip": r"\1"}, "keepalived_instances: cluster_vip: b", r"cluster_vip (\1): b"),
]


@pytest.mark.parametrize(("inventory", "problem", "told"), SOURCES)
def test_a_problem_names_what_the_inventory_has(inventory, problem, told):
    plan = with_sources(lambda: {"problems": [problem], "model": {}})
    assert plan(sources=find_sources(inventory)) == {"problems": [told], "model": {}}
    assert plan() == {"problems": [problem], "model": {}}
