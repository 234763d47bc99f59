# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which answers of a host mean to playbooks/tasks/host/wait_for_shutdown.yml that it is off."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
SSH = "Failed to connect to the host via ssh: "
TO = "ssh: connect to host 192.0.2.21 port 22: "
BY = "channel 0: open failed: connect failed: {}\r\nstdio forwarding failed\r\nConnection closed by UNKNOWN port 65535"

OFF = [
    *(SSH + TO + problem for problem in ("Connection timed out", "No route to host", "Host is down")),
    SSH + BY.format("No route to host"),
    "lab host web1: it is off; docker start web1 starts it",
]
THERE = [
    SSH + TO + "Connection refused",
    SSH + BY.format("Connection refused"),
    SSH + "Connection closed by 192.0.2.21 port 22",
    SSH + "kex_exchange_identification: read: Connection reset by peer",
    # It is its kernel that has answered.
    SSH + "Connection timed out during banner exchange",
    SSH
    + (
        "System is going down. Unprivileged users are not permitted to log in anymore. For technical details, see "
        "pam_nologin(8)."
    ),
    SSH + "pi@192.0.2.21: Permission denied (publickey).",
]
ANSWERS = [
    {"rc": 0},
    {"rc": 1, "msg": "non-zero return code"},
    {"failed": True, "msg": "Timed out after 30 second(s)."},
]
CASES = [
    *(({"unreachable": True, "msg": said}, True) for said in OFF),
    *(({"unreachable": True, "msg": said}, False) for said in THERE),
    *((answer, False) for answer in ANSWERS),
]


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory):
    """For each case, C(True) or C(False), in one run of Ansible."""
    folder = tmp_path_factory.mktemp("shutdown")
    tasks = yaml.safe_load((ROOT / "playbooks/tasks/host/wait_for_shutdown.yml").read_text(encoding="utf-8"))
    (task,) = [task for task in tasks if "__off" in task.get("ansible.builtin.set_fact", {})]
    question = task["ansible.builtin.set_fact"]["__off"]
    asked = [question.replace("__answer", f"__answers[{number}]") for number in range(len(CASES))]
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "connection": "local",
        "vars": {
            "ansible_python_interpreter": sys.executable,
            "__answers": [answer for answer, _off in CASES],
            **task["vars"],
        },
        "tasks": [
            {"ansible.builtin.copy": {"content": " ".join(asked), "dest": f"{folder}/verdicts", "mode": "0600"}},
        ],
    }
    (folder / "play.json").write_text(json.dumps([play]), encoding="utf-8")
    command = [sys.executable, "-m", "ansible", "playbook", f"{folder}/play.json"]
    environment = {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")}
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    return (folder / "verdicts").read_text(encoding="utf-8").split()


@pytest.mark.parametrize("case", range(len(CASES)))
def test_a_host_is_off_that_says_nothing(verdicts, case):
    assert verdicts[case] == str(CASES[case][1])
