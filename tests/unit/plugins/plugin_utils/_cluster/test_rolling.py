# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which servers are taken out of rotation where, and when that is refused."""

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._cluster.batches import divide_into_batches
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._cluster.rolling import (
    describe_hosts,
    find_problems,
    plan_steps,
)

HOSTS = ["web1", "web2", "web3"]
HOSTVARS = {name: {} for name in HOSTS}


def server(name, backend="web", state="ready", status="UP"):
    now = {"state": state, "status": status, "in_rotation": state == "ready" and status == "UP"}
    return {"backend": backend, "name": name, "before": now, "after": now}


def balancer(name, *servers):
    return {"__balancer": name, "running": True, "servers": list(servers)}


def all_up(*balancers):
    return [balancer(name, *map(server, HOSTS)) for name in balancers]


STOPPED = {"__balancer": "lb2", "running": False}
UNREACHABLE = {"__balancer": "lb2", "unreachable": True, "msg": "No route to host"}


def test_a_host_is_taken_out_of_every_backend_on_every_load_balancer():
    asked = [balancer("lb1", server("web1"), server("web1", "api"), server("web2")), balancer("lb2", server("web1"))]
    assert plan_steps(asked, "web1", []) == [
        {"balancer": "lb1", "servers": ["web/web1", "api/web1"]},
        {"balancer": "lb2", "servers": ["web/web1"]},
    ]


def test_a_host_that_no_load_balancer_knows_is_taken_out_nowhere():
    assert plan_steps([*all_up("lb1"), STOPPED, UNREACHABLE], "web9", []) == []


@pytest.mark.parametrize("state", ["drain", "maint"])
def test_what_somebody_has_taken_out_stays_out(state):
    asked = [balancer("lb1", server("web1", state=state), server("web1", "api"))]
    assert plan_steps(asked, "web1", []) == [{"balancer": "lb1", "servers": ["api/web1"]}]


OUT = {"state": "maint", "status": "MAINT"}


@pytest.mark.parametrize(
    ("name", "noted", "expected"),
    [
        # What somebody else has taken out of another backend stays out.
        ("web1", [{"balancer": "lb1", "servers": ["web/web1"]}], ["web/web1"]),
        ("web1", [{"balancer": "lb1", "servers": ["web/web1", "api/web1"]}], ["web/web1", "api/web1"]),
        ("web1", [], []),
        # Without a note, every server of the name.
        ("web1", None, ["web/web1", "api/web1"]),
        # The host has got another name since, and the load balancer has not been told yet.
        ("www1", [{"balancer": "lb1", "servers": ["web/web1"]}], ["web/web1"]),
        # What is not there any more, and load balancers that are not.
        ("web1", [{"balancer": "lb1", "servers": ["web/gone"]}, {"balancer": "lb9", "servers": ["web/web1"]}], []),
    ],
)
def test_what_an_unfinished_deployment_has_taken_out_itself_is_put_back(name, noted, expected):
    asked = [balancer("lb1", server("web1", **OUT), server("web1", "api", **OUT), server("web2", **OUT))]
    assert plan_steps(asked, name, noted) == ([{"balancer": "lb1", "servers": expected}] if expected else [])


@pytest.mark.parametrize(
    ("out", "hosts", "serial", "minimum"),
    [
        (["web1"], ["web1", "web2"], 1, 1),
        (["web2"], ["web2", "web1"], 1, 1),
        (["web1", "web2"], ["web1", "web2", "web3"], 1, 1),
        (["web1", "web2"], ["web1", "web2", "web3"], 2, 2),
        (["web1"], ["web1"], 1, 0),
        (["web1"], ["web1"], 1, 1),
    ],
)
def test_what_a_run_has_taken_out_itself_counts_as_coming_back(out, hosts, serial, minimum):
    asked = [balancer("lb1", *[server(name, **(OUT if name in out else {})) for name in hosts])]
    assert find_problems(hosts, asked, HOSTVARS, serial, minimum, out) == []


def test_what_somebody_else_has_taken_out_does_not_count_as_coming_back():
    asked = [balancer("lb1", server("web1", **OUT), server("web2"))]
    (problem,) = find_problems(["web1", "web2"], asked, HOSTVARS, 1, 1, [])
    assert "without web2 0" in problem


