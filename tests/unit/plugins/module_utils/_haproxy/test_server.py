# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What HAProxy says of its servers, and what that means. The stories of real daemons stand in molecule."""

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.module_utils._haproxy.runtime import predict_outcome
from ansible_collections.evenkeel.ha_web.plugins.module_utils._haproxy.server import (
    Server,
    Wanted,
    describe_wrong_names,
    describe_wrong_weight,
    match_servers,
    parse,
    parse_clients,
    parse_sessions,
)

# As haproxy 2.6.12 and 3.0.11 have answered, alike: web1 has just left maintenance and drains, t1 tracks it, off is
# disabled in the configuration. The columns of the second answer that nobody reads are left out.
STATES = """1
# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight \
srv_time_since_last_change srv_check_status
3 web 1 web1 127.0.0.1 2 8 1 1 0 15 0 3 7 0 0 0 - 80 - 0 0 - - 0
3 web 2 web2 127.0.0.1 2 0 5 10 2 15 3 4 6 0 0 0 - 80 - 0 0 - - 0
3 web 3 web3 127.0.0.1 2 0 1 1 2 1 0 2 0 0 0 0 - 80 - 0 0 - - 0
4 api 1 web1 127.0.0.1 0 0 0 1 1 8 2 0 6 0 0 0 - 81 - 0 0 - - 0
4 api 2 off 127.0.0.1 0 5 1 1 2 1 0 0 14 0 0 0 - 80 - 0 0 - - 0
5 tr 1 t1 127.0.0.1 2 16 1 1 0 1 0 2 0 0 0 0 - 80 - 0 0 - - 0

"""
STATISTICS = """# pxname,svname,qcur,qmax,scur,smax,status,weight,act,bck,check_status,check_code,lastsess,last_chk
web,web1,1,1,2,2,DRAIN 1/2,1,1,0,L7OK,200,-1,
web,web2,0,0,3,3,UP,5,1,0,L7OK,200,-1,
web,web3,0,0,0,0,no check,1,1,0,,,-1,
api,web1,0,0,0,0,DOWN,0,1,0,L4CON,,-1,Connection refused
api,off,0,0,0,0,MAINT,1,1,0,,,-1,
tr,t1,0,0,0,0,DRAIN 1/2,1,1,0,,,-1,

"""
SERVERS = {server.label: server for server in parse(STATES, STATISTICS)}


def test_every_server_is_read_with_all_that_haproxy_knows_of_it():
    assert list(SERVERS) == ["web/web1", "web/web2", "web/web3", "api/web1", "api/off", "tr/t1"]
    assert SERVERS["web/web2"] == Server(
        "web", "web2", "ready", "UP", weight=5, configured_weight=10, sessions=3, check="L7OK"
    )
    assert SERVERS["api/web1"].check == "L4CON Connection refused"


def test_the_queue_of_a_server_is_work_that_it_still_has():
    assert SERVERS["web/web1"].sessions == 3
    assert parse_sessions(STATISTICS)["web/web1"] == 3


@pytest.mark.parametrize(
    "answer", ["", "\n", "Can't find the target PID matching the prefix '@!514'\n", "Permission denied\n"]
)
def test_a_worker_that_has_just_ended_has_no_sessions(answer):
    assert parse_sessions(answer) == {}


@pytest.mark.parametrize(
    ("label", "state", "up", "in_rotation"),
    [
        ("web/web1", "drain", False, False),
        ("web/web2", "ready", True, True),
        ("web/web3", "ready", True, True),
        ("api/web1", "ready", False, False),
        ("api/off", "maint", False, False),
        ("tr/t1", "drain", False, False),
    ],
)
def test_what_the_states_mean(label, state, up, in_rotation):
    server = SERVERS[label]
    assert (server.state, server.up, server.in_rotation) == (state, up, in_rotation)


