# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever ends a run, and at whatever instant: the next one finds a whole set, and finishes what was begun."""

from __future__ import annotations

import os
import sys

import pytest
from ansible_collections.evenkeel.ha_web.plugins.module_utils._host import disk
from ansible_collections.evenkeel.ha_web.plugins.module_utils._transaction.config_set import ConfigSet
from ansible_collections.evenkeel.ha_web.plugins.module_utils._transaction.files import MARK
from samples.config_sets import NEW, NEW_PLACES, OLD, OLDEST, absent, install, placed, sets, tree

KILLED = 9


@pytest.fixture
def unsynced(monkeypatch):
    """Do not wait for the disk: what is killed loses nothing that it has written, only a power failure would."""
    monkeypatch.setattr(os, "fsync", lambda handle: None)


def ended(work, instant):
    """Do the work in a process that is killed before its nth operation; False where it does not take that many."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            _kill_myself_at(instant)
            work()
            code = 0
        finally:
            os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in (0, KILLED)
    return code == KILLED


def _kill_myself_at(instant):
    """Python announces every call that opens, renames, removes ... before it makes it.

    To enter a directory changes nothing, so who is killed before that is killed before what comes next."""
    left = instant

    def count(event, arguments):
        nonlocal left
        enters = event == "open" and arguments[2] & os.O_DIRECTORY
        left -= event.startswith(("os.", "open", "subprocess.", "ctypes.")) and not enters
        if left == 0:
            os._exit(KILLED)

    sys.addaudithook(count)


def instants(tmp_path, work_on):
    """A fresh directory for every instant at which the work can be ended, up to the run that is not."""
    instant = 1
    while True:
        config = ConfigSet(str(tmp_path / str(instant) / "haproxy"))
        config.live.parent.mkdir()
        work = work_on(config)
        was_ended = ended(work, instant)
        yield config
        if not was_ended:
            assert instant > len(NEW)
            return
        instant += 1


def expected(tmp_path, *files):
    """What the live directory is after these installs."""
    config = ConfigSet(str(tmp_path / "expected/haproxy"))
    config.live.parent.mkdir(exist_ok=True)
    for each in files:
        install(config, each)
    return tree(config.live)


def unmarked(directory):
    """Everything below the directory but the mark of a set of which the change is not ended."""
    found = tree(directory)
    return found and {name: facts for name, facts in found.items() if name != MARK}


def test_a_change_that_is_ended_at_any_instant(exchange, unsynced, tmp_path):
    oldest, old, new = (expected(tmp_path, each) for each in (OLDEST, OLD, NEW))

    def work_on(config):
        install(config, OLDEST)
        install(config, OLD)
        return lambda: install(config, NEW)

    for config in instants(tmp_path, work_on):
        if exchange:
            assert unmarked(config.live) in (old, new)
        config.recover()
        assert (tree(config.live), tree(config.previous)) in ((old, oldest), (new, old))
        install(config, NEW)
        assert (tree(config.live), tree(config.previous)) == (new, old)
        assert sets(config) == [".haproxy.previous", "haproxy"]


def test_what_an_ended_change_has_replaced_comes_back(exchange, unsynced, tmp_path):
    oldest, old = expected(tmp_path, OLDEST), expected(tmp_path, OLD)

    def work_on(config):
        install(config, OLDEST)
        install(config, OLD)
        return lambda: install(config, NEW)

    for config in instants(tmp_path, work_on):
        was = unmarked(config.live)
        config.restore()
        assert tree(config.live) == (oldest if was == old else old)


def test_a_recovery_that_is_ended_at_any_instant(exchange, unsynced, tmp_path):
    """A change is ended everywhere, the run after it too, and the third finds all that it needs."""
    old, new = expected(tmp_path, OLD), expected(tmp_path, NEW)

    def prepare(config):
        config.live.parent.mkdir(parents=True, exist_ok=True)
        install(config, OLDEST)
        install(config, OLD)
        return lambda: install(config, NEW)

    def leaves_a_mark(instant):
        config = ConfigSet(str(tmp_path / f"first/{instant}/haproxy"))
        return ended(prepare(config), instant) and (config.live / MARK).exists()

    marked = next(filter(leaves_a_mark, range(1, 1000)))

    def work_on(config):
        work = prepare(config)
        assert ended(work, marked)
        return work

    for config in instants(tmp_path, work_on):
        install(config, NEW)
        assert (tree(config.live), tree(config.previous)) == (new, old)
        assert sets(config) == [".haproxy.previous", "haproxy"]


def test_what_stood_elsewhere_is_there_after_a_run_that_was_ended(exchange, unsynced, tmp_path, outside):
    before = {"units/gone.conf": ("old", 0o600)}

    def work_on(config):
        disk.write(config.live.parent / "units/gone.conf", b"old")
        install(config, OLD)
        return lambda: install(config, outside(config.live.parent)[0])

    for config in instants(tmp_path, work_on):
        install(config, OLD)
        assert placed(config.live.parent) == before


def test_files_elsewhere_of_a_run_that_was_ended_are_not_left_behind(exchange, unsynced, tmp_path, outside):
    def work_on(config):
        install(config, OLD)
        return lambda: install(config, outside(config.live.parent)[0])

    for config in instants(tmp_path, work_on):
        install(config, OLD)
        assert placed(config.live.parent) == {}


def test_files_elsewhere_are_right_after_the_next_run_whenever_a_run_is_ended(exchange, unsynced, tmp_path, outside):
    def work_on(config):
        old, new = outside(config.live.parent)
        install(config, old)
        return lambda: install(config, new)

    for config in instants(tmp_path, work_on):
        install(config, outside(config.live.parent)[1])
        assert placed(config.live.parent) == NEW_PLACES


def test_an_absent_file_elsewhere_is_gone_or_back_after_the_run_after_one_that_was_ended(exchange, unsynced, tmp_path):
    before = {"units/gone.conf": ("old", 0o600)}

    def work_on(config):
        gone = config.live.parent / "units/gone.conf"
        disk.write(gone, b"old")
        install(config, OLD)
        return lambda: install(config, [*NEW, absent(str(gone))])

    for number, config in enumerate(instants(tmp_path, work_on)):
        wanted = [*NEW, absent(f"{config.live.parent}/units/gone.conf")] if number % 2 else OLD
        install(config, wanted)
        assert placed(config.live.parent) == ({} if number % 2 else before)


def test_a_first_install_that_is_ended_at_any_instant(exchange, unsynced, tmp_path):
    new = expected(tmp_path, NEW)
    for config in instants(tmp_path, lambda config: lambda: install(config, NEW)):
        assert unmarked(config.live) in (None, new)
        install(config, NEW)
        assert tree(config.live) == new
        assert sets(config) == ["haproxy"]


def test_a_restore_that_is_ended_at_any_instant(exchange, unsynced, tmp_path):
    old, new = expected(tmp_path, OLD), expected(tmp_path, NEW)

    def work_on(config):
        install(config, OLD)
        install(config, NEW)
        return config.restore

    for config in instants(tmp_path, work_on):
        if exchange:
            assert tree(config.live) in (old, new)
        config.recover()
        assert (tree(config.live), tree(config.previous)) in ((new, old), (old, new))
        if tree(config.live) == new:
            config.restore()
        config.discard()
        assert (tree(config.live), tree(config.previous)) == (old, new)
        assert sets(config) == [".haproxy.previous", "haproxy"]
