"""The program that reloads haproxy saves what was done to haproxy's servers at run time, and what haproxy would take
from it."""

from __future__ import annotations

import fcntl
import importlib.util
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from samples.endless import endless

PROGRAM = Path(__file__).parents[3] / "roles/haproxy/files/reload.py"
specification = importlib.util.spec_from_file_location("reload", PROGRAM)
reload = importlib.util.module_from_spec(specification)
specification.loader.exec_module(reload)

HEAD = "1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state ...\n"


def line(admin=0, weight=1, check=6, agent=0, server="web1"):
    """A line as haproxy 2.6.12 and 3.0.11 write it."""
    return (
        f"3 web 1 {server} 192.0.2.21 2 {admin} {weight} 1 7 15 3 4 {check} {agent} 0 0 - 80 - 1 8081 192.0.2.99 "
        "192.0.2.98 99\n"
    )


def saved(states, configuration=""):
    return reload.select_states(HEAD + states + "\n", configuration)


@pytest.mark.parametrize(
    "state",
    [
        {"admin": 1},
        {"admin": 8},
        {"admin": 4},
        {"admin": 5},
        {"admin": 24},
        {"weight": 0},
        {"check": 2},
        {"agent": 2},
        {"check": 3},
    ],
    ids=[
        "maintenance",
        "drained",
        "ready although disabled",
        "disabled",
        "drained twice",
        "weight",
        "no check",
        "no agent",
        "checked now",
    ],
)
def test_what_somebody_has_said_is_saved(state):
    assert saved(line(**state)).count("\n") == 2


@pytest.mark.parametrize(
    "state",
    [{}, {"admin": 2}, {"admin": 16}, {"admin": 32}, {"check": 0}, {"check": 14}, {"agent": 22}],
    ids=["nothing", "tracked maintenance", "tracked drain", "no address yet", "none configured", "paused", "agent"],
)
def test_what_nobody_has_said_is_not_saved(state):
    assert saved(line(**state)) == "1\n"


def test_the_line_ends_before_what_the_configuration_knows_better():
    assert saved(line(admin=8)) == "1\n3 web 1 web1 192.0.2.21 2 8 1 1 7 15 3 4 6 0 0 0 - 80 -\n"


@pytest.mark.parametrize(
    ("address", "port"),
    [
        ("192.0.2.21:8080", "8080"),
        ("[2001:db8::21]:8080", "8080"),
        ("2001:db8::21:8080", "8080"),
        ("web1.example:8080", "8080"),
        ("192.0.2.21", "0"),
        ("[2001:db8::21]", "0"),
        ("192.0.2.21:+8000", "8000"),
        ("192.0.2.21:-10", "80"),
    ],
)
def test_the_port_is_the_one_that_will_be_loaded(address, port):
    configuration = (
        "backend other\n    server web1 192.0.2.21:1\nbackend web from http\n    balance roundrobin\n    "
        f"server web1 {address} check\n"
    )
    assert saved(line(admin=8), configuration).split()[19] == port


@pytest.mark.parametrize(
    "configuration",
    [
        "",
        "peers web\n    server web1 192.0.2.21:1\n",
        "backend web\n    server-template web 3 192.0.2.21:1\n",
        "backend web\n    # server web1 x:1\n",
    ],
)
def test_the_port_stays_where_the_configuration_says_none(configuration):
    assert saved(line(admin=8), configuration).split()[19] == "80"


@pytest.fixture
def host(tmp_path):
    """A directory with a state of before and a configuration, and a process that stands for the master."""
    (tmp_path / "server-state").write_text("1\n" + line(admin=8))
    (tmp_path / "haproxy.cfg").write_text("")
    with subprocess.Popen(["sleep", "60"]) as master:
        yield tmp_path, master
        master.kill()


def arguments(folder, master):
    names = ("admin.sock", "master.sock", "", "haproxy.cfg")
    return [sys.executable, "-I", PROGRAM, str(master.pid), *(folder / name for name in names)]


def test_a_haproxy_that_does_not_answer_is_reloaded_and_takes_what_was_saved_before_out_of_force(host):
    folder, master = host
    done = subprocess.run(arguments(folder, master), capture_output=True, text=True, check=True)
    assert "admin.sock: the state of the servers is not saved" in done.stderr
    assert "master.sock: no process listens" in done.stderr
    texts = {path.name: path.read_text() for path in folder.iterdir()}
    assert texts == {"lock": "", "haproxy.cfg": "", "server-state": "1\n"}
    assert master.wait(5) == -signal.SIGUSR2


def test_a_reload_waits_while_somebody_tells_the_worker_something(host):
    folder, master = host
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with subprocess.Popen(arguments(folder, master), stderr=subprocess.PIPE, text=True) as process:
            # Nobody listens on the sockets; what it says first is that it waits.
            assert "waiting for another process" in process.stderr.readline()
            assert (process.poll(), master.poll()) == (None, None)
            fcntl.flock(lock, fcntl.LOCK_UN)
            process.communicate()
            assert process.returncode == 0
    assert master.wait(5) == -signal.SIGUSR2


def test_what_was_saved_before_is_out_of_force_where_nothing_can_be_written(host):
    folder, _master = host
    (folder / "server-state.new").mkdir()
    reload.save(str(folder / "admin.sock"), folder / "server-state", folder / "haproxy.cfg")
    assert not (folder / "server-state").exists()


def test_a_lock_that_cannot_be_had_keeps_nobody_from_reloading(host):
    folder, master = host
    (folder / "lock").mkdir()
    done = subprocess.run(arguments(folder, master), capture_output=True, text=True, check=True)
    assert "/lock: Is a directory; changes of servers during this reload can be lost" in done.stderr
    assert master.wait(5) == -signal.SIGUSR2


def test_an_answer_without_an_end_is_an_error_and_not_all_of_the_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(reload, "LONGEST", 100_000)
    with endless(tmp_path / "admin.sock"), pytest.raises(OSError, match="more than 100000 bytes"):
        reload.ask(str(tmp_path / "admin.sock"), "show servers state")
