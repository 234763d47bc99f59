# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who may take which addresses from whom."""

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._keepalived.move import (
    plan_emptying,
    plan_move,
    plan_moves,
)
from samples.cluster import haproxy
from samples.keepalived import NODES, group, instance


def seen(age=100.0, **states):
    """What keepalived_info has returned; C(lb1='MASTER BACKUP') are the states of web and api on lb1."""
    return {
        node: {
            "instances": [
                {"name": name, "state": state, "seconds_in_state": age}
                for name, state in zip(("web", "api"), words.split())
            ]
        }
        for node, words in states.items()
    }


def declared(*names, groups=(), **keys):
    """Instances of these names on three nodes."""
    return {"nodes": NODES, "instances": [instance(name=name, **keys) for name in names], "sync_groups": list(groups)}


ONE = declared("web")
TWO = declared("web", "api")
BOTH = declared("web", "api", groups=[group("web", "api")])


@pytest.mark.parametrize(
    ("states", "to", "source", "target", "bystanders"),
    [
        ({"lb1": "MASTER", "lb2": "BACKUP", "lb3": "BACKUP"}, "", "lb1", "lb2", ["lb3"]),
        ({"lb1": "BACKUP", "lb2": "BACKUP", "lb3": "MASTER"}, "", "lb3", "lb1", ["lb2"]),
        ({"lb1": "MASTER", "lb2": "FAULT", "lb3": "BACKUP"}, "", "lb1", "lb3", []),
        ({"lb1": "MASTER", "lb2": "BACKUP", "lb3": "BACKUP"}, "lb3", "lb1", "lb3", ["lb2"]),
        ({"lb1": "MASTER", "lb2": "FAULT", "lb3": "BACKUP"}, "lb1", "lb1", "lb1", ["lb3"]),
        ({"lb1": "MASTER", "lb2": "BACKUP"}, "", "lb1", "lb2", []),
    ],
)
def test_the_addresses_go_to_the_node_that_is_named_or_the_next_one_that_is_well(
    states, to, source, target, bystanders
):
    planned = plan_move(seen(**states), ONE, to=to)
    assert planned == {
        "instances": ["web"],
        "source": source,
        "target": target,
        "bystanders": bystanders,
        "problems": [],
    }


def test_an_instance_has_its_own_nodes():
    planned = plan_move(seen(lb1="BACKUP", lb2="BACKUP", lb3="MASTER"), declared("web", nodes=["lb3", "lb2"]))
    assert (planned["source"], planned["target"], planned["bystanders"]) == ("lb3", "lb2", [])


SHARED = instance(name="cluster_anycast", virtual_ipaddress=[], anycast=["198.51.100.80/32"])


@pytest.mark.parametrize(
    ("names", "wanted"), [((), ""), ((), "cluster_anycast"), (("web",), "cluster_anycast")], ids=repr
)
def test_addresses_that_all_nodes_have_are_not_moved(names, wanted):
    cluster = declared(*names)
    cluster["instances"].append(SHARED)
    (problem,) = plan_move(seen(lb1="MASTER", lb2="BACKUP"), cluster, instance=wanted)["problems"]
    assert problem.startswith("all nodes have the addresses of cluster_anycast, so there is nothing to move")
    assert plan_emptying(seen(lb1="", lb2="BACKUP"), cluster, "lb1") == []


def test_a_vip_moves_beside_them():
    cluster = declared("web")
    cluster["instances"].append(SHARED)
    assert plan_move(seen(lb1="MASTER", lb2="BACKUP"), cluster)["target"] == "lb2"


def test_instances_of_a_group_move_together():
    planned = plan_move(seen(lb1="MASTER MASTER", lb2="BACKUP FAULT", lb3="BACKUP BACKUP"), BOTH, instance="api")
    assert (planned["instances"], planned["target"]) == (["web", "api"], "lb3")


