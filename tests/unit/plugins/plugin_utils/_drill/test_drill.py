# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a drill does, whether the cluster is well, and what a fault has cost."""

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._drill.drill import (
    describe_fault,
    find_failures,
    health,
    measure,
    plan,
    summary,
)
from samples.drill import record, seen, servers


@pytest.mark.parametrize(
    ("faults", "settings", "problem"),
    [
        (["haproxy_kiled"], {}, "drill_faults has 'haproxy_kiled'; did you mean haproxy_killed?"),
        ([], {}, "drill_faults is []: a list of faults is needed, out of vip_moved, "),
        ("haproxy_killed", {}, "drill_faults is 'haproxy_killed': a list"),
        ([7], {}, "drill_faults has '7'; there are "),
        ([{"name": "haproxy_hung"}], {}, "drill_faults has '{'name': 'haproxy_hung'}'"),
        (["haproxy_hung"], {"drill_seconds": 0.0}, "drill_seconds is 0: more than 0 seconds are needed"),
    ],
)
def test_what_cannot_be_done_is_refused(faults, settings, problem):
    assert plan(faults, settings)["problems"][0].startswith(problem)


@pytest.mark.parametrize(
    ("fault", "anycast", "problem"),
    [
        ("vip_moved", True, "drill_faults has 'vip_moved', but all nodes have the anycast addresses"),
        ("node_drained", False, "drill_faults has 'node_drained', but drill_instance has no anycast addresses"),
        ("bird_hung", False, "drill_faults has 'bird_hung', but drill_instance has no anycast addresses"),
    ],
)
def test_a_fault_needs_its_kind_of_addresses(fault, anycast, problem):
    assert plan([fault, "haproxy_hung"], {}, not anycast)["problems"] == []
    (found,) = plan([fault, "haproxy_hung"], {}, anycast)["problems"]
    assert found.startswith(problem)


def test_faults_are_done_in_their_order():
    planned = plan(["web_server_killed", "haproxy_hung", "haproxy_hung"], {"drill_seconds": 5.0})
    assert planned["problems"] == []
    assert [(fault["name"], fault["on"], fault["unit"]) for fault in planned["faults"]] == [
        ("web_server_killed", "web", "nginx"),
        ("haproxy_hung", "holder", "haproxy"),
        ("haproxy_hung", "holder", "haproxy"),
    ]


NORMAL = {"lb1": ["web/web1", "web/web2"], "lb2": ["web/web1", "web/web2"]}


@pytest.mark.parametrize(
    ("states", "up", "problems"),
    [
        ({"lb1": "MASTER", "lb2": "BACKUP"}, ["web1", "web2"], []),
        ({"lb1": "BACKUP", "lb2": "MASTER"}, ["web1", "web2", "web3"], []),
        ({"lb1": "MASTER", "lb2": "MASTER"}, ["web1", "web2"], ["vip is held by lb1 and lb2"]),
        ({"lb1": "BACKUP", "lb2": "BACKUP"}, ["web1", "web2"], ["vip is held by nobody"]),
        ({"lb1": "MASTER", "lb2": "FAULT"}, ["web1", "web2"], ["vip is in state FAULT on lb2"]),
        ({"lb1": "MASTER", "lb2": ""}, ["web1", "web2"], ["keepalived does not answer on lb2"]),
        (
            {"lb1": "MASTER", "lb2": "BACKUP"},
            ["web2"],
            ["lb1 gives no requests to web/web1", "lb2 gives no requests to web/web1"],
        ),
    ],
)
def test_a_cluster_is_well_when_all_is_as_before(states, up, problems):
    assert health(seen(states), servers(up), NORMAL)["problems"] == problems


def test_a_load_balancer_that_does_not_answer_gives_no_requests():
    found = health(
        seen({"lb1": "MASTER", "lb2": "BACKUP"}),
        [*servers(["web1", "web2"])[:1], {"__node": "lb2", "unreachable": True}],
        NORMAL,
    )
    assert found["problems"] == ["lb2 gives no requests to web/web1, web/web2"]


@pytest.mark.parametrize(
    ("announced", "problems"),
    [
        ([{"__node": "lb1", "announced": "ready", "peers": [{"problem": ""}]}], []),
        ([{"__node": "lb1", "announced": "drain", "peers": []}], ["lb1 announces 'drain'"]),
        ([{"__node": "lb1", "unreachable": True}], ["lb1 announces ''"]),
        (
            [{"__node": "lb1", "announced": "ready", "peers": [{"problem": "the session with 192.0.2.1 is down"}]}],
            ["lb1: the session with 192.0.2.1 is down"],
        ),
    ],
)
def test_nodes_announce_their_addresses(announced, problems):
    states = {"lb1": "MASTER", "lb2": "BACKUP"}
    assert health(seen(states), servers(["web1", "web2"]), NORMAL, announced)["problems"] == problems


