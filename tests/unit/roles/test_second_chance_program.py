# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The heartbeats: which count, and which do not. What comes of them is told in the scenario lossless."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parents[3] / "roles/keepalived/files/second_chance.py"
specification = importlib.util.spec_from_file_location("second_chance", PROGRAM)
program = importlib.util.module_from_spec(specification)
specification.loader.exec_module(program)

LB1, LB2 = "192.0.2.11", "192.0.2.12"
KEY, OTHER = b"k" * 32, b"o" * 32
CARD = bytes.fromhex("02420a4b000c")
BEAT = program.Heartbeat(True, program.Challenge(b"a" * 16, 7), program.Challenge(b"b" * 16, 9), CARD)


def test_a_heartbeat_arrives_as_it_was_sent():
    assert program.unseal(program.seal(BEAT, [KEY], LB1, LB2), [KEY], LB1, LB2) == BEAT


@pytest.mark.parametrize(
    ("sent", "accepted", "counts"),
    [
        pytest.param([KEY], [OTHER], False, id="other keys"),
        pytest.param([KEY], [OTHER, KEY], True, id="the receiver has a new key already"),
        pytest.param([OTHER, KEY], [KEY], True, id="the sender has a new key already"),
        pytest.param([OTHER, KEY], [b"n" * 32, OTHER], True, id="the key was changed twice"),
    ],
)
def test_while_a_key_is_changed_both_count(sent, accepted, counts):
    assert bool(program.unseal(program.seal(BEAT, sent, LB1, LB2), accepted, LB1, LB2)) is counts


def changed(place):
    packet = bytearray(program.seal(BEAT, [KEY], LB1, LB2))
    packet[place] ^= 1
    return bytes(packet)


@pytest.mark.parametrize("place", range(len(program.seal(BEAT, [KEY], LB1, LB2))))
def test_no_bit_can_be_changed(place):
    assert program.unseal(changed(place), [KEY], LB1, LB2) is None


@pytest.mark.parametrize(
    "packet", [b"", b"x", bytes(59), bytes(91), bytes(256), program.seal(BEAT, [KEY], LB1, LB2)[:-1]]
)
def test_what_is_no_heartbeat(packet):
    assert program.unseal(packet, [KEY], LB1, LB2) is None


@pytest.mark.parametrize(("sender", "receiver"), [(LB2, LB1), (LB1, "192.0.2.13"), ("192.0.2.13", LB2)])
def test_it_counts_between_its_two_hosts_only(sender, receiver):
    assert program.unseal(program.seal(BEAT, [KEY], LB1, LB2), [KEY], sender, receiver) is None


class Host:
    """One side of a conversation."""

    def __init__(self):
        self.own = program.Own(1.2)
        self.peer = program.Peer("the other one")

    def beat(self, now, answered=None):
        return program.Heartbeat(True, self.own.next(now), answered or self.peer.last, CARD)

    def judge(self, beat, now):
        return self.peer.judge(beat, self.own, now)


def acquainted(now):
    """Two hosts that have just met, as the program lets them."""
    one, two = Host(), Host()
    first = one.beat(now)
    assert two.judge(first, now) == "stale"
    assert one.judge(two.beat(now, answered=first.challenge), now) == ""
    assert two.judge(one.beat(now + 0.2), now + 0.2) == ""
    return one, two


def test_two_hosts_meet_within_one_interval_and_go_on():
    one, two = acquainted(0)
    for step in range(2, 50):
        assert two.judge(one.beat(step * 0.2), step * 0.2) == ""
        assert one.judge(two.beat(step * 0.2), step * 0.2) == ""


def test_a_heartbeat_counts_once():
    one, two = acquainted(0)
    beat = one.beat(0.4)
    assert [two.judge(beat, 0.4), two.judge(beat, 0.5)] == ["", "replayed"]


def test_nothing_that_was_recorded_counts_later():
    """Not even when the one who recorded it has seen to it that nothing else arrives."""
    one, two = acquainted(0)
    recorded = [one.beat(0.4 + number / 10) for number in range(5)]
    assert {two.judge(beat, 2.0) for beat in recorded} == {"stale"}


def test_nothing_of_an_earlier_run_counts():
    one, two = acquainted(0)
    recorded = one.beat(0.4)
    again = Host()
    again.peer = one.peer
    two.own = program.Own(1.2)
    assert two.judge(recorded, 0.5) == "stale"
    assert two.judge(one.beat(0.5), 0.5) == "stale"


def test_a_host_that_was_started_anew_is_known_again_at_once():
    one, two = acquainted(0)
    one = Host()
    first = one.beat(1.0)
    assert two.judge(first, 1.0) == "stale"
    assert one.judge(two.beat(1.0, answered=first.challenge), 1.0) == ""
    assert two.judge(one.beat(1.2), 1.2) == ""


def test_refusals_are_counted_all_and_said_now_and_then(capsys):
    refusals = program.Refusals()
    for number in range(600):
        refusals.add(LB1, "digest", number / 10)
    refusals.add(LB1, "digest", 61)
    refusals.add(LB2, "stale", 61)
    assert dict(refusals.counts) == {"digest": 601, "stale": 1}
    assert capsys.readouterr().err.splitlines() == [
        f"refused 1 heartbeats from {LB1}: digest",
        f"refused 600 heartbeats from {LB1}: digest",
    ]


@pytest.mark.parametrize(("content", "expected"), [("0\n", True), ("1\n", False), ("", False), (None, False)])
def test_what_a_report_says(tmp_path, content, expected):
    if content is not None:
        (tmp_path / "haproxy").write_text(content)
    assert program.says_well(str(tmp_path / "haproxy")) is expected


def test_a_report_that_somebody_has_replaced_says_nothing_good(tmp_path):
    program.os.mkfifo(tmp_path / "pipe")
    (tmp_path / "well").write_text("0\n")
    (tmp_path / "link").symlink_to(tmp_path / "well")
    assert not program.says_well(str(tmp_path / "pipe"))
    assert not program.says_well(str(tmp_path / "link"))
