# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All nodes of a run come to the same keys of the heartbeats, whichever of them is first, has a key already or cannot
be reached."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[3]
FILE = "/etc/keepalived/heartbeat.key"
UNREACHABLE = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1}
OLD, OLDER = "a" * 64, "b" * 64


@pytest.fixture(scope="module")
def share():
    """The role's own tasks and variables, for nodes that keep their keys elsewhere."""
    tasks = yaml.safe_load((ROOT / "roles/keepalived/tasks/configure.yml").read_text(encoding="utf-8"))
    (block,) = (task for task in tasks if task["name"].endswith("Set the heartbeat keys of all nodes"))
    text = json.dumps(block).replace(FILE, "{{ folder }}/{{ item | default(inventory_hostname) }}.key")
    hosts = ("__keepalived_node_names", "__keepalived_named", "__keepalived_hosts", "__keepalived_nodes_elsewhere")
    keys = ("__keepalived_key_files", "__keepalived_keys_chosen", "__keepalived_keys_read")
    chosen = ("__keepalived_keys_generated", "__keepalived_keys_known", "__keepalived_key")
    needed = (*hosts, *keys, "__keepalived_run", *chosen)
    variables = yaml.safe_load((ROOT / "roles/keepalived/vars/main.yml").read_text(encoding="utf-8"))
    return json.loads(text), {name: variables[name] for name in needed}


@pytest.fixture
def run(share, tmp_path):
    def share_keys(
        limit: str = "all", serial: object = "100%", files: dict[str, str] | None = None, **hosts: dict
    ) -> dict[str, list[str]]:
        """The keys that each node of a run has in the end."""
        block, variables = share
        for name, content in (files or {}).items():
            (tmp_path / f"{name}.key").write_text(content, encoding="utf-8")
        nodes = {"n1": {}, "n2": {}, "n3": {}, **hosts}
        names = [node.get("keepalived_node_name", name) for name, node in nodes.items()]
        common = {
            **variables,
            "folder": str(tmp_path),
            "keepalived_heartbeat_secret": "",
            "__keepalived_plan": {"model": {"has_second_chance": True}},
            "keepalived_nodes": [{"name": name} for name in names],
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
        }
        inventory = {"all": {"hosts": nodes, "vars": common}}
        tell = {
            "ansible.builtin.copy": {
                "dest": "{{ folder }}/{{ inventory_hostname }}.told",
                "content": "{{ __keepalived_heartbeat_keys | default([]) | join(' ') }}",
            },
            "delegate_to": "localhost",
        }
        play = [{"hosts": "all", "gather_facts": False, "serial": serial, "tasks": [block, tell]}]
        (tmp_path / "hosts.json").write_text(json.dumps(inventory), encoding="utf-8")
        (tmp_path / "play.json").write_text(json.dumps(play), encoding="utf-8")
        environment = {
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "collections"),
            "ANSIBLE_HOME": str(tmp_path / "home"),
        }
        command = [
            str(Path(sys.executable).with_name("ansible-playbook")),
            "-i",
            "hosts.json",
            "play.json",
            "--limit",
            limit,
        ]
        done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
        told = {file.stem: file.read_text(encoding="utf-8").split() for file in tmp_path.glob("*.told")}
        assert told, done.stdout + done.stderr
        return told

    return share_keys


@pytest.mark.parametrize("serial", ["100%", 1])
def test_new_nodes_come_to_one_key(run, serial):
    told = run(serial=serial)
    assert set(told) == {"n1", "n2", "n3"}
    assert len({tuple(keys) for keys in told.values()}) == 1
    assert len(told["n1"]) == 1


def test_the_first_node_has_its_keys_already(run):
    told = run(n1={"__keepalived_heartbeat_keys": [OLD]})
    assert told == {"n1": [OLD], "n2": [OLD], "n3": [OLD]}


def test_the_first_node_has_no_second_chance(run):
    told = run(n1={"__keepalived_plan": {"model": {"has_second_chance": False}}})
    assert told["n1"] == []
    assert len(told["n2"]) == 1
    assert told["n2"] == told["n3"]


def test_the_first_node_cannot_be_reached(run):
    told = run(n1=UNREACHABLE)
    assert set(told) == {"n2", "n3"}
    assert len(told["n2"]) == 1
    assert told["n2"] == told["n3"]


def test_a_key_that_any_node_has_stays_in_use(run):
    assert run(n1=UNREACHABLE, files={"n3": f"{OLD}\n{OLDER}\n"}) == {"n2": [OLD, OLDER], "n3": [OLD, OLDER]}


def test_a_node_that_is_not_part_of_the_run_is_asked(run):
    assert run(limit="n2", n1=UNREACHABLE, files={"n3": f"{OLD}\n"}) == {"n2": [OLD]}


NAMED = {name: {"keepalived_node_name": f"balancer_{name}"} for name in ("n1", "n2", "n3")}


def test_nodes_may_have_other_names_than_the_inventorys(run):
    told = run(**NAMED)
    assert set(told) == {"n1", "n2", "n3"}
    assert len({tuple(keys) for keys in told.values()}) == 1
    assert len(told["n1"]) == 1


def test_a_node_of_another_name_that_is_not_part_of_the_run_is_asked(run):
    assert run(limit="n2", files={"n3": f"{OLD}\n"}, **NAMED) == {"n2": [OLD]}


def test_nodes_whose_names_nobody_says_are_those_of_the_run(run):
    names = {"keepalived_nodes": [{"name": f"balancer_{number}"} for number in (1, 2, 3)]}
    told = run(n1=names, n2=names, n3=names)
    assert len({tuple(keys) for keys in told.values()}) == 1
    assert len(told["n1"]) == 1
