"""The table of faults is whole: names, hosts, and commands that heal."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

for name in ("LAB_NAME", "LAB_PREFIX", "MOLECULE_EPHEMERAL_DIRECTORY"):
    os.environ.setdefault(name, "/nonexistent")
from chaos import table
from chaos.sequence import draw, parse, show
from chaos.table import EVERYBODY, TABLE, Fault, Lab, inject

LAB = Lab(
    {"one": "192.0.2.240", "two": "192.0.2.241"},
    {"lb1": "192.0.2.11", "lb2": "192.0.2.12"},
    {"web1": "192.0.2.21", "web2": "192.0.2.22"},
)


class Done:
    """What testinfra returns of a command that was run here."""

    def __init__(self, command: str) -> None:
        done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=False)
        self.rc, self.stdout, self.stderr = done.returncode, done.stdout, done.stderr


@pytest.fixture
def here(monkeypatch):
    """Commands of hosts are run on this machine."""
    monkeypatch.setattr(table, "lab_host", lambda _name: type("Host", (), {"run": staticmethod(Done)}))


def test_there_are_enough_and_each_has_a_name_of_its_own():
    names = [fault.name for fault in TABLE]
    assert len(names) >= 40
    assert len(set(names)) == len(names)
    assert not [name for name in names if not name.replace("_", "").isalnum()]


@pytest.mark.parametrize("fault", TABLE, ids=lambda fault: fault.name)
def test_a_row(fault):
    assert fault.on in LAB.groups
    assert bool(fault.begin) != bool(fault.inject)
    assert fault.costs <= EVERYBODY
    assert fault.weight > 0
    assert fault.alone or fault.on != "cluster"
    for command in (fault.begin, fault.end):
        checked = subprocess.run(["/bin/sh", "-n", "-c", command], capture_output=True, text=True, check=False)
        assert checked.returncode == 0, checked.stderr


def test_every_fault_can_be_drawn_and_replayed():
    steps = draw(1, 3000, TABLE, LAB.groups)
    assert {place.fault for step in steps for place in step} == {fault.name for fault in TABLE}
    assert parse(show(steps), TABLE, LAB.groups) == steps


def test_a_fault_is_there_in_its_context_and_knows_the_addresses(here, tmp_path):
    file = tmp_path / "file"
    fault = Fault("x", "lb", f'echo "$VIPS, $LB, $WEB" > {file}', f"rm {file}")
    with inject(fault, LAB, "lb1"):
        assert (
            file.read_text(encoding="utf-8")
            == "192.0.2.240 192.0.2.241, 192.0.2.11 192.0.2.12, 192.0.2.21,192.0.2.22\n"
        )
    assert not file.exists()


def test_a_fault_that_could_not_be_done_is_told_but_beside_another_one_and_healed_anyhow(here, tmp_path):
    healed = tmp_path / "healed"
    fault = Fault("x", "lb", "echo why >&2; false", f"touch {healed}")
    with pytest.raises(AssertionError, match="why"), inject(fault, LAB, "lb1"):
        pass
    assert healed.exists()
    healed.unlink()
    with inject(fault, LAB, "lb1", strict=False):
        assert not healed.exists()
    assert healed.exists()


def test_an_edited_file_is_what_it_was(here, tmp_path, monkeypatch):
    programs = tmp_path / "programs"
    programs.mkdir()
    systemctl = programs / "systemctl"
    systemctl.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    systemctl.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    file = tmp_path / "daemon.cfg"
    file.write_text("good\n", encoding="utf-8")
    begin, end = table.edited(str(file), f"{os.getpid()}", "daemon", "nonsense")
    with inject(Fault("x", "lb", begin, end), LAB, "lb1"):
        assert file.read_text(encoding="utf-8") == "good\nnonsense\n"
    assert file.read_text(encoding="utf-8") == "good\n"
    assert not Path(f"/run/chaos.{os.getpid()}").exists()
