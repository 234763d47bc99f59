# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from samples.keepalived import found, group, instance, mistaken, script, vip

PREEMPT = {"preempt": True}
GUIDE = {"preempt": True, "priorities": [110, 105, 100]}

GOOD = [
    ([instance(track_interface=["br-lan", "eth0"])], {}),
    (
        [instance(track_script=["well"], track_file=["haproxy"])],
        {"scripts": [script()], "reports": {"/run": ["haproxy"]}},
    ),
    ([instance()], {"yields": {"/run": ["cut_off"]}}),
    ([instance(**PREEMPT)], {"scripts": [script(weight=-11)]}),
    ([instance(**GUIDE)], {"scripts": [script(weight=6)]}),
    ([instance(**GUIDE)], {"scripts": [script(weight=-6)], "track_files": [{"name": "f", "file": "/f", "weight": -1}]}),
    ([instance(priorities=[255, 100, 99], **PREEMPT)], {"scripts": [script()]}),
    ([instance(priorities=[255, 100, 99], preempt_delay=5, **PREEMPT)], {"busy": {"/run": ["busy"]}}),
    ([instance(priorities=[255, 100, 99])], {"accepted": ["address_owner"]}),
    ([instance(priorities=[255, 100, 99], **PREEMPT)], {"scripts": [script(weight=-9)], "accepted": ["weights"]}),
    ([instance(track_script=["well weight 0"])], {"scripts": [script(weight=-2)]}),
    ([instance(track_script=["well weight -20 reverse"], **PREEMPT)], {"scripts": [script()]}),
]

# what is wrong, the instances, further keys of the declaration, what the problem says
BAD = [
    (
        "a file to give way with, as if it was a failure",
        [instance(track_file=["cut_off"])],
        {"yields": {"/run": ["cut_off"]}},
        ["web: track_file has 'cut_off', which does not exist"],
    ),
    (
        "unknown script",
        [instance(track_script=["wel"])],
        {"scripts": [script()]},
        ["web: track_script has 'wel'", "did you mean well?"],
    ),
    (
        "unknown file",
        [instance(track_file=["x weight 0"])],
        {},
        ["web: track_file has 'x', which does not exist; there are none"],
    ),
    (
        "unknown process",
        [instance(track_process=["nginx"])],
        {},
        ["web: track_process has 'nginx', which does not exist"],
    ),
    (
        "a weight without preemption",
        [instance()],
        {"scripts": [script(weight=-20)]},
        ["web: the weights of well -20 together with preempt: false would keep the addresses"],
    ),
    (
        "an owner without preemption",
        [instance(priorities=[255, 100, 99])],
        {"yields": {"/run": ["cut_off"]}},
        ["web: priorities has 255 for lb1, which keepalived takes", "ignores preempt: false, cut_off: use at most 254"],
    ),
    (
        "an owner that has to give way",
        [instance(priorities=[255, 100, 99], preempt_delay=5, **PREEMPT)],
        {"yields": {"/run": ["cut_off"]}},
        ["it ignores cut_off: use at most 254"],
    ),
    (
        "the weights of an owner",
        [instance(priorities=[255, 254, 253], **PREEMPT)],
        {"scripts": [script(weight=-9)]},
        ["the weights of well -9 would be ignored on lb1, because keepalived takes a node with priority 255"],
    ),
    (
        "a weight with a delay",
        [instance(preempt_delay=5, **PREEMPT)],
        {"scripts": [script(weight=2)]},
        ["web: the weights of well +2 together with preempt_delay"],
    ),
    (
        "a weight that only the entry says",
        [instance(track_interface=["br-lan weight -3"])],
        {},
        ["web: the weights of br-lan -3 together with preempt: false"],
    ),
    (
        "a weight that is not larger than the gap",
        [instance(preempt=True, priorities=[150, 100, 99])],
        {"scripts": [script(weight=-50)]},
        ["web: the weight -50 of well is not larger than the gap of 50", "150 of lb1 and 100 of lb2", "at least 51"],
    ),
    (
        "a positive weight that is not larger than the gap",
        [instance(preempt=True, priorities=[102, 101, 99])],
        {"scripts": [script(weight=2)]},
        ["web: the weight +2 of well", "gap of 2", "101 of lb2 and 99 of lb3", "at least 3"],
    ),
    (
        "a weight that keepalived cuts at the top",
        [instance(**PREEMPT)],
        {"scripts": [script(weight=11)]},
        ["web: the priorities 254-234 with weights of +11 and +0 leave the range 1-254", "[101, 100]"],
    ),
    (
        "a weight that keepalived cuts at the bottom",
        [instance(preempt=True, priorities=[3, 2, 1])],
        {"scripts": [script(weight=-2)]},
        ["web: the priorities 3-1 with weights of +0 and -2 leave the range 1-254"],
    ),
    (
        "a weight in a group",
        [
            instance(**PREEMPT),
            instance(vip("192.0.2.20/24"), name="two", virtual_router_id=52, track_script=[], **PREEMPT),
        ],
        {"scripts": [script(weight=-20)], "sync_groups": [group("web", "two")]},
        ["web: the weights of well -20 would be ignored in a group"],
    ),
]


@pytest.mark.parametrize(("instances", "keys"), GOOD)
def test_no_problem(instances, keys):
    assert found(instances, **keys) == []


@pytest.mark.parametrize(("instances", "keys", "parts"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_problem(instances, keys, parts):
    assert mistaken(found(instances, **keys), parts) == []