@pytest.mark.parametrize(
    ("status", "weight", "up", "in_rotation"),
    [
        ("UP 1/2", 1, False, True),
        ("UP (agent)", 1, True, True),
        ("DOWN 1/2", 1, False, False),
        ("DOWN (agent)", 1, False, False),
        ("NOLB", 1, False, False),
        ("DRAIN", 0, True, False),
    ],
)
def test_what_a_status_means_of_a_server_that_nobody_has_drained(status, weight, up, in_rotation):
    server = Server("web", "web1", "ready", status, weight, 1, 0, "")
    assert (server.up, server.in_rotation) == (up, in_rotation)


@pytest.mark.parametrize(
    ("patterns", "labels"),
    [
        (["web/web1"], ["web/web1"]),
        (["*/web1"], ["web/web1", "api/web1"]),
        (["api/*", "web/web3"], ["web/web3", "api/web1", "api/off"]),
        (["web/web"], []),
        (["WEB/web1"], []),
    ],
)
def test_which_servers_a_name_means(patterns, labels):
    assert [server.label for server in match_servers(list(SERVERS.values()), patterns)] == labels


@pytest.mark.parametrize(
    ("wanted", "state", "weight"),
    [
        (Wanted(), "ready", 5),
        (Wanted("drain"), "drain", 5),
        (Wanted(weight="7"), "ready", 7),
        (Wanted(weight="55%"), "ready", 5),
        (Wanted("maint", "100%"), "maint", 10),
        (Wanted(weight="5000%"), "ready", 256),
        (Wanted(weight="0"), "ready", 0),
    ],
)
def test_what_a_server_is_to_become(wanted, state, weight):
    target = wanted.apply_to(SERVERS["web/web2"])
    assert (target.state, target.weight) == (state, weight)
    assert predict_outcome([SERVERS["web/web2"]], wanted).after == [target]


@pytest.mark.parametrize("weight", ["", "0", "256", "50%", "300%"])
def test_a_weight_that_haproxy_takes(weight):
    assert describe_wrong_weight(weight) == ""


@pytest.mark.parametrize("weight", ["257", "-1", "half", "5.5", "%", "1 2"])
def test_a_weight_that_is_none(weight):
    assert describe_wrong_weight(weight).startswith(f"weight is '{weight}': a number from 0 to 256")


@pytest.mark.parametrize("name", ["web1", "web/", "/web1", "web/web1/x", "web/web1; shutdown sessions", "web/web1\nx"])
def test_a_name_that_means_no_server(name):
    assert "backend and server are needed, such as web/web1" in describe_wrong_names(["web/web1", name])


def test_names_that_mean_servers():
    assert describe_wrong_names(["web/web1", "*/web1", "*/*"]) == ""


@pytest.mark.parametrize(
    ("wanted", "commands"),
    [
        (Wanted(), []),
        (Wanted("ready", "5"), []),
        (Wanted("drain"), ["set server web/web2 state drain"]),
        (Wanted("maint", "50%"), ["set server web/web2 state maint"]),
        (Wanted("ready", "100%"), ["set server web/web2 weight 100%"]),
    ],
)
def test_haproxy_is_told_what_differs(wanted, commands):
    assert wanted.list_commands(SERVERS["web/web2"]) == commands


def test_the_sessions_of_a_server_in_words():
    # As haproxy 2.6.12 has answered "show sess"; the socket's own session has no server.
    answer = (
        "0x56334443e190: proto=tcpv4 src=192.0.2.7:47466 fe=www be=web srv=web1 ts=00 epoch=0 age=4m2s calls=4 rate=1\n"
        "0x56334443e191: proto=tcpv6 src=2001:db8::7:47467 fe=www be=web srv=web2 ts=00 epoch=0 age=2s calls=4 rate=1\n"
        "0x56334455c5d0: proto=unix_stream src=unix:1 fe=GLOBAL be=<NONE> srv=<none> ts=00 epoch=0 age=0s calls=1 "
        "rate=0\n\n"
    )
    assert parse_clients(answer) == [
        ("web/web1", "192.0.2.7:47466 through www for 4m2s"),
        ("web/web2", "2001:db8::7:47467 through www for 2s"),
        ("<NONE>/<none>", "unix:1 through GLOBAL for 0s"),
    ]