@pytest.mark.parametrize(
    ("states", "cluster", "keys", "problem"),
    [
        ({}, TWO, {}, "name the instance to move, which is one of web, api"),
        ({}, ONE, {"instance": "wbe"}, "there is no instance 'wbe'; did you mean web?"),
        ({}, declared(), {}, "there is no instance"),
        (
            {"lb1": "BACKUP", "lb2": "BACKUP"},
            ONE,
            {},
            "web is held by no node: repair that first, see journalctl --unit keepalived there",
        ),
        (
            {"lb1": "MASTER", "lb2": "MASTER"},
            ONE,
            {},
            "web is held by lb1, lb2: repair that first, see journalctl --unit keepalived there",
        ),
        ({"lb1": "MASTER", "lb2": "BACKUP"}, ONE, {"to": "lb4"}, "lb4 is no node of web; did you mean lb3?"),
        (
            {"lb1": "MASTER", "lb2": "FAULT", "lb3": ""},
            ONE,
            {},
            "no node can take web from lb1: lb2 is FAULT, lb3 is GONE, and BACKUP is what it has to be",
        ),
        (
            {"lb1": "MASTER", "lb2": "FAULT"},
            ONE,
            {"to": "lb2"},
            "lb2 cannot take web from lb1: lb2 is FAULT, and BACKUP is what it has to be",
        ),
    ],
)
def test_what_cannot_be_moved(states, cluster, keys, problem):
    assert plan_move(seen(**states), cluster, **keys)["problems"] == [problem]


@pytest.mark.parametrize(("age", "safe"), [(59.9, False), (60, True)])
def test_the_last_move_has_to_be_past(age, safe):
    planned = plan_move(seen(age, lb1="MASTER", lb2="BACKUP"), ONE, interval=60)
    assert bool(planned["problems"]) is not safe
    assert plan_move(seen(age, lb1="MASTER", lb2="BACKUP"), ONE, to="lb1", interval=60)["problems"] == []


def test_a_node_is_emptied_of_what_it_holds():
    several = seen(lb1="MASTER BACKUP", lb2="BACKUP MASTER", lb3="BACKUP BACKUP")
    assert [(planned["instances"], planned["target"]) for planned in plan_emptying(several, TWO, "lb2")] == [
        (["api"], "lb3")
    ]
    assert plan_emptying(several, TWO, "lb3") == []
    together = seen(lb1="MASTER MASTER", lb2="BACKUP BACKUP")
    assert [planned["instances"] for planned in plan_emptying(together, BOTH, "lb1")] == [["web", "api"]]


def test_a_node_is_emptied_or_an_instance_is_moved():
    states = seen(lb1="MASTER MASTER", lb2="BACKUP BACKUP", lb3="BACKUP BACKUP")
    assert plan_moves(states, TWO, node="lb1") == plan_emptying(states, TWO, "lb1")
    assert plan_moves(states, TWO, vrrp_instance="api", to="lb3", interval=60) == [
        plan_move(states, TWO, "api", "lb3", 60)
    ]


CERTIFICATE = {"certificates": [{"file": "/store/www.pem", "expires": "2027-02-01T00:00:00Z", "days_left": 60}]}
WELL = {"lb1": "MASTER", "lb2": "BACKUP", "lb3": "BACKUP"}


def served(*nodes):
    """What haproxy_info has returned: these nodes have the certificate."""
    return {node: haproxy(**(CERTIFICATE if node in nodes else {})) for node in ("lb1", "lb2", "lb3")}


@pytest.mark.parametrize(
    ("to", "having", "target"),
    [
        ("", ["lb1", "lb2", "lb3"], "lb2"),
        ("", ["lb1", "lb3"], "lb3"),
        ("lb3", ["lb1", "lb3"], "lb3"),
        ("", [], "lb2"),
        ("", ["lb2"], "lb2"),
        ("lb1", ["lb1"], "lb1"),
    ],
)
def test_the_addresses_go_to_a_node_that_serves_what_the_holder_serves(to, having, target):
    planned = plan_move(seen(**WELL), ONE, to=to, served=served(*having))
    assert (planned["target"], planned["problems"]) == (target, [])


@pytest.mark.parametrize(("to", "having"), [("lb2", ["lb1", "lb3"]), ("", ["lb1"])])
def test_the_addresses_stay_where_more_is_served(to, having):
    (problem,) = plan_move(seen(**WELL), ONE, to=to, served=served(*having))["problems"]
    assert "web stays on lb1, which serves more: lb2 does not serve the certificate /store/www.pem" in problem
    assert "check_cluster.yml" in problem


def test_a_node_of_which_nothing_is_known_is_not_compared():
    two = {name: node for name, node in served("lb1").items() if name != "lb2"}
    assert plan_move(seen(**WELL), ONE, served=two)["target"] == "lb2"
    assert plan_move(seen(**WELL), ONE, served={"lb2": haproxy()})["target"] == "lb2"


def test_a_node_is_not_emptied_where_nobody_serves_what_it_serves():
    (planned,) = plan_emptying(seen(**WELL), ONE, "lb1", served("lb1"))
    assert planned["problems"]
