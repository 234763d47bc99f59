"""How a configuration directory is recognised, and what it takes to make it live."""

from __future__ import annotations

import json
import os
import shutil
import time

import pytest
from ansible_collections.evenkeel.ha_web.plugins.module_utils._check.messages import HAPROXY
from ansible_collections.evenkeel.ha_web.plugins.module_utils._deployed import proven
from ansible_collections.evenkeel.ha_web.plugins.module_utils._deployed.manifest import MANIFEST
from ansible_collections.evenkeel.ha_web.plugins.module_utils._host.unit import Unit
from ansible_collections.evenkeel.ha_web.plugins.module_utils._transaction.config_set import ConfigSet
from ansible_collections.evenkeel.ha_web.plugins.module_utils._transaction.live import Live
from ansible_collections.evenkeel.ha_web.plugins.module_utils._transaction.proof import Daemon, NotProven


@pytest.fixture
def directory(tmp_path):
    directory = tmp_path / "haproxy"
    (directory / "certs").mkdir(parents=True)
    (directory / "haproxy.cfg").write_text("global\n")
    return directory


class Host:
    """What systemd would answer; a reload of a unit in C(broken) fails."""

    def __init__(self):
        self.started = {}
        self.broken = set()
        self.done = []

    def boot(self, *names):
        """The units run as they do after a boot, and nothing else does."""
        self.started = dict.fromkeys(names, 2)

    def run(self, argv):
        verb, *names = argv[1:]
        if argv[0] != "systemctl":
            return 0, "", ""
        if verb == "show":
            return 0, "\n\n".join(self._shown(name) for name in names if not name.startswith("-")), ""
        self.done.append(f"{verb} {names[0]}")
        if names[0] in self.broken:
            return 1, "", "broken"
        if verb == "stop":
            del self.started[names[0]]
        elif verb != "enable":
            self.started.setdefault(names[0], 1)
        return 0, "", ""

    def _shown(self, name):
        state = "active" if name in self.started else "inactive"
        started = self.started.get(name, 0)
        return f"ActiveState={state}\nUnitFileState=enabled\nMainPID=0\nExecMainStartTimestampMonotonic={started}\n"


class Proven(Daemon):
    """A daemon that runs what it is given."""

    words = HAPROXY

    def is_proven(self):
        return True


@pytest.fixture
def host(tmp_path, monkeypatch):
    monkeypatch.setattr(proven, "MEMORY", tmp_path / "memory")
    return Host()


@pytest.fixture
def live(directory, host):
    return Live(ConfigSet(str(directory)), Proven(Unit("haproxy", host.run), ""), 1)


def declare(directory, *companions):
    (directory / MANIFEST).write_text(json.dumps({"companions": companions}))


def make_live(live, host):
    """What a run does; returns the calls that change something."""
    host.done.clear()
    if action := live.action():
        live.make_live(action)
    return host.done


def test_a_daemon_that_runs_what_is_on_disk_is_left_alone(live, host):
    assert make_live(live, host) == ["start haproxy"]
    assert make_live(live, host) == []
    assert live.action(will_change=True) == "reload"


def test_what_another_run_has_installed_is_reloaded(live, host, directory):
    make_live(live, host)
    (directory / "haproxy.cfg").write_text("global # new\n")
    assert make_live(live, host) == ["reload haproxy"]
    assert make_live(live, host) == []


@pytest.mark.parametrize("hours", [-30, 0, 30])
def test_an_unfinished_change_is_seen_whatever_was_done_to_the_clock(live, host, directory, hours):
    """The host has booted since, so that it runs what is on disk; of a file that was edited afterwards the clock may
    say anything."""
    make_live(live, host)
    host.boot("haproxy")
    assert make_live(live, host) == []
    (directory / "haproxy.cfg").write_text("global # new\n")
    stepped = time.time() + hours * 3600
    os.utime(directory / "haproxy.cfg", (stepped, stepped))
    host.started["haproxy"] = 2**40
    assert make_live(live, host) == ["reload haproxy"]


def test_what_was_edited_and_taken_back_is_reloaded(live, host, directory):
    """In between somebody can have reloaded the daemon by hand."""
    make_live(live, host)
    text = (directory / "haproxy.cfg").read_text()
    for each in ("global # new\n", text):
        (directory / "haproxy.cfg").write_text(each)
    assert make_live(live, host) == ["reload haproxy"]


def test_a_change_that_was_ended_before_the_daemon_was_told_is_finished(live, host, directory):
    make_live(live, host)
    with live.forget_proof():
        pass
    assert make_live(live, host) == ["reload haproxy"]
    assert make_live(live, host) == []


