# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The log of changes on a host: bounded, for root only, and readable whatever else is in it."""

from __future__ import annotations

import os

import pytest
from ansible_collections.evenkeel.ha_web.plugins.module_utils._deployed import log


@pytest.fixture
def path(tmp_path):
    return tmp_path / "haproxy.changes"


def test_an_entry_has_time_login_and_files(path):
    log.add_entry(path, {"daemon": "haproxy", "outcome": "live"}, ["haproxy.cfg"])
    (entry,) = log.read_entries(path)
    assert entry["time"].endswith("Z")
    assert entry["by"]
    assert (entry["daemon"], entry["outcome"]) == ("haproxy", "live")
    assert (entry["files"], entry["further_files"]) == (["haproxy.cfg"], 0)


def test_only_its_owner_can_read_it(path):
    log.add_entry(path, {}, [])
    assert path.stat().st_mode & 0o777 == 0o600
    assert [item.name for item in path.parent.iterdir()] == [path.name]


def test_it_keeps_the_latest_entries(path, monkeypatch):
    monkeypatch.setattr(log, "MOST", 3)
    for number in range(5):
        log.add_entry(path, {"number": number}, [])
    assert [entry["number"] for entry in log.read_entries(path)] == [2, 3, 4]


def test_many_files_are_counted(path):
    log.add_entry(path, {}, map(str, range(log.FILES + 5)))
    (entry,) = log.read_entries(path)
    assert (len(entry["files"]), entry["further_files"]) == (log.FILES, 5)


def test_a_damaged_line_is_left_out(path):
    path.write_text('{"time": \n[]\n{"time": 1}\n', encoding="utf-8")
    log.add_entry(path, {"number": 1}, [])
    assert [entry["number"] for entry in log.read_entries(path)] == [1]


def test_all_logs_of_a_host_are_sorted_by_time(path):
    entries = {"haproxy.changes": ["2026-01-03", "2026-01-01"], "nginx.changes": ["2026-01-02"]}
    for name, times in entries.items():
        path.with_name(name).write_text("".join(f'{{"time": "{time}"}}\n' for time in times), encoding="utf-8")
    assert [entry["time"][-1] for entry in log.read_all(path.parent)] == ["3", "2", "1"]


def process(proc, pid, parent, **environment):
    (proc / str(pid)).mkdir()
    (proc / str(pid) / "stat").write_text(f"{pid} (python3 (x) 1) S {parent} 1 1", encoding="utf-8")
    text = "\0".join(f"{name}={value}" for name, value in environment.items())
    (proc / str(pid) / "environ").write_text(text, encoding="utf-8")


def test_the_login_is_that_of_the_processes_above(tmp_path):
    process(tmp_path, 30, 20, HOME="/root", SUDO_USER="alice")
    process(tmp_path, 20, 10, HOME="/home/alice", SSH_CONNECTION="192.0.2.9 50000 192.0.2.11 22")
    process(tmp_path, 10, 1, HOME="/root")
    assert log.identify_login(30, tmp_path) == "alice from 192.0.2.9"


def test_a_login_without_sudo_and_without_ssh_is_the_user_of_the_process(tmp_path):
    process(tmp_path, 30, 1, HOME="/root", SUDO_USER="")
    assert log.identify_login(30, tmp_path) == log._name_user(os.getuid())


def test_a_login_has_no_control_characters(tmp_path):
    process(tmp_path, 30, 1, SUDO_USER="a\nb")
    assert log.identify_login(30, tmp_path) == "ab"


def test_an_unknown_number_of_a_user_stands_for_itself():
    assert log._name_user(2**31 - 5) == str(2**31 - 5)
