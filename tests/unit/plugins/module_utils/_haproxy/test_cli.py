# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is said of a socket behind which nobody answers."""

from __future__ import annotations

import socket

import pytest
from ansible_collections.evenkeel.ha_web.plugins.module_utils._haproxy import cli
from ansible_collections.evenkeel.ha_web.plugins.module_utils._haproxy.cli import (
    NoAnswer,
    Stopped,
    Workers,
    ask,
    parse_workers,
)
from samples.endless import endless

# As haproxy 2.6.12, 3.0.11 and 3.2.26 have answered "show proc".
ANSWERS = [
    (
        """#<PID>          <type>          <reloads>       <uptime>        <version>
335             master          3 [failed: 0]   0d00h01m42s     2.6.12-1+deb12u4
# workers
2060            worker          0               0d00h00m00s     2.6.12-1+deb12u4
# programs

""",
        Workers(frozenset({2060}), 0, reloads=3, uptime=102),
    ),
    (
        """#<PID>          <type>          <reloads>       <uptime>        <version>
335             master          2 [failed: 1]   0d00h01m40s     2.6.12-1+deb12u4
# workers
1188            worker          1               0d00h01m30s     2.6.12-1+deb12u4
# old workers
337             worker          2               0d00h01m40s     2.6.12-1+deb12u4
# programs

""",
        Workers(frozenset({1188}), 1, frozenset({337}), 2, 100, 2),
    ),
    (
        """#<PID>          <type>          <reloads>       <uptime>        <version>
512             master          1 [failed: 0]   0d00h00m29s     3.0.11-1+deb13u5
# workers
570             worker          0               0d00h00m01s     3.0.11-1+deb13u5
# old workers
514             worker          1               0d00h00m29s     3.0.11-1+deb13u5
# programs

""",
        Workers(frozenset({570}), 0, frozenset({514}), 1, 29, 1),
    ),
    (
        """#<PID>          <type>          <reloads>       <uptime>        <version>
10              master          1 [failed: 0]   0d00h00m01s     3.2.26-1
# workers
33              worker          0               0d00h00m00s     3.2.26-1
# old workers
13              worker          1               0d00h00m01s     3.2.26-1

""",
        Workers(frozenset({33}), 0, frozenset({13}), 1, 1, 1),
    ),
    (
        """#<PID>          <type>          <reloads>       <uptime>        <version>
10              master          8 [failed: 1]   0d00h00m06s     3.2.26-1
# workers
# old workers
558             worker          3               0d00h00m03s     3.2.26-1
426             worker          4               0d00h00m05s     3.2.26-1

""",
        Workers(frozenset({558}), 1, frozenset({426}), 8, 6, 4),
    ),
    ("335  master  0  8d02h01m42s  3.0.11\n", Workers(frozenset(), 0, uptime=698502)),
    ("", Workers(frozenset(), 0)),
]


@pytest.mark.parametrize(("answer", "expected"), ANSWERS)
def test_what_the_master_of_haproxy_says(answer, expected):
    assert parse_workers(answer) == expected


@pytest.fixture
def listener(tmp_path):
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "admin.sock"))
        server.listen()
        yield server


def test_a_socket_that_does_not_exist_means_that_nothing_runs(tmp_path):
    with pytest.raises(Stopped, match=r"/none\.sock: no process listens .*start haproxy, or name its 'stats socket'"):
        ask(str(tmp_path / "none.sock"), "show info")


def test_a_socket_that_is_left_over_means_that_nothing_runs(tmp_path, listener):
    listener.close()
    with pytest.raises(Stopped, match=r"/admin\.sock: no process listens"):
        ask(str(tmp_path / "admin.sock"), "show info")


def test_silence_means_that_it_hangs_and_not_that_it_is_stopped(tmp_path, listener):
    with pytest.raises(NoAnswer, match=r"no answer to 'show info' within 0\.05 s; haproxy hangs") as silence:
        ask(str(tmp_path / "admin.sock"), "show info", timeout=0.05)
    assert not isinstance(silence.value, Stopped)


def test_an_answer_without_an_end_is_none(tmp_path, monkeypatch):
    monkeypatch.setattr(cli, "LONGEST", 100_000)
    with endless(tmp_path / "admin.sock"), pytest.raises(NoAnswer, match="more than 100000 bytes"):
        ask(str(tmp_path / "admin.sock"), "show info")
