"""Ansible on the scenario's lab, as somebody would call it."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
INVENTORY = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"]) / "inventory"


def ansible(program: str, *argv: object, cwd: Path = ROOT, **environment: str) -> subprocess.CompletedProcess:
    """Run one of Ansible's programs on the lab."""
    return subprocess.run(
        [program, "-i", str(INVENTORY), *map(str, argv)],
        cwd=cwd,
        env={**os.environ, "ANSIBLE_PIPELINING": "1", "ANSIBLE_FORCE_COLOR": "0", **environment},
        text=True,
        capture_output=True,
        check=False,
    )


def playbook(name: str, *argv: object, **variables: object) -> subprocess.CompletedProcess:
    """Run one of the collection's playbooks with these variables."""
    return ansible("ansible-playbook", *_playbook(name, variables), *argv)


def begun(name: str, **variables: object) -> subprocess.Popen:
    """A run of one of the collection's playbooks in a process group of its own, for somebody who wants to end it."""
    command = ["ansible-playbook", "-i", str(INVENTORY), *map(str, _playbook(name, variables))]
    return subprocess.Popen(command, cwd=ROOT, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _playbook(name: str, variables: dict[str, object]) -> list[object]:
    return [ROOT / "playbooks" / f"{name}.yml", "--extra-vars", json.dumps(variables, default=str)]


def words(done: subprocess.CompletedProcess) -> str:
    """What a run printed, without the breaks of its lines."""
    return " ".join(f"{done.stdout} {done.stderr}".split())


def good(done: subprocess.CompletedProcess) -> str:
    """What a run printed that has come to its good end."""
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
