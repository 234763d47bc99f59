"""The program that writes metrics of keepalived: what it makes of keepalived's words, and the whole of it with a real
pipe."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parents[3] / "roles/keepalived/files/metrics.py"
specification = importlib.util.spec_from_file_location("metrics", PROGRAM)
metrics = importlib.util.module_from_spec(specification)
specification.loader.exec_module(metrics)

RUNS = {"ActiveState": "active", "ReloadResult": "success"}


def heard(*lines):
    """The instance a after these lines, each a second after the other."""
    instances = {"a": metrics.Instance()}
    for second, line in enumerate(lines, start=1):
        metrics.read_notifications(instances, f"{line}\n", second)
    return instances["a"]


@pytest.mark.parametrize(
    ("lines", "state", "transitions", "changed"),
    [
        pytest.param([], "", {}, 0, id="nothing"),
        pytest.param(
            ['INSTANCE "a" BACKUP 254', 'INSTANCE "a" MASTER 254'],
            "master",
            {"backup": 1, "master": 1},
            2,
            id="takes over",
        ),
        pytest.param(
            ['INSTANCE "a" MASTER 254', 'INSTANCE "a" MASTER 254'],
            "master",
            {"master": 1},
            1,
            id="told again by a reload",
        ),
        pytest.param(['INSTANCE "a" MASTER 254', 'INSTANCE "a" STOP 254'], "stop", {"master": 1}, 2, id="ends"),
        pytest.param(
            ['INSTANCE "a" MASTER 9', 'INSTANCE "a" MASTER_RX_LOWER_PRI 9'], "master", {"master": 1}, 1, id="no state"
        ),
        pytest.param(
            ['INSTANCE "a" MASTER 9', 'INSTANCE "a" MASTER_PRIORITY 8'],
            "master",
            {"master": 1},
            1,
            id="another priority",
        ),
        pytest.param(
            ['GROUP "a" MASTER 0', 'INSTANCE "b" MASTER 254', "nonsense", 'INSTANCE "a" MAS'], "", {}, 0, id="others"
        ),
    ],
)
def test_what_is_heard(lines, state, transitions, changed):
    instance = heard(*lines)
    assert (instance.state, instance.changed) == (state, changed)
    assert {name: count for name, count in instance.transitions.items() if count} == transitions


def test_the_priority_is_the_last_that_was_told():
    assert heard('INSTANCE "a" MASTER 254', 'INSTANCE "a" MASTER_PRIORITY 244').priority == 244


def lines(instance=None, units=None, held=(), failed=()):
    instances = {"a": instance or metrics.Instance()}
    return list(metrics.samples(instances, {"a": ["192.0.2.10"]}, held, {}, units or {"keepalived": RUNS}, failed))


@pytest.mark.parametrize(
    ("active", "value"),
    [("active", 1), ("reloading", 1), ("inactive", 0), ("failed", 0), ("activating", 0), ("deactivating", 0)],
)
def test_a_keepalived_that_does_not_run_is_in_no_state(active, value):
    found = lines(heard('INSTANCE "a" MASTER 254'), {"keepalived": {**RUNS, "ActiveState": active}})
    assert f"keepalived_up {value}" in found
    assert f'keepalived_vrrp_state{{vrrp="a",state="master"}} {value}' in found


def test_who_holds_an_address_is_not_asked_of_keepalived():
    assert 'keepalived_vip_held{vrrp="a",vip="192.0.2.10"} 1' in lines(held={"192.0.2.10"})
    assert 'keepalived_vip_held{vrrp="a",vip="192.0.2.10"} 0' in lines(
        heard('INSTANCE "a" MASTER 254'), held={"192.0.2.100"}
    )


@pytest.mark.parametrize(
    ("result", "failed", "value"),
    [("success", [], 0), ("exit-code", [], 1), ("success", ["haproxy"], 1), ("success", ["nginx"], 0)],
)
def test_a_reload_that_systemd_or_the_service_has_seen_fail(result, failed, value):
    units = {"keepalived": RUNS, "haproxy": {**RUNS, "ReloadResult": result}}
    assert f'keepalived_watched_unit_reload_failed{{unit="haproxy"}} {value}' in lines(units=units, failed=failed)


def test_a_busy_process_is_not_one_that_hangs():
    found = list(
        metrics.samples({}, {}, (), {"haproxy_hangs": True}, {"keepalived": RUNS}, (), {"haproxy_hangs": True})
    )
    assert 'keepalived_tracked_well{name="haproxy_hangs"} 1' in found
    assert 'keepalived_watched_busy{name="haproxy_hangs"} 1' in found


@pytest.mark.parametrize(
    ("report", "told"),
    [
        pytest.param(None, [], id="no anycast"),
        pytest.param(
            {"announced": "drain", "sessions": {"192.0.2.1": True, "2001:db8::1": False}},
            [
                "bird_up 1",
                'bird_announced{state="drain"} 1',
                'bird_announced{state="last_resort"} 0',
                'bird_announced{state="ready"} 0',
                'bird_session_established{router="192.0.2.1"} 1',
                'bird_session_established{router="2001:db8::1"} 0',
            ],
            id="drained",
        ),
        pytest.param(
            {"announced": "ready", "sessions": {}},
            ["bird_up 0", 'bird_announced{state="ready"} 0'],
            id="BIRD does not answer",
        ),
        pytest.param({}, ["bird_up 0"], id="nobody reports"),
    ],
)
def test_what_is_announced(report, told):
    found = list(metrics.samples({}, {}, (), {}, {"keepalived": RUNS}, announcements=report))
    shown = [line for line in found if line.startswith("bird_")]
    assert [line for line in shown if line in told] == told
    assert bool(shown) == (report is not None)


def test_samples_of_a_metric_stand_together_below_their_meaning_and_times_keep_their_milliseconds():
    instance = metrics.Instance("master", 254, 1795683349.747)
    told = metrics.text(lines(instance)).splitlines()
    names = [line.split()[2] if line.startswith("#") else line.split("{")[0].split(" ")[0] for line in told]
    assert names == sorted(names, key=list(metrics.METRICS).index)
    assert 'keepalived_vrrp_last_transition_timestamp_seconds{vrrp="a"} 1795683349.747' in told


@pytest.mark.parametrize(("content", "well"), [("0\n", True), ("1\n", False), ("", True), (None, True)])
def test_what_a_track_file_says(tmp_path, content, well):
    if content is not None:
        (tmp_path / "haproxy").write_text(content)
    assert metrics.well(str(tmp_path / "haproxy")) is well


def test_counts_outlive_the_program(tmp_path):
    memory = tmp_path / "memory.json"
    instance = heard('INSTANCE "a" BACKUP 254', 'INSTANCE "a" MASTER 254')
    memory.write_text(metrics.json.dumps({"a": vars(instance), "gone": {}}))
    assert vars(metrics.load_instances(memory, ["a", "new"])["a"]) == vars(instance)
    assert sorted(metrics.load_instances(memory, ["a", "new"])) == ["a", "new"]


@pytest.mark.parametrize("content", ["", "{", None])
def test_a_memory_that_is_lost_is_begun_anew(tmp_path, content):
    if content is not None:
        (tmp_path / "memory.json").write_text(content)
    assert metrics.load_instances(tmp_path / "memory.json", ["a"])["a"].state == ""


def test_the_pipe_is_made_once_and_keeps_what_nobody_has_read(tmp_path):
    pipe = str(tmp_path / "pipe")
    keepalived = metrics.open_pipe(pipe)
    os.write(keepalived, b'INSTANCE "a" MASTER 254\n')
    assert os.read(metrics.open_pipe(pipe), 65536) == b'INSTANCE "a" MASTER 254\n'


def test_a_master_that_does_not_answer_refuses_nothing(tmp_path):
    assert metrics.is_reload_refused(str(tmp_path / "nobody")) is False


@pytest.fixture
def place(tmp_path):
    """The directory of the node exporter, and a file elsewhere that has to stay as it is."""
    outside = tmp_path / "outside"
    outside.write_text("theirs")
    outside.chmod(0o600)
    (tmp_path / "node-exporter").mkdir()
    yield tmp_path / "node-exporter", outside
    assert (outside.read_text(), outside.stat().st_mode & 0o777) == ("theirs", 0o600)


PLANTED = {
    "a link": lambda path, outside: path.symlink_to(outside),
    "a hard link": lambda path, outside: path.hardlink_to(outside),
    "a pipe": lambda path, _outside: os.mkfifo(path),
}


@pytest.mark.parametrize("plant", PLANTED.values(), ids=PLANTED)
@pytest.mark.parametrize("name", ["keepalived.prom", ".keepalived.prom.new"])
def test_what_somebody_has_planted_is_replaced_and_not_followed(place, plant, name):
    folder, outside = place
    plant(folder / name, outside)
    metrics.replace(folder / "keepalived.prom", "ours")
    assert {path.name: path.read_text() for path in folder.iterdir()} == {"keepalived.prom": "ours"}
    assert (folder / "keepalived.prom").stat().st_mode & 0o777 == 0o644


def test_a_directory_that_leads_elsewhere_is_not_entered(place):
    folder, outside = place
    folder.rmdir()
    folder.symlink_to(outside.parent)
    with pytest.raises(OSError, match="node-exporter"):
        metrics.replace(folder / "outside", "ours")
    with pytest.raises(OSError, match="node-exporter"):
        metrics.remove(folder / "outside")


@pytest.mark.parametrize("name", ["keepalived.prom", ".keepalived.prom.new"])
def test_what_is_in_the_way_is_said_once(place, capsys, name):
    folder, _outside = place
    (folder / name).mkdir()
    output = metrics.Output(folder / "keepalived.prom")
    output.write("ours")
    output.write("ours")
    (told,) = capsys.readouterr().err.splitlines()
    assert told.startswith(f"{folder}/keepalived.prom is not written: Is a directory ({name}")
    (folder / name).rmdir()
    output.write("ours")
    assert (folder / "keepalived.prom").read_text() == "ours"
    assert capsys.readouterr().err == f"{folder}/keepalived.prom is written again\n"


def test_metrics_stay_as_they_are_while_the_host_does_not_tell(tmp_path, monkeypatch, capsys):
    kernel = {"unit": "keepalived-kernel", "report": ""}
    settings = {"tracked": [], "busy": [], "masters": {}, "kernel": kernel, "announcements": None, "units": []}
    output = metrics.Output(tmp_path / "keepalived.prom")
    output.write("before")
    (tmp_path / "systemctl").write_text("#!/bin/sh\nexit 1\n", encoding="ascii")
    (tmp_path / "systemctl").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    for _round in range(2):
        metrics.update(output, {**settings, "second_chance": ""}, {}, {})
    assert output.path.read_text(encoding="ascii") == "before"
    (said,) = capsys.readouterr().err.splitlines()
    assert "keepalived.prom is not written: " in said


@pytest.mark.parametrize("plant", [os.mkfifo, lambda path: path.symlink_to("/dev/zero"), os.mkdir])
def test_a_track_file_that_is_none_keeps_nobody_waiting(tmp_path, plant):
    plant(tmp_path / "haproxy")
    assert metrics.well(str(tmp_path / "haproxy")) is True


def test_the_directory_is_made_and_the_file_removed(tmp_path):
    path = tmp_path / "new/node-exporter/keepalived.prom"
    metrics.remove(path)
    metrics.replace(path, "ours")
    assert path.read_text() == "ours"
    metrics.remove(path)
    assert list(path.parent.iterdir()) == []
