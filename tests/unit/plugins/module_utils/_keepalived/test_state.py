# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What keepalived says of itself, in the words of VRRP."""

from __future__ import annotations

import os

import pytest
from ansible_collections.evenkeel.ha_web.plugins.module_utils._keepalived import state as state_module
from ansible_collections.evenkeel.ha_web.plugins.module_utils._keepalived.state import (
    compute_ages,
    connections,
    instances,
    is_unsettled,
    read_transitions,
    take_dump,
)

DUMP = [
    {
        "data": {
            "iname": "web",
            "last_transition": 1000.25,
            "vrid": 51,
            "base_priority": 254,
            "effective_priority": 244,
            "vips": ["192.0.2.10/24 dev eth0 scope global set", "192.0.2.11/24 dev eth0 scope global"],
            "state": 2,
        },
        "stats": {
            "advert_rcvd": 3,
            "advert_sent": 4,
            "become_master": 5,
            "release_master": 6,
            "addr_list_err": 7,
            "auth_failure": 0,
        },
    }
]


def test_an_instance():
    clients = [f"198.51.100.1:{port}" for port in range(8)]
    (found,) = instances(
        DUMP,
        {"web": 59.84},
        {"192.0.2.10": clients[:7], "192.0.2.11": clients[7:], "192.0.2.12": ["other"]},
        {"web": [("BACKUP", 40.25), ("MASTER", 140.16)], "api": [("FAULT", 100.5)]},
        200.0,
        {},
    )
    assert found == {
        "name": "web",
        "state": "MASTER",
        "virtual_router_id": 51,
        "priority": 254,
        "effective_priority": 244,
        "standing_by": False,
        "addresses": ["192.0.2.10/24", "192.0.2.11/24"],
        "connections": 8,
        "clients": clients[:5],
        "seconds_in_state": 59.8,
        "entered": [{"state": "BACKUP", "seconds_ago": 159.8}, {"state": "MASTER", "seconds_ago": 59.8}],
        "times_master": 5,
        "times_released": 6,
        "adverts_received": 3,
        "adverts_sent": 4,
        "adverts_refused": {"addr_list_err": 7},
    }


JOURNAL = """\
[   40.250000] lb1 Keepalived_vrrp[7]: (web) Entering BACKUP STATE (init)
[  100.500000] lb1 Keepalived_vrrp[7]: (api) Entering FAULT STATE
[11879.065097] lb1 Keepalived_vrrp[7]: (web) Entering MASTER STATE
[11990.000000] lb1 Keepalived_vrrp[7]: (web) Entering MASTER STATE
"""


def test_the_journal_tells_when_a_state_was_entered():
    found = {"web": [("BACKUP", 40.25), ("MASTER", 11879.065097)], "api": [("FAULT", 100.5)]}
    assert read_transitions(lambda argv: (0, JOURNAL, "")) == found
    latest_first = "\n".join(reversed(JOURNAL.splitlines()))
    assert read_transitions(lambda argv: (0, latest_first, "")) == found
    assert read_transitions(lambda argv: (1, "", "")) == {}


@pytest.mark.parametrize("wall", [1060.25, -3600, 90000])
@pytest.mark.parametrize(
    ("entries", "started", "age"),
    [
        ({"web": [("MASTER", 140.0)]}, 20.0, 60.0),
        # Of the process before, which has left the same state behind.
        ({"web": [("MASTER", 140.0)]}, 190.0, 10.0),
        ({"web": [("MASTER", 200.1)]}, 20.0, 0.0),
    ],
)
def test_no_clock_that_can_be_set_tells_how_long_a_state_lasts(entries, started, age, wall):
    assert compute_ages(DUMP, entries, 200.0, started, wall) == {"web": age}


@pytest.mark.parametrize(("wall", "age"), [(1060.25, 60.0), (-3600, 0.0), (90000, 180.0)])
@pytest.mark.parametrize("entries", [{}, {"web": [("BACKUP", 140.0)]}, {"api": [("MASTER", 140.0)]}])
def test_without_a_line_in_the_journal_a_clock_that_was_set_is_kept_within_bounds(entries, wall, age):
    assert compute_ages(DUMP, entries, 200.0, 20.0, wall) == {"web": age}


@pytest.mark.parametrize(("number", "word"), [(0, "INIT"), (1, "BACKUP"), (2, "MASTER"), (3, "FAULT"), (98, "INIT")])
def test_the_state_has_a_name(number, word):
    item = {"data": {**DUMP[0]["data"], "state": number}, "stats": DUMP[0]["stats"]}
    assert instances([item], {"web": 0}, {}, {}, 0, {})[0]["state"] == word


@pytest.mark.parametrize(("content", "stands_by"), [("0\n", False), ("1\n", True), ("", True), (None, False)])
def test_a_planned_move_that_has_not_come_to_its_end(tmp_path, monkeypatch, content, stands_by):
    monkeypatch.setattr(state_module, "STATE", tmp_path)
    if content is not None:
        (tmp_path / "standby_web").write_text(content)
    assert instances(DUMP, {"web": 0}, {}, {}, 0, {})[0]["standing_by"] is stands_by


def test_connections_of_anycast_addresses_belong_to_their_instance():
    served = {"198.51.100.80": ["203.0.113.1:1", "203.0.113.1:2"], "192.0.2.11": ["203.0.113.1:3"]}
    (found,) = instances(DUMP, {"web": 0}, served, {}, 0, {"web": ["198.51.100.80"]})
    assert found["connections"] == 3


def test_a_dump_is_read_once_and_gone(tmp_path):
    file = tmp_path / "keepalived.json"
    with pytest.raises(OSError, match="No such file"):
        take_dump(file, os.getuid())
    file.write_text("[{")
    with pytest.raises(ValueError, match="Expecting"):
        take_dump(file, os.getuid())
    file.write_text('[{"data": {}}]')
    assert take_dump(file, os.getuid()) == [{"data": {}}]
    assert not file.exists()


def test_nobody_else_can_answer_for_keepalived(tmp_path):
    file, link = tmp_path / "fake.json", tmp_path / "keepalived.json"
    file.write_text("[]")
    link.symlink_to(file)
    with pytest.raises(OSError, match="Too many levels"):
        take_dump(link, os.getuid())
    with pytest.raises(PermissionError, match="another user"):
        take_dump(file, os.getuid() + 1)


def test_connections_are_counted_by_the_address_that_has_them():
    printed = """\
0      0            192.0.2.10:80      198.51.100.1:40000
0      0            192.0.2.10:443     198.51.100.1:40001
0      0  [::ffff:192.0.2.10]:80 [::ffff:198.51.100.1]:40002
0      36       [2001:db8::10]:443   [2001:db8::1]:40000
"""
    assert connections(lambda argv: (0, printed, "")) == {
        "192.0.2.10": ["198.51.100.1:40000", "198.51.100.1:40001", "198.51.100.1:40002"],
        "2001:db8::10": ["[2001:db8::1]:40000"],
    }


@pytest.mark.parametrize(
    ("state", "seconds", "unsettled"),
    [
        ("MASTER", 0.1, False),
        ("BACKUP", 0.3, True),
        ("BACKUP", 0.4, False),
        ("FAULT", 4, True),
        ("FAULT", 6, False),
        ("INIT", 0, True),
    ],
)
def test_a_new_state_may_be_about_to_change(state, seconds, unsettled):
    assert is_unsettled({"state": state, "seconds_in_state": seconds}, silence=0.35, settle=5) is unsettled
