# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wrong with who holds which VIP."""

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._status.vrrp import list_findings
from samples.cluster import VIP, address, instance, keepalived, script, setup

LB1, LB2 = "192.0.2.11", "192.0.2.12"
BACKUP = {"state": "BACKUP", "priority": 244}


def pair(lb1=None, lb2=None):
    return {"lb1": keepalived("lb1", **(lb1 or {})), "lb2": keepalived("lb2", **(lb2 or {}))}


def both(**changed):
    """The configuration of both nodes."""
    mine = [setup(**changed)]
    return {"configured": mine}, {"configured": [setup(source=LB2, priority=244, peers=[LB1], **changed)]}


def holding(*addresses):
    return {"host_addresses": [address("127.0.0.1", "lo"), *(address(item) for item in addresses)]}


GROUPED = {
    "configured": [setup(), setup("web6", sync_group="all"), setup("web4", sync_group="all")],
    "instances": [instance(), instance("web6"), instance("web4")],
}

WELL = [
    pair(),
    # No addresses of its own: a script moves a cloud's.
    pair(
        {**both(addresses=[])[0], "host_addresses": [address(LB1)]},
        {**both(addresses=[])[1], "host_addresses": [address(LB2)]},
    ),
    # Multicast, and nobody preempts.
    pair({"configured": [setup(peers=[])]}, {"configured": [setup(source=LB2, priority=244, peers=[])]}),
    # Weights that are larger than the gap.
    pair(*both(weights=[-20])),
    pair(*both(weights=[20, 15])),
    # An address on another interface, and one on lo.
    pair(*both(addresses=[{"address": VIP, "interface": "eth1"}, {"address": "192.0.2.9", "interface": "lo"}])),
    # The other node holds it.
    pair(
        {"instances": [instance(state="BACKUP")], **holding(LB1)},
        {"instances": [instance(state="MASTER", priority=244)], **holding(LB2, VIP)},
    ),
    # One node, and an instance that only one node has.
    {"lb1": keepalived("lb1", configured=[setup(peers=[])])},
]


@pytest.mark.parametrize("seen", WELL)
def test_a_cluster_that_is_well(seen):
    assert [finding for finding in list_findings(seen, []) if not finding.harmless] == []


WRONG = [
    ({}, {"running": False, "instances": []}, ["lb2"], "keepalived does not run", "systemctl start keepalived"),
    ({}, {"instances": []}, ["lb2"], "runs without web", "reload keepalived"),
    ({}, {"problems": ["(web) nopreempt is ignored"]}, ["lb2"], "nopreempt is ignored", "correct the inventory"),
    (
        {},
        {"kept_out": {"web": {LB1: "-A INPUT -j DROP"}}},
        ["lb2"],
        f"come from {LB1}: -A INPUT -j DROP",
        "let protocol 112 in",
    ),
    (
        {},
        {"kernel_deviations": ["192.0.2.10/32 is missing on lo"]},
        ["lb2"],
        "192.0.2.10/32 is missing on lo",
        "restart keepalived-kernel",
    ),
    ({}, {"kept_out": {"web": {"any": "-A INPUT -j DROP"}}}, ["lb2"], "adverts of web out: -A", "let protocol 112 in"),
    (
        {"instances": [instance(state="BACKUP")], **holding(LB1)},
        {},
        ["lb1", "lb2"],
        "no node holds web: lb1 is BACKUP, lb2 is BACKUP",
        "journalctl --unit keepalived",
    ),
    (
        {"running": False, "instances": [], **holding(LB1)},
        {"running": False, "instances": [], **holding(LB2)},
        ["lb1", "lb2"],
        "no node holds web: keepalived runs nowhere",
        "journalctl --unit keepalived",
    ),
    (
        {},
        {"instances": [instance(adverts_refused={"auth_failure": 7})], **holding(LB2, VIP)},
        ["lb1", "lb2"],
        "lb1 and lb2 hold web at the same time; lb2 has refused adverts (auth_failure)",
        "protocol 112",
    ),
    (
        {},
        {"instances": [instance(**BACKUP, standing_by=True)]},
        ["lb2"],
        "interrupted planned move keeps web away",
        "run move_vip.yml, which ends it, or write 0 into /run/keepalived-track/standby_web",
    ),
    (
        {},
        {
            "instances": [instance(state="FAULT", priority=244, seconds_in_state=90)],
            "watched": {"/run/haproxy": "1", "/run/other": "0"},
        },
        ["lb2"],
        "cannot take web: FAULT for 90 s; /run/haproxy says 1",
        "see that haproxy serves",
    ),
    (
        {},
        {"scripts": [script(), script(name="slow", timeout=2.5)]},
        ["lb2"],
        "the check slow is due every 1 s and may take 2.5 s",
        "make its timeout 1 s or less",
    ),
    (holding(LB1), {}, ["lb1"], f"holds web and does not have {VIP}", "systemctl reload keepalived"),
    ({}, holding(LB2, VIP), ["lb2"], f"has {VIP} although it does not hold web", f"ip address delete {VIP} dev eth0"),
    (
        {},
        {"running": False, "instances": [], **holding(LB2, VIP)},
        ["lb2"],
        f"has {VIP} although",
        f"ip address delete {VIP} dev eth0",
    ),
    (
        {},
        {"configured": [setup(source=LB2, priority=244, peers=[LB1], virtual_router_id=52)]},
        ["lb1", "lb2"],
        "the virtual router id of web is 51 on lb1, 52 on lb2",
        "deploy_load_balancers.yml",
    ),
    (
        {},
        {"configured": [setup(source=LB2, priority=244, peers=[LB1], addresses=[])]},
        ["lb1", "lb2"],
        f"the set of addresses of web is {VIP} on lb1, none on lb2",
        "deploy_load_balancers.yml",
    ),
    (
        {},
        {"configured": [setup(source=LB2, priority=254, peers=[LB1])]},
        ["lb1", "lb2"],
        "lb1 and lb2 have the same priority 254 for web",
        "give each its own",
    ),
    (*both(weights=[-5]), ["lb1"], "weight -5 leaves web with it: 254 - 5 is not below 244", "leave the weight out"),
    (*both(weights=[5]), ["lb1"], "weight 5 leaves web with it: 259 - 5 is not below 249", "leave the weight out"),
    (
        {"configured": [setup(peers=["192.0.2.13"])]},
        {},
        ["lb1"],
        "sends no adverts of web to lb2",
        "deploy_load_balancers.yml",
    ),
    (
        {
            **GROUPED,
            "instances": [instance(), instance("web6"), instance("web4", "BACKUP")],
        },
        {},
        ["lb1"],
        "the group all is not in one state: web6 is MASTER, web4 is BACKUP",
        "systemctl reload keepalived",
    ),
]