def test_units_beside_the_daemon_run_while_its_set_names_them(live, host, directory):
    declare(directory, "watch")
    assert make_live(live, host) == ["reload-or-restart watch", "start haproxy"]
    assert make_live(live, host) == []
    host.started.pop("watch")
    assert make_live(live, host) == ["reload-or-restart watch"]
    declare(directory)
    assert make_live(live, host) == ["stop watch", "reload haproxy"]
    assert make_live(live, host) == []


def test_a_socket_beside_the_daemon_is_started_before_its_service_and_never_reloaded(live, host, directory):
    declare(directory, "log.socket", "log.service")
    assert make_live(live, host) == ["start log.socket", "reload-or-restart log.service", "start haproxy"]
    (directory / "haproxy.cfg").write_text("global # new\n")
    assert make_live(live, host) == ["start log.socket", "reload-or-restart log.service", "reload haproxy"]
    declare(directory)
    assert make_live(live, host) == ["stop log.socket", "stop log.service", "reload haproxy"]


def test_a_unit_that_is_not_named_any_more_after_a_boot_is_stopped(live, host, directory):
    declare(directory, "watch")
    make_live(live, host)
    host.boot("haproxy", "watch")
    declare(directory)
    assert make_live(live, host) == ["stop watch", "reload haproxy"]
    assert "watch" not in host.started
    assert make_live(live, host) == []


def test_a_unit_that_is_gone_already_is_not_stopped(live, host, directory):
    declare(directory, "watch")
    make_live(live, host)
    host.boot("haproxy")
    declare(directory)
    assert make_live(live, host) == ["reload haproxy"]


def test_a_unit_of_a_run_that_was_ended_is_stopped_as_well(live, host, directory):
    make_live(live, host)
    declare(directory, "watch")
    host.broken = {"haproxy"}
    with pytest.raises(NotProven):
        make_live(live, host)
    host.broken = set()
    declare(directory)
    assert "stop watch" in make_live(live, host)


def test_the_previous_set_brings_its_own_units_back(live, host, directory):
    declare(directory, "watch")
    make_live(live, host)
    directory.rename(live.config.previous)
    directory.mkdir()
    declare(directory, "other")
    host.broken = {"other"}
    with pytest.raises(NotProven, match="broken"):
        make_live(live, host)
    host.started["other"] = 1
    host.broken = set()
    host.done.clear()
    assert live.go_back(was_active=True).endswith(f"(the refused one is kept in {live.config.previous}) and serves.")
    assert host.done == ["stop other", "reload-or-restart watch", "reload haproxy"]


def test_what_serves_beside_a_set_is_stopped_while_the_set_is_still_there(live, host, directory, monkeypatch):
    live.config.previous.mkdir()
    declare(directory, "watch")
    live.timeout = 0
    with monkeypatch.context() as refused:
        refused.setattr(live.daemon, "is_proven", lambda: False)
        with pytest.raises(NotProven, match="no proof"):
            make_live(live, host)
    there = []

    def run(argv):
        if argv[1] == "stop":
            there.append((directory / MANIFEST).exists())
        return host.run(argv)

    monkeypatch.setattr(live.unit, "run", run)
    assert live.go_back(was_active=True).endswith("and serves.")
    assert there == [True]
    assert host.started.keys() == {"haproxy"}


def test_a_daemon_that_did_not_run_before_does_not_run_what_was_refused(live, host, directory, monkeypatch):
    live.config.previous.mkdir()
    declare(directory, "watch")
    live.timeout = 0
    monkeypatch.setattr(live.daemon, "is_proven", lambda: False)
    with pytest.raises(NotProven, match="no proof"):
        make_live(live, host)
    assert host.started.keys() == {"haproxy", "watch"}
    assert live.go_back(was_active=False).endswith("does not run now.")
    assert not host.started


def test_only_root_can_read_what_is_remembered(live, host):
    make_live(live, host)
    assert live.memory.parent.stat().st_mode & 0o777 == 0o700
    assert live.memory.stat().st_mode & 0o777 == 0o600


def test_a_set_that_was_never_proven_is_no_way_back(live, host, directory):
    """A run that was ended has left it; the next one replaces it, and goes back to what was proven."""
    make_live(live, host)
    shutil.copytree(directory, live.config.previous)
    (directory / "haproxy.cfg").write_text("global # broken\n")
    with live.forget_proof():
        assert live.config.keeps_previous
    assert make_live(live, host) == ["reload haproxy"]
    with live.forget_proof():
        assert not live.config.keeps_previous
