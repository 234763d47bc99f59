# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._keepalived.model import build_blocks
from samples.keepalived import declaration, group, instance, script, vip

THREE = [
    {"name": f"lb{number}", "address": f"192.0.2.1{number}", "address6": f"2001:db8::1{number}"} for number in (1, 2, 3)
]


def one(declared=None, node="lb1", **lists):
    """The only instance of a node."""
    (mine,) = build_blocks(declaration([declared or instance()], node=node, **{"nodes": THREE, **lists}))["instances"]
    return mine


@pytest.mark.parametrize(
    ("node", "priority", "peers"),
    [
        ("lb1", 254, ["192.0.2.12", "192.0.2.13"]),
        ("lb2", 244, ["192.0.2.11", "192.0.2.13"]),
        ("lb3", 234, ["192.0.2.11", "192.0.2.12"]),
    ],
)
def test_the_place_in_the_list_decides(node, priority, peers):
    mine = one(node=node)
    assert mine["priority"] == priority
    assert mine["settings"]["unicast_src_ip"] == THREE[(254 - priority) // 10]["address"]
    assert mine["settings"]["unicast_ttl"] == 255
    assert mine["blocks"]["unicast_peer"] == peers


@pytest.mark.parametrize(("node", "priority"), [("lb3", 254), ("lb1", 244)])
def test_an_instance_can_have_its_own_order_of_some_nodes(node, priority):
    mine = one(instance(nodes=["lb3", "lb1"]), node)
    assert mine["priority"] == priority
    assert mine["blocks"]["unicast_peer"] == [{"lb3": "192.0.2.11", "lb1": "192.0.2.13"}[node]]


@pytest.mark.parametrize(
    ("keys", "adverts"),
    [
        ({}, 6),
        ({"advert_int": 0.05}, 6),
        ({"advert_int": 1}, None),
        ({"version": 2}, None),
        ({"advert_int": 1, "down_timer_adverts": 4}, 4),
    ],
)
def test_the_count_of_adverts_of_a_profile_goes_with_its_interval(keys, adverts):
    mine = one(instance(**keys), timing={"advert_int": 0.05, "down_timer_adverts": 6})
    assert mine["settings"].get("down_timer_adverts") == adverts


@pytest.mark.parametrize(("node", "priority"), [("lb2", 101), ("lb1", 100)])
def test_the_priorities_of_a_guide_are_in_the_order_of_the_nodes(node, priority):
    assert one(instance(nodes=["lb2", "lb1"], priorities=[101, 100]), node)["priority"] == priority


def test_an_owner_of_the_addresses_has_nothing_that_keepalived_refuses_there():
    found = [
        one(
            instance(priorities=[255, 100, 99], track_file=["a", "b"], track_interface=["eth1 weight -5", "eth2"]),
            node,
            track_files=[{"name": "a", "file": "/a", "weight": 2}, {"name": "b", "file": "/b", "weight": 0}],
            yields={"/run": ["cut_off"]},
        )
        for node in ("lb1", "lb2")
    ]
    assert [mine["blocks"]["track_file"] for mine in found] == [
        ["b", "standby_web"],
        ["a", "b", "standby_web", "cut_off weight -166"],
    ]
    assert [mine["blocks"]["track_interface"] for mine in found] == [["eth2"], ["eth1 weight -5", "eth2"]]
    assert ["nopreempt" in mine["head"] for mine in found] == [False, True]


@pytest.mark.parametrize(("node", "entries"), [("lb1", None), ("lb2", ["cut_off weight -166"])])
def test_a_group_gives_way_where_no_member_owns_its_addresses(node, entries):
    declared = declaration(
        [instance(priorities=[255, 100, 99])],
        node=node,
        nodes=THREE,
        yields={"/run": ["cut_off"]},
        sync_groups=[group("web")],
    )
    (found,) = build_blocks(declared)["sync_groups"]
    assert found["blocks"].get("track_file") == entries


def test_a_node_that_no_instance_names_has_none():
    rendered = build_blocks(declaration([instance(nodes=["lb2", "lb3"])], nodes=THREE))
    assert rendered["instances"] == []
    assert build_blocks(declaration([instance()], node="web1"))["instances"] == []


def test_ipv6_addresses_move_by_ipv6_adverts():
    mine = one(instance(vip("2001:db8::10/64")), "lb2")
    assert mine["settings"]["unicast_src_ip"] == "2001:db8::12"
    assert mine["blocks"]["unicast_peer"] == ["2001:db8::11", "2001:db8::13"]


def test_nodes_may_have_ipv6_addresses_only():
    nodes = [{"name": name, "address": f"2001:db8::{name[-1]}"} for name in ("lb1", "lb2")]
    assert one(instance(vip("2001:db8::10/64")), nodes=nodes)["blocks"]["unicast_peer"] == ["2001:db8::2"]
    assert one(instance(virtual_ipaddress=[]), nodes=nodes)["settings"]["unicast_src_ip"] == "2001:db8::1"


def test_multicast_comes_from_the_nodes_address_too_because_the_firewall_lets_in_no_other():
    mine = one(instance(unicast=False))
    assert mine["settings"]["mcast_src_ip"] == "192.0.2.11"
    assert "unicast_src_ip" not in mine["settings"]
    assert "unicast_peer" not in mine["blocks"]


@pytest.mark.parametrize(
    ("keys", "profile", "seconds"),
    [
        ({}, 0.1, 0.1),
        ({"advert_int": 2}, 0.1, 2),
        ({"advert_int": "0.5"}, 0.1, 0.5),
        ({"version": 2}, 0.01, 1),
        ({"version": 2}, 1, 1),
        ({"version": 2, "advert_int": 3}, 0.1, 3),
    ],
)
def test_version_2_has_the_nearest_that_it_can_count(keys, profile, seconds):
    mine = one(instance(**keys), timing={"advert_int": profile, "garp_master_repeat": 3})
    assert mine["settings"]["advert_int"] == seconds
    assert isinstance(mine["settings"]["advert_int"], int) == (seconds == int(seconds))


def test_every_value_of_a_profile_can_be_overridden():
    mine = one(
        instance(garp_master_repeat=7, preempt=True, preempt_delay=60.0),
        timing={"advert_int": 1, "garp_master_repeat": 3},
    )
    assert list(mine["settings"].items())[:3] == [("advert_int", 1), ("preempt_delay", 60), ("garp_master_repeat", 7)]


def test_a_delay_without_preemption_is_not_printed():
    assert "preempt_delay" not in one(instance(preempt_delay=0))["settings"]


@pytest.mark.parametrize(
    ("address", "line"),
    [
        (vip("192.0.2.10/24"), "192.0.2.10/24 dev eth0"),
        (vip("192.0.2.10/24", dev="", label=""), "192.0.2.10/24 dev eth0"),
        (
            vip("192.0.2.10/25", dev="br-lan", label="br-lan:vip", scope="link", options=["no_track", "home"]),
            "192.0.2.10/25 dev br-lan label br-lan:vip scope link no_track home",
        ),
    ],
)
def test_an_address_is_on_the_interface_of_its_instance_unless_it_says(address, line):
    declared = instance(address)
    mine = one(declared)
    assert mine["blocks"]["virtual_ipaddress"] == [line]
    assert mine["virtual_ipaddress"][0]["dev"] == line.split()[2]
    assert declared["virtual_ipaddress"] == [address]


def test_what_a_holder_may_leave_behind():
    excluded = ["192.0.2.20/24 dev br-lan", "192.0.2.21/24 brd + scope global"]
    mine = one(instance(vip("192.0.2.10/24"), virtual_ipaddress_excluded=excluded))
    assert mine["held"] == ["192.0.2.10/24 dev eth0", "192.0.2.20/24 dev br-lan", "192.0.2.21/24 dev eth0"]
    assert mine["blocks"]["virtual_ipaddress_excluded"] == excluded


def test_without_saying_an_instance_tracks_everything():
    mine = one(
        scripts=[script(), script(name="other")],
        track_files=[{"name": "state", "file": "/run/state", "weight": 0, "init_file": 0}],
        track_processes=[{"name": "sshd", "process": "sshd", "weight": 0}],
        reports={"/run/track": ["haproxy"]},
    )
    assert mine["blocks"]["track_script"] == ["well", "other"]
    assert mine["blocks"]["track_file"] == ["haproxy", "state", "standby_web"]
    assert mine["blocks"]["track_process"] == ["sshd"]
    assert "track_interface" not in mine["blocks"]


def test_an_instance_tracks_what_it_says():
    said = {
        "track_script": ["other weight -20"],
        "track_file": [],
        "track_interface": ["br-lan", "eth0", "eth0 weight -11"],
    }
    mine = one(instance(**said), scripts=[script(), script(name="other")], reports={"/run/track": ["haproxy"]})
    assert mine["blocks"]["track_script"] == ["other weight -20"]
    assert mine["blocks"]["track_file"] == ["standby_web"]
    # keepalived objects to being told of its own interface.
    assert mine["blocks"]["track_interface"] == ["br-lan", "eth0 weight -11"]


def test_without_saying_an_instance_tracks_the_interfaces_of_its_addresses():
    addresses = [
        {"address": "10.42.0.240/24"},
        *({"address": f"10.43.0.{host}/24", "dev": "br-wan"} for host in (240, 241)),
    ]
    assert one(instance(virtual_ipaddress=addresses))["blocks"]["track_interface"] == ["br-wan"]
    assert "track_interface" not in one(instance(virtual_ipaddress=addresses, track_interface=[]))["blocks"]


def test_each_instance_has_a_file_for_planned_moves():
    declared = declaration([instance(), instance(name="api"), instance(name="other", nodes=["lb2", "lb3"])])
    assert build_blocks(declared)["track_files"] == [
        {"name": f"standby_{name}", "file": f"/run/state/standby_{name}", "weight": 0, "init_file": 0}
        for name in ("web", "api")
    ]
    assert [mine["blocks"]["track_file"] for mine in build_blocks(declared)["instances"]] == [
        ["standby_web"],
        ["standby_api"],
    ]


def test_reports_are_track_files_whose_failure_is_a_fault():
    assert build_blocks(declaration([], reports={"/run/track": ["haproxy"]}))["track_files"] == [
        {"name": "haproxy", "file": "/run/track/haproxy", "weight": 0, "init_file": 0}
    ]


@pytest.mark.parametrize(
    ("keys", "entries"),
    [
        ({}, ["cut_off weight -30"]),
        ({"nodes": ["lb2", "lb1"], "priorities": [101, 100]}, ["cut_off weight -11"]),
        ({"nodes": ["lb2", "lb1"], "priorities": [254, 1]}, ["cut_off weight -253"]),
        ({"preempt": True, "preempt_delay": 60}, ["cut_off weight -30"]),
        ({"preempt": True}, []),
        ({"preempt": True, "preempt_delay": 0}, []),
        ({"track_file": []}, ["cut_off weight -30"]),
    ],
)
def test_a_node_that_gives_way_comes_behind_all_others(keys, entries):
    """Where a lower priority takes an address from its holder at once, nothing is said."""
    assert one(instance(**keys), yields={"/run/watch": ["cut_off"]})["blocks"]["track_file"] == [
        "standby_web",
        *entries,
    ]


def test_the_members_of_a_group_give_way_together():
    instances = [instance(name="a"), instance(name="b", virtual_router_id=52)]
    rendered = build_blocks(
        declaration(instances, nodes=THREE, sync_groups=[group("a", "b")], yields={"/run/watch": ["cut_off"]})
    )
    assert [mine["blocks"]["track_file"] for mine in rendered["instances"]] == [["standby_a"], ["standby_b"]]
    assert rendered["sync_groups"][0]["blocks"] == {"group": ["a", "b"], "track_file": ["cut_off weight -30"]}
    assert rendered["track_files"][0] == {"name": "cut_off", "file": "/run/watch/cut_off", "weight": 0, "init_file": 0}


def test_a_password_stands_between_quotation_marks_because_of_what_begins_a_comment():
    mine = one(instance(version=2, auth_pass="a b#c!d"))
    assert mine["blocks"]["authentication"] == ["auth_type PASS", 'auth_pass "a b#c!d"']


@pytest.mark.parametrize(
    ("command", "written"),
    [("/bin/true a", "/bin/true a"), ('/bin/sh -c "a b"', '/bin/sh -c \\"a b\\"'), ("/bin/a\\ b", "/bin/a\\\\ b")],
)
def test_a_script_is_written_so_that_keepalived_reads_what_was_meant(command, written):
    (mine,) = build_blocks(declaration([], scripts=[script(script=command, interval=1.0, timeout=0.5)]))["scripts"]
    assert (mine["script"], mine["interval"], mine["timeout"]) == (written, 1, 0.5)


def test_a_script_that_asks_a_url_keeps_its_time_itself_and_may_see_other_processes():
    (mine,) = build_blocks(declaration([], scripts=[script(script="", url="http://[::1]:8405/healthz", timeout=1)]))[
        "scripts"
    ]
    assert mine["script"] == "/etc/keepalived/ask.sh /run/keepalived-track/well.verdict http://[::1]:8405/healthz 0.5"
    assert (mine["timeout"], mine["user"]) == (60, "root")


@pytest.mark.parametrize(
    ("keys", "entries"),
    [
        ({}, ["cut_off weight -30", "haproxy_busy weight -30"]),
        ({"preempt": True, "preempt_delay": 60}, ["cut_off weight -30"]),
        ({"preempt": True}, []),
    ],
    ids=["a holder keeps the address", "it goes home", "it goes home at once"],
)
def test_a_busy_node_comes_behind_the_others_where_that_moves_no_address(keys, entries):
    mine = one(instance(**keys), yields={"/run/watch": ["cut_off"]}, busy={"/run/watch": ["haproxy_busy"]})
    assert mine["blocks"]["track_file"] == ["standby_web", *entries]


def test_only_the_events_that_somebody_wants_are_notified():
    mine = one(instance(notify_master='"/bin/up now" root', notify_stop="", notify="/bin/any"))
    assert mine["notify"] == {"notify_master": '"/bin/up now" root', "notify": "/bin/any"}


def test_a_group_has_the_instances_that_this_node_has():
    instances = [
        instance(name="a"),
        instance(name="b", virtual_router_id=52),
        instance(name="c", virtual_router_id=53, nodes=["lb2", "lb3"]),
        instance(name="d", virtual_router_id=54, nodes=["lb2", "lb3"]),
    ]
    groups = [
        {"name": "both", "instances": ["a", "b"], "notify": "/bin/x", "lines": []},
        {"name": "not_here", "instances": ["c", "d"]},
    ]
    rendered = build_blocks(declaration(instances, nodes=THREE, sync_groups=groups))
    assert [(group["name"], group["blocks"], group["notify"]) for group in rendered["sync_groups"]] == [
        ("both", {"group": ["a", "b"]}, {"notify": "/bin/x"})
    ]
