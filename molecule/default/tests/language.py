"""Rows of variables that a role renders and the daemon of a lab host reads, all of them in one go that changes
nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import ChainMap
from pathlib import Path
from shutil import copyfile

import yaml
from cluster import container, lab_host
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
    check: bool = True,
) -> list[dict]:
    """What came of every row, in order: C(refusal), C(findings), and C(files), the new texts of those that change. Each
    host takes a part of the rows.

    The role is run as in check mode, or with C(check=False) as it is; what a row does not say is C(derived) from the
    cluster or left away. Raises AssertionError where a host is not as it was before."""
    before = [_state(daemon, name) for name in hosts]
    parts = [{number: table[number] for number in range(part, len(table), len(hosts))} for part in range(len(hosts))]
    runs = [
        _start(daemon, host, part, folder, variables, derived, inventory, check) for host, part in zip(hosts, parts)
    ]
    found = {}
    for host, run in zip(hosts, runs):
        output, _nothing = run.communicate()
        assert run.returncode == 0, output
        found.update(json.loads((folder / f"{daemon}_{host}.json").read_text(encoding="utf-8")))
    assert [_state(daemon, name) for name in hosts] == before, "the hosts have changed"
    return [found[host_name(number)] for number in range(len(table))]


def host_name(number: int) -> str:
    """The inventory's name of a row."""
    return f"row{number}"


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
    check: bool,
) -> subprocess.Popen:
    """Take some of the rows, by their numbers, through the role's own steps on a host.

    To Ansible, every row is a host of the inventory, so that the role is loaded once and not once for each row."""
    rows = folder / f"{daemon}_{host}_rows.json"
    rows.write_text(json.dumps(_inventory(daemon, host, part, variables, inventory)), encoding="utf-8")
    play = folder / f"{daemon}_{host}_play.json"
    play.write_text(json.dumps(_play(daemon, derived, folder / f"{daemon}_{host}.json")), encoding="utf-8")
    environment = {
        **os.environ,
        "ANSIBLE_PIPELINING": "1",
        **_facts(host, part, folder / f"facts_{daemon}_{host}", inventory),
    }
    argv = ["ansible-playbook", *(["--check"] if check else []), "--forks=2", "-i", inventory, "-i", rows, play]
    return subprocess.Popen(
        argv, cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )


def _facts(host: str, part: dict[int, dict], folder: Path, inventory: Path) -> dict[str, str]:
    """Gather the facts of the host for all its rows; returns what has Ansible read them."""
    cached = {"ANSIBLE_CACHE_PLUGIN": "jsonfile", "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(folder)}
    command = [
        "ansible",
        host,
        "-i",
        inventory,
        "-m",
        "ansible.builtin.setup",
        "-a",
        "gather_subset=!all,!min,distribution,network",
    ]
    subprocess.run(command, cwd=ROOT, env={**os.environ, **cached}, check=True, capture_output=True)
    (facts,) = folder.iterdir()
    for number in part:
        copyfile(facts, facts.with_name(facts.name.replace(host, host_name(number))))
    return cached


def _inventory(daemon: str, host: str, part: dict[int, dict], variables: dict[str, str], inventory: Path) -> dict:
    """The rows as hosts that have all that the lab's host has, but are not in its groups."""
    dumped = subprocess.run(
        ["ansible-inventory", "-i", inventory, "--list", "--export"],
        cwd=ROOT,
        env=os.environ,
        check=True,
        capture_output=True,
        text=True,
    )
    groups = json.loads(dumped.stdout)
    own = [group.get("vars", {}) for name, group in groups.items() if name != "all" and host in group.get("hosts", [])]
    host_variables = groups["_meta"]["hostvars"].get(host, {})
    common = {
        **dict(ChainMap(*own)),
        **host_variables,
        **variables,
        **({} if daemon == "nginx" else {f"{daemon}_node_name": host}),
        "row_host": host,
        # So a row does not ask all the others for theirs.
        f"__{daemon}_heartbeat_keys": ["0" * 64],
        "ansible_host": container(host),
    }
    return {
        "rows": {
            "hosts": {
                host_name(number): {
                    **common,
                    **row["variables"],
                    "row_expects": {key: row.get(key, []) for key in ("prints", "hides")},
                }
                for number, row in part.items()
            }
        }
    }


def _play(daemon: str, derived: bool, outcome: Path) -> list[dict]:
    """Render every row and have the daemon read it; write down what came of it, and the row with its variables filled
    in."""
    role = f"evenkeel.ha_web.{daemon}"
    config = f"__{daemon}_config"
    files = (
        f"{{{{ dict({config}.diff | map(attribute='after_header') | zip({config}.diff | map(attribute='after'))) }}}}"
    )
    accepted = {"refusal": "", "findings": f"{{{{ {config}.findings }}}}", "files": files}
    refused = {"refusal": "{{ ansible_failed_result.msg }}", "findings": [], "files": {}}
    local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    row = {
        "block": [
            {"include_role": {"name": role, "tasks_from": "validate"}},
            # One at a time, as the role does not let two change a host.
            {"include_role": {"name": role, "tasks_from": "configure", "apply": {"throttle": 1}}},
            {"set_fact": {"row": accepted}},
        ],
        "rescue": [{"set_fact": {"row": refused}}],
    }
    said = "{{ dict(ansible_play_hosts_all | zip(ansible_play_hosts_all | map('extract', hostvars, 'row'))) }}"
    return [
        {
            "hosts": "rows",
            "gather_facts": False,
            "vars_files": [str(ROOT / "playbooks/vars/cluster.yml")] if derived else [],
            "tasks": [
                # Ansible answers this itself, so it has loaded the collection's filters then; else every task of every
                # row loads them anew.
                {"meta": "end_play", "when": "[] | evenkeel.ha_web.without_address(hostvars) is truthy"},
                {"include_role": {"name": role, "tasks_from": "facts"}},
                row,
                {"set_fact": {"row": "{{ row_expects | combine(row) }}"}},
                {
                    "copy": {"content": said, "dest": str(outcome), "mode": "0600"},
                    "delegate_to": "localhost",
                    "run_once": True,
                    "check_mode": False,
                    "vars": local,
                },
            ],
        }
    ]


def _state(daemon: str, name: str) -> str:
    """Every byte, owner and mode of the configuration, the names beside it, and which process the daemon is."""
    look = (
        f"ls -A /etc; tar --sort=name --create --directory /etc {daemon} | sha256sum; systemctl show --property "
        f"MainPID {daemon}"
    )
    return lab_host(name).check_output(look)
