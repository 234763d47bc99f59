"""Rows of variables that a role renders and the daemon of a lab host reads, all of them in one go that changes
nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import yaml
from cluster import lab_host
from controller import INVENTORY, ROOT


def rows(daemon: str) -> list[dict]:
    """The daemon's table: C(story), C(variables), the lines that it C(prints) and words that it C(hides)."""
    return yaml.safe_load(Path(__file__).with_name(f"language_{daemon}.yml").read_text(encoding="utf-8"))


def outcomes(
    daemon: str,
    table: list[dict],
    hosts: list[str],
    folder: Path,
    variables: dict[str, str],
    derived: bool = True,
    inventory: Path = INVENTORY,
) -> list[dict]:
    """What came of every row, in order: C(refusal), C(findings), and C(files), the new texts of those that change. Each
    host takes a part of the rows.

    The role is run as in check mode; what a row does not say is C(derived) from the cluster or left away. Raises
    AssertionError where a host is not as it was before."""
    before = [_state(daemon, name) for name in hosts]
    parts = [{number: table[number] for number in range(part, len(table), len(hosts))} for part in range(len(hosts))]
    runs = [_start(daemon, host, part, folder, variables, derived, inventory) for host, part in zip(hosts, parts)]
    found = {}
    for host, run in zip(hosts, runs):
        output, _nothing = run.communicate()
        assert run.returncode == 0, output
        found.update(json.loads((folder / f"{host}.json").read_text(encoding="utf-8")))
    assert [_state(daemon, name) for name in hosts] == before, "the hosts have changed"
    return [found[str(number)] for number in range(len(table))]


def fits(row: dict) -> None:
    """Raises AssertionError for a row that was refused, or that has not become what it says."""
    assert row["refusal"] == ""
    whole = "\n".join(row["files"].values())
    lines = [" ".join(line.split()) for line in whole.splitlines()]
    assert [line for line in row["prints"] if line not in lines] == [], whole
    assert [words for words in row["hides"] if words in whole] == [], whole


def _start(
    daemon: str,
    host: str,
    part: dict[int, dict],
    folder: Path,
    variables: dict[str, str],
    derived: bool,
    inventory: Path,
) -> subprocess.Popen:
    """Take some of the rows, by their numbers, through the role's own steps on a host."""
    said = "{{ {" + ", ".join(f"{number}: outcome_{number}" for number in part) + "} }}"
    copy = {"content": said, "dest": str(folder / f"{host}.json"), "mode": "0600"}
    local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    play = {
        "hosts": host,
        "gather_facts": False,
        "vars_files": [str(ROOT / "playbooks/vars/cluster.yml")] if derived else [],
        "vars": variables,
        "tasks": [
            {"include_role": {"name": f"evenkeel.ha_web.{daemon}", "tasks_from": "facts"}},
            *[_row(daemon, number, row) for number, row in part.items()],
            {"copy": copy, "delegate_to": "localhost", "check_mode": False, "vars": local},
        ],
    }
    playbook = folder / f"{daemon}_{host}.json"
    playbook.write_text(json.dumps([play]), encoding="utf-8")
    environment = {**os.environ, "ANSIBLE_PIPELINING": "1"}
    argv = ["ansible-playbook", "--check", "-i", inventory, playbook]
    return subprocess.Popen(
        argv, cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )


def _row(daemon: str, number: int, row: dict) -> dict:
    """Render the row and have the daemon read it; note what came of it, and the row with its variables filled in."""
    steps = [
        {"include_role": {"name": f"evenkeel.ha_web.{daemon}", "tasks_from": step}}
        for step in ("validate", "configure")
    ]
    expected = {key: row.get(key, []) for key in ("prints", "hides")}
    config = f"__{daemon}_config"
    files = (
        f"{{{{ dict({config}.diff | map(attribute='after_header') | zip({config}.diff | map(attribute='after'))) }}}}"
    )
    accepted = {**expected, "refusal": "", "findings": f"{{{{ {config}.findings }}}}", "files": files}
    refused = {**expected, "refusal": "{{ ansible_failed_result.msg }}", "findings": [], "files": {}}
    return {
        "block": [*steps, {"set_fact": {f"outcome_{number}": accepted}}],
        "rescue": [{"set_fact": {f"outcome_{number}": refused}}],
        "vars": row["variables"],
    }


def _state(daemon: str, name: str) -> str:
    """Every byte, owner and mode of the configuration, the names beside it, and which process the daemon is."""
    look = (
        f"ls -A /etc; tar --sort=name --create --directory /etc {daemon} | sha256sum; systemctl show --property "
        f"MainPID {daemon}"
    )
    return lab_host(name).check_output(look)