@pytest.mark.parametrize(("lb1", "lb2", "hosts", "what", "remedy"), WRONG)
def test_a_cluster_that_is_not(lb1, lb2, hosts, what, remedy):
    found = list(list_findings(pair(lb1, lb2), []))
    assert [
        finding
        for finding in found
        if list(finding.hosts) == hosts and what in finding.what and remedy in finding.remedy
    ], found


def test_what_a_silent_node_holds_is_not_known():
    seen = {"lb2": keepalived("lb2")}
    assert "no node holds" in "".join(finding.what for finding in list_findings(seen, []))
    assert "no node holds" not in "".join(finding.what for finding in list_findings(seen, ["lb1"]))


def test_different_versions_are_harmless():
    (found,) = list_findings(pair({}, {"version": "2.3.3"}), [])
    assert found.harmless
    assert found.what == "keepalived's version is 2.2.7 on lb1, 2.3.3 on lb2"


def test_a_keepalived_that_did_not_get_its_real_time_priority_is_a_note():
    (found,) = list_findings(pair({"realtime": False}, {}), [])
    assert found.harmless
    assert found.hosts == ("lb1",)
    assert "without the real-time priority 50" in found.what
    assert "down_timer_adverts: 12" in found.remedy


@pytest.mark.parametrize(
    "changed", [{"rt_priority": 0}, {"running": False}], ids=["none is asked for", "it does not run"]
)
def test_no_real_time_priority_is_missed_where_none_could_be(changed):
    found = list_findings(pair({"realtime": False, **changed}, {}), [])
    assert [finding for finding in found if "real-time" in finding.what] == []


@pytest.mark.parametrize("adverts", [{}, {"configured": [setup(peers=[])]}], ids=["unicast", "multicast"])
def test_connections_that_would_not_outlive_a_move_are_a_note(adverts):
    (found,) = list_findings(pair({**adverts, "peers_heard": []}), [])
    assert found.harmless
    assert (found.hosts, found.what) == (
        ("lb1",),
        "connections would not outlive a move between it and lb2, which it does not hear",
    )
    assert "UDP port 3112 in from 192.0.2.12" in found.remedy


@pytest.mark.parametrize(
    "seen",
    [
        # It is off, or the other node is not well anyhow.
        pair({"peers_heard": []}, {"peers_heard": []}),
        pair({"peers_heard": []}, {"instances": [instance(state="FAULT", priority=244)]}),
    ],
)
def test_a_peer_that_need_not_be_heard(seen):
    assert [finding for finding in list_findings(seen, []) if "outlive" in finding.what] == []


def stranger(link_address):
    return {"strangers": [{"address": VIP, "interface": "eth0", "link_address": link_address}]}


def test_a_machine_that_answers_for_a_vip_is_one_finding_of_all_who_hear_it():
    (found,) = list_findings(pair(stranger("02:42:c0:00:02:63"), stranger("02:42:c0:00:02:63")), [])
    assert found.hosts == ("lb1", "lb2")
    assert found.what.startswith(f"another machine answers for {VIP}: the one with the MAC address 02:42:c0:00:02:63")
    assert not found.harmless


@pytest.mark.parametrize(
    ("link_address", "silent"),
    [("02:42:c0:00:02:12", []), ("02:42:c0:00:02:63", ["lb3"])],
    ids=["the other node", "perhaps a node of which nothing is known"],
)
def test_a_machine_that_may_be_a_node_is_none(link_address, silent):
    found = list_findings(pair(stranger(link_address), {}), silent)
    assert [finding for finding in found if "answers for" in finding.what] == []


def moved(*moments):
    """An instance that was taken so many seconds ago."""
    return {
        "entered": [{"state": state, "seconds_ago": moment} for moment in moments for state in ("MASTER", "BACKUP")]
    }


@pytest.mark.parametrize(
    ("lb1", "lb2", "told"),
    [
        ((400, 300, 200), (350, 250), "web has changed its holder 5 times within 3 min, the last time 3 min ago"),
        ((400, 300), (350, 250), ""),
        # Too long ago, and taken anew by the same node.
        ((7400, 7300, 7200), (7350, 7250), ""),
        ((400, 390, 380, 370, 360), (), ""),
    ],
)
def test_a_holder_that_changes_often_is_a_note(lb1, lb2, told):
    seen = pair({"instances": [instance(**moved(*lb1))]}, {"instances": [instance(**BACKUP, **moved(*lb2))]})
    assert [(finding.what, finding.harmless) for finding in list_findings(seen, [])] == ([(told, True)] if told else [])