def test_of_anycast_addresses_the_journals_say_what_nodes_announce():
    journal = (
        "1000.25 lb1 python3[7]: announces last_resort, because of /run/keepalived-track/haproxy\n"
        "1003.5 lb1 python3[7]: announces ready"
    )
    found = measure({**record([], journals={"lb1": journal}), "anycast": True})
    assert [(change["at"], change["state"]) for change in found["transitions"]] == [(0.25, "FAULT"), (3.5, "MASTER")]
    assert found["took_over"] == ""
    assert describe_fault(found).endswith("served by web1 (100).")


@pytest.mark.parametrize(
    ("lost", "outage", "noise"),
    [
        ([], 0, 0),
        ([100], 22, 0),
        ([100, 101], 32, 0),
        ([100, 150], 22, 0),
        # The clocks are not quite right.
        ([60], 22, 0),
        ([20], 0, 1),
        ([185], 0, 1),
        ([20, 21, 100, 185], 22, 3),
    ],
)
def test_a_fault_costs_what_was_lost_until_the_recovery(lost, outage, noise):
    """An outage lasts from a good request to a good answer. What was lost before or afterwards is noise."""
    found = measure(record(lost))
    cost = len(lost) - noise
    assert (found["lost"], found["outage_ms"], found["noise"]) == (cost, outage, noise)
    assert found["requests"] == 200
    assert sum(found["served"].values()) == 200 - len(lost)
    assert found["errors"] == ({"timeout": cost} if cost else {})


def test_all_that_is_lost_counts_while_the_cluster_has_not_recovered():
    assert measure({**record([185]), "recovered": 0.0})["lost"] == 1


def test_times_are_the_controllers_and_count_from_the_beginning():
    """lb2 is 10 s ahead, and the clients 3 s behind."""
    journal = (
        "1010.250000 lb2 Keepalived_vrrp[7]: (vip) Entering MASTER STATE\n1010.2 lb2 x: (other) Entering MASTER STATE"
    )
    found = measure(
        record([], journals={"lb1": "", "lb2": journal}, ahead={"lb2": 10.0, "clients": -3.0}, clients=-3.0)
    )
    assert found["transitions"] == [{"at": 0.25, "host": "lb2", "state": "MASTER"}]
    assert found["seen"][0][0] == -1.0
    assert found["took_over"] == "lb2"


@pytest.mark.parametrize(
    ("journals", "took_over"),
    [
        ({}, ""),
        ({"lb2": "999.0 lb2 k[1]: (vip) Entering MASTER STATE"}, ""),
        ({"lb2": "1000.1 lb2 k[1]: (vip) Entering MASTER STATE"}, "lb2"),
        # The clocks are not quite right.
        ({"lb2": "999.9 lb2 k[1]: (vip) Entering MASTER STATE"}, "lb2"),
        # It was given back.
        (
            {
                "lb2": "1000.1 lb2 k[1]: (vip) Entering MASTER STATE",
                "lb1": "1002.1 lb1 k[1]: (vip) Entering MASTER STATE",
            },
            "lb2",
        ),
    ],
)
def test_the_first_other_node_that_has_the_vip_has_taken_over(journals, took_over):
    assert measure(record([], journals=journals))["took_over"] == took_over


def test_a_connection_that_could_not_be_opened_is_not_a_broken_one():
    breaks = [{"at": 1000.1, "error": "reset", "used": True}, {"at": 1000.2, "error": "refused", "used": False}]
    found = measure(record([], breaks=breaks))
    assert found["broken"] == 1
    assert [one["at"] for one in found["breaks"]] == [0.1, 0.2]


@pytest.mark.parametrize(("moment", "broken"), [(999.2, 0), (1000.1, 1), (1000.84, 1), (1000.9, 0)])
def test_a_connection_that_breaks_without_a_fault_is_noise(moment, broken):
    """One that hangs breaks once the client has lost patience, which may be after the recovery."""
    found = measure(record([], breaks=[{"at": moment, "error": "reset", "used": True}]))
    assert (found["broken"], found["noise"]) == (broken, 1 - broken)


def test_a_download_stalls_where_nothing_comes():
    found = measure(record([], pieces=[999.5, 999.6, 1000.9, 1001.0]))
    assert found["download_stall_ms"] == 1300
    assert found["download_spans"] == [[-0.5, -0.4], [0.9, 1.0]]


def test_a_summary_adds_up():
    assert summary([measure(record([100])), measure(record([100, 101]))]) == {
        "faults": 2,
        "requests": 400,
        "lost": 3,
        "broken": 0,
        "noise": 0,
        "longest_ms": 32,
    }


@pytest.mark.parametrize(("limit", "wrong"), [(0, 0), (22, 0), (21, 1)])
def test_a_limit_is_a_limit(limit, wrong):
    assert len(find_failures(measure(record([100])), limit)) == wrong
    assert len(find_failures(measure(record([100], problem="lb1 did not come back")), limit)) == wrong + 1