@pytest.mark.parametrize(
    ("serial", "expected"),
    [
        (1, [["a"], ["b"], ["c"], ["d"], ["e"]]),
        ("2", [["a", "b"], ["c", "d"], ["e"]]),
        (0, [["a", "b", "c", "d", "e"]]),
        ("40%", [["a", "b"], ["c", "d"], ["e"]]),
        ("1%", [["a"], ["b"], ["c"], ["d"], ["e"]]),
        ("100%", [["a", "b", "c", "d", "e"]]),
        ([1, "60%"], [["a"], ["b", "c", "d"], ["e"]]),
        ([1, 2, 5], [["a"], ["b", "c"], ["d", "e"]]),
        ([], [["a", "b", "c", "d", "e"]]),
    ],
)
def test_hosts_are_divided_as_ansible_does(serial, expected):
    assert divide_into_batches(list("abcde"), serial) == expected


@pytest.mark.parametrize("serial", ["two", "", "-1", -1, 1.5, True, None, ["1", "half"], "%"])
def test_a_serial_that_is_none(serial):
    assert "a number such as 1, percents such as 25%" in find_problems(HOSTS, [], HOSTVARS, serial, 1)[0]


@pytest.mark.parametrize(
    ("asked", "serial", "minimum"),
    [
        (all_up("lb1", "lb2"), 1, 2),
        (all_up("lb1", "lb2"), 2, 1),
        (all_up("lb1", "lb2"), 3, 0),
        ([STOPPED], 3, 1),
        ([balancer("lb1", server("web1", status="DOWN"), server("web2", status="DOWN"), server("web3"))], 2, 0),
        ([balancer("lb1", server("web9"))], 3, 1),
        ([*all_up("lb1"), balancer("lb2", server("web1", state="maint"))], 1, 2),
    ],
    ids=["one", "two", "all", "stopped", "none needed", "others", "out already"],
)
def test_enough_servers_are_left(asked, serial, minimum):
    assert find_problems(HOSTS, asked, HOSTVARS, serial, minimum) == []


@pytest.mark.parametrize(
    ("asked", "serial", "minimum", "parts"),
    [
        (
            all_up("lb1"),
            1,
            3,
            ["lb1: backend web has web1, web2, web3 in rotation, and without web1 2", "cluster_min_in_rotation is 3"],
        ),
        (all_up("lb1"), 2, 2, ["and without web1, web2 1, but"]),
        (
            [
                *all_up("lb1"),
                balancer("lb2", server("web1"), server("web2", status="DOWN"), server("web3", state="drain")),
            ],
            1,
            1,
            [
                "lb2: backend web has web1 in rotation, and without web1 0, but",
                "see why others are out of rotation",
                "cluster_drain: false",
            ],
        ),
        (
            [balancer("lb1", server("web1", "api"), *map(server, HOSTS))],
            1,
            1,
            ["lb1: backend api has web1 in rotation"],
        ),
        ([*all_up("lb1"), UNREACHABLE], 1, 1, ["lb2 cannot be reached", "cluster_absent_load_balancers"]),
    ],
    ids=["too many wanted", "batch too large", "others are down", "another backend", "unreachable"],
)
def test_it_is_refused_where_too_few_would_be_left(asked, serial, minimum, parts):
    (problem, *_others) = find_problems(HOSTS, asked, HOSTVARS, serial, minimum)
    assert [part for part in parts if part not in problem] == []


def test_a_host_can_have_another_name_in_the_backends():
    hostvars = {**HOSTVARS, "web1": {"cluster_server_name": "one"}}
    asked = [balancer("lb1", server("one"), server("web2", status="DOWN"))]
    assert "backend web has one in rotation" in find_problems(["web1"], asked, hostvars, 1, 1)[0]
    assert describe_hosts(["web1"], asked, hostvars) == ["web1: in rotation on lb1 (web/one is ready, UP)"]


def test_the_report_says_of_every_host_where_it_is():
    asked = [balancer("lb1", server("web1", state="maint", status="MAINT"), server("web2")), STOPPED]
    assert describe_hosts(HOSTS, asked, HOSTVARS) == [
        "web1: out of rotation on lb1 (web/web1 is maint, MAINT)",
        "web2: in rotation on lb1 (web/web2 is ready, UP)",
        "web3: on no load balancer",
    ]


def test_the_report_says_where_nobody_knows():
    assert describe_hosts(["web1"], [*all_up("lb1"), UNREACHABLE], HOSTVARS) == [
        "web1: in rotation on lb1 (web/web1 is ready, UP); not known on lb2",
    ]
