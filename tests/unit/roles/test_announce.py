# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a node announces. What comes of it is told in the scenario anycast."""

from __future__ import annotations

import importlib.util
import os
import socket
import threading
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parents[3] / "roles/bird/files/announce.py"
specification = importlib.util.spec_from_file_location("announce", PROGRAM)
program = importlib.util.module_from_spec(specification)
specification.loader.exec_module(program)

READY, DRAIN, LAST = program.READY, program.DRAIN, program.LAST_RESORT


def decide(steps, announced=LAST, rise=2.0):
    """What is announced after each step, of time, whether the node is well, and whether it stands by."""
    decision = program.Decision(rise, announced, 0.0)
    return [decision.take(well, standing_by, now) for now, well, standing_by in steps]


@pytest.mark.parametrize(
    ("steps", "announced"),
    [
        pytest.param([(0, True, False), (1.9, True, False), (2, True, False)], [LAST, LAST, READY], id="boot"),
        pytest.param([(0, False, False), (9, False, False)], [LAST, LAST], id="never well"),
        pytest.param([(0, True, True), (2, True, True)], [LAST, DRAIN], id="boot of a drained node"),
        pytest.param(
            [(0, True, False), (1, False, False), (2, True, False), (3.9, True, False), (4, True, False)],
            [LAST, LAST, LAST, LAST, READY],
            id="unwell while it comes back",
        ),
    ],
)
def test_a_node_is_announced_once_it_was_well_for_a_while(steps, announced):
    assert decide(steps) == announced


def test_an_unwell_node_takes_its_routes_back_at_once():
    assert decide([(0, True, False), (0.05, False, False)], READY) == [READY, LAST]
    assert decide([(0, True, True), (0.05, False, True)], DRAIN) == [DRAIN, LAST]


def test_a_node_that_is_well_is_drained_and_returns_at_once():
    assert decide([(0, True, False), (1, True, True), (2, True, False)], READY) == [READY, DRAIN, READY]


def test_a_program_that_starts_anew_changes_nothing():
    assert decide([(0, True, False)], READY) == [READY]
    assert decide([(0, True, True)], DRAIN) == [DRAIN]


def flap(times):
    """Seconds from the end of each failure until the node is announced; it fails as soon as it is."""
    decision, now, found = program.Decision(2.0, READY, 0.0), 100.0, []
    for _time in range(times):
        decision.take(False, False, now)
        began = now = now + 0.1
        while decision.take(True, False, now) != READY:
            now += 0.1
        found.append(round(now - began))
        now += 0.1
    return found


def test_flapping_is_damped():
    assert flap(7) == [2, 4, 8, 16, 32, 32, 32]


def test_a_failure_after_a_quiet_time_is_the_first_one():
    decision = program.Decision(2.0, READY, 0.0)
    for moment in (100.0, 200.0, 300.0):
        decision.take(False, False, moment)
        decision.take(True, False, moment + 1)
        assert decision.take(True, False, moment + 3) == READY


@pytest.mark.parametrize(
    ("content", "well"), [("0\n", True), ("1\n", False), ("", False), ("00", False), (None, False)], ids=repr
)
def test_a_report_means_well_only_if_it_holds_zero(tmp_path, content, well):
    report = tmp_path / "report"
    if content is not None:
        report.write_text(content)
    assert program.holds_zero(str(report)) is well


def test_a_report_is_no_link_and_no_pipe(tmp_path):
    (tmp_path / "zero").write_text("0\n")
    (tmp_path / "link").symlink_to(tmp_path / "zero")
    os.mkfifo(tmp_path / "pipe")
    assert not program.holds_zero(str(tmp_path / "link"))
    assert not program.holds_zero(str(tmp_path / "pipe"))


class Bird(threading.Thread):
    """A control socket that answers as BIRD does, and remembers which protocols are up."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.up = {"ready4": False, "drain4": False, "last_resort4": True}
        self.commands = []
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen()

    def run(self):
        while True:
            control, _address = self.listener.accept()
            with control:
                control.sendall(b"0001 BIRD 2.0.12 ready.\n")
                control.sendall(self.answer(control.recv(1000).decode().strip()).encode())

    def answer(self, command):
        if command == "show protocols":
            head = "2002-Name       Proto      Table      State  Since         Info\n"
            lines = [
                f"1002-{name} Static     master4    {'up' if up else 'down'}   12:15:20.062\n"
                for name, up in self.up.items()
            ]
            lines += [
                "1002-bgp_192_0_2_1 BGP        ---        up     12:15:21.062  Established   \n",
                "1002-bgp_192_0_2_2 BGP        ---        start  12:15:21.062  Active        No route\n",
            ]
            return head + "".join([lines[0], *(line.replace("1002-", " ") for line in lines[1:])]) + "0000 \n"
        self.commands.append(command)
        verb, name = command.split()
        self.up[name] = verb == "enable"
        return f"0011-{name}: {verb}d\n0000 \n"


@pytest.fixture
def bird(tmp_path):
    started = Bird(tmp_path / "bird.ctl")
    started.start()
    return started


@pytest.fixture
def announcer(tmp_path, bird):
    settings = {
        "protocols": {"ready": ["ready4"], "drain": ["drain4"]},
        "peers": {"bgp_192_0_2_1": "192.0.2.1", "bgp_192_0_2_2": "192.0.2.2"},
        "directory": str(tmp_path),
        "socket": str(tmp_path / "bird.ctl"),
    }
    return program.Announcer(settings)


def test_new_routes_come_before_old_ones_go(announcer, bird, tmp_path):
    for wanted in (READY, READY, DRAIN, LAST):
        announcer.announce(wanted)
        assert announcer.remembered() == wanted
    assert bird.commands == ["enable ready4", "enable drain4", "disable ready4", "disable drain4"]
    assert bird.up["last_resort4"]


def test_sessions_are_reported(announcer):
    assert announcer.announce(READY) == {"192.0.2.1": True, "192.0.2.2": False}


def test_a_bird_that_starts_finds_what_was_announced(announcer, tmp_path):
    announcer.announce(READY)
    assert (tmp_path / "ready.conf").read_text() == "disabled no;\n"
    assert not (tmp_path / "drain.conf").exists()


def test_a_bird_that_does_not_answer_finds_it_later(announcer, bird, tmp_path):
    (tmp_path / "bird.ctl").unlink()
    with pytest.raises(program.NoAnswer):
        announcer.announce(READY)
    assert announcer.remembered() == READY
