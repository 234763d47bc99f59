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
    return ansible("ansible-playbook", ROOT / "playbooks" / f"{name}.yml", "--extra-vars", json.dumps(variables, default=str), *argv)


def words(done: subprocess.CompletedProcess) -> str:
    """What a run printed, without the breaks of its lines."""
    return " ".join(f"{done.stdout} {done.stderr}".split())


def good(done: subprocess.CompletedProcess) -> str:
    """What a run printed that has come to its good end."""
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
