# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A playbook derives a variable, and the inventory still decides."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[4]
PLAYBOOK = [sys.executable, "-m", "ansible", "playbook"]

INVENTORY = {
    "web": {
        "hosts": {"one": {"number": 7, "said": "by {{ hostvars['one'].number }}"}, "two": {}},
        "vars": {"ansible_connection": "local", "listed": ["{{ inventory_hostname }}"]},
    }
}
PLAY = [
    {
        "hosts": "all",
        "gather_facts": False,
        "vars": {
            "said": "{{ lookup('evenkeel.ha_web.inventory_value', 'said', default='derived') }}",
            "listed": "{{ lookup('evenkeel.ha_web.inventory_value', 'listed', default=[]) }}",
            "number": "{{ lookup('evenkeel.ha_web.inventory_value', 'number', default=0) }}",
        },
        "tasks": [
            {"ansible.builtin.assert": {"that": ["[said, listed, number | int] == expected[inventory_hostname]"]}}
        ],
    }
]


@pytest.mark.parametrize(
    ("expected", "status"),
    [
        ({"one": ["by 7", ["one"], 7], "two": ["derived", ["two"], 0]}, 0),
        ({"one": ["derived", ["one"], 7], "two": ["derived", ["two"], 0]}, 2),
    ],
)
def test_the_inventory_decides_where_it_says_something(tmp_path, expected, status):
    (tmp_path / "hosts.json").write_text(json.dumps(INVENTORY))
    (tmp_path / "play.json").write_text(json.dumps(PLAY))
    argv = [*PLAYBOOK, "-i", "hosts.json", "play.json", "--extra-vars", json.dumps({"expected": expected})]
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": f"{ROOT}/collections"}
    done = subprocess.run(argv, check=False, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == status, done.stdout
