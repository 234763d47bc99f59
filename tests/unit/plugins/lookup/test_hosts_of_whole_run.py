# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A playbook runs as a whole or not at all."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

PLAY = [
    {
        "hosts": "{{ lookup('evenkeel.ha_web.hosts_of_whole_run', 'localhost:all') }}",
        "gather_facts": False,
        "connection": "local",
        "tasks": [{"name": name, "ansible.builtin.debug": {"msg": f"{name} has run"}} for name in ("one", "two")],
    }
]


@pytest.mark.parametrize("options", [[], ["--start-at-task", "two"]], ids=["as a whole", "from a later task on"])
def test_a_run_that_leaves_out_its_beginning_is_refused(tmp_path, options):
    (tmp_path / "play.json").write_text(json.dumps(PLAY), encoding="utf-8")
    argv = [sys.executable, "-m", "ansible", "playbook", "-i", "web1,", str(tmp_path / "play.json"), *options]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    said = " ".join(f"{done.stdout} {done.stderr}".split())
    assert (done.returncode != 0) is bool(options)
    assert ("Nothing was done. The option --start-at-task 'two' leaves out tasks" in said) is bool(options)
    assert ("two has run" in said) is not bool(options)
