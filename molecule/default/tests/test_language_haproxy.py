"""What HAProxy can do can be said with the role's variables, and the haproxy of the host accepts it without a warning."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from conftest import LOAD_BALANCERS, lab_host

ROOT = Path(__file__).parents[3]
INVENTORY = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"]) / "inventory"
ROWS = yaml.safe_load(Path(__file__).with_name("language_haproxy.yml").read_text(encoding="utf-8"))
CERTIFICATE = "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=www.example.com -keyout /dev/stdout 2>/dev/null"


def row_tasks(number: int, variables: dict) -> list[dict]:
    """Render the row and have haproxy read it; the role is run as in check mode, so nothing is installed."""
    rendered = "__haproxy_config.diff | selectattr('after_header', 'eq', 'haproxy.cfg') | map(attribute='after') | first"
    steps = [{"include_role": {"name": "evenkeel.ha_web.haproxy", "tasks_from": step}} for step in ("validate", "configure")]
    accepted = {"refusal": "", "findings": "{{ __haproxy_config.findings }}", "text": "{{ " + rendered + " }}"}
    refused = {"refusal": "{{ ansible_failed_result.msg }}", "findings": [], "text": ""}
    return [
        {
            "block": [*steps, {"set_fact": {f"outcome_{number}": accepted}}],
            "rescue": [{"set_fact": {f"outcome_{number}": refused}}],
            "vars": variables,
        }
    ]


def tree(name: str) -> str:
    """A sum of every byte, owner and mode in the configuration, the names beside it, and haproxy's processes."""
    look = "ls -A /etc; tar --sort=name --create --directory /etc haproxy | sha256sum; systemctl show --property MainPID haproxy"
    return lab_host(name).check_output(look)


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory) -> list[dict]:
    """What came of every row, in order: C(refusal), C(findings) and C(text) of haproxy.cfg. One run, a part on each host."""
    folder = tmp_path_factory.mktemp("language")
    whole = lab_host(LOAD_BALANCERS[0]).check_output(CERTIFICATE) + "\n"
    variables = {"certificate": whole, "authority": whole[whole.index("-----BEGIN CERTIFICATE") :]}
    local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    plays = []
    for part, host in enumerate(LOAD_BALANCERS):
        numbers = range(part, len(ROWS), len(LOAD_BALANCERS))
        rows = [task for number in numbers for task in row_tasks(number, ROWS[number]["variables"])]
        said = "{{ {" + ", ".join(f"{number}: outcome_{number}" for number in numbers) + "} }}"
        copy = {"content": said, "dest": str(folder / f"{part}.json"), "mode": "0600"}
        facts = {"include_role": {"name": "evenkeel.ha_web.haproxy", "tasks_from": "facts"}}
        save = {"copy": copy, "delegate_to": "localhost", "check_mode": False, "vars": local}
        plays.append({"hosts": host, "gather_facts": False, "vars": variables, "tasks": [facts, *rows, save]})
    before = [tree(name) for name in LOAD_BALANCERS]
    runs = []
    for part, play in enumerate(plays):
        playbook = folder / f"play_{part}.json"
        playbook.write_text(json.dumps([play]), encoding="utf-8")
        argv = ["ansible-playbook", "--check", "-i", INVENTORY, playbook]
        environment = {**os.environ, "ANSIBLE_PIPELINING": "1"}
        runs.append(subprocess.Popen(argv, cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT))
    found = {}
    for part, run in enumerate(runs):
        output, _nothing = run.communicate()
        assert run.returncode == 0, output
        found.update({int(number): said for number, said in json.loads((folder / f"{part}.json").read_text(encoding="utf-8")).items()})
    assert [tree(name) for name in LOAD_BALANCERS] == before, "the hosts have changed"
    return [found[number] for number in range(len(ROWS))]


@pytest.mark.parametrize("number", range(len(ROWS)), ids=[row["story"] for row in ROWS])
def test_haproxy_accepts_it_without_a_warning(outcomes, number):
    said = outcomes[number]
    assert said["refusal"] == ""
    assert [finding for finding in said["findings"] if finding["severity"] != "notice"] == []
    assert [words for words in ROWS[number]["prints"] if words not in said["text"]] == [], said["text"]
    assert [words for words in ROWS[number].get("hides", []) if words in said["text"]] == [], said["text"]
