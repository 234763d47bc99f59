# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which keys sign heartbeats, as the role's variables choose them."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

ROLE = Path(__file__).parents[3] / "roles/keepalived"
A, B, C, NEW = "a" * 64, "b" * 64, "c" * 64, "0" * 64
OURS = hashlib.sha256(b"correct horse").hexdigest()


@pytest.mark.parametrize(
    ("files", "secret", "expected"),
    [
        pytest.param(["", ""], "", [NEW], id="new nodes"),
        pytest.param([f"{A}\n", f"{A}\n"], "", [A], id="as it is"),
        pytest.param(["", f"{A}\n"], "", [A], id="a new node gets the key of the others"),
        pytest.param([f"{A}\n", f"{B}\n"], "", [A, B], id="nodes that were deployed apart"),
        pytest.param([f"{A}\n{B}\n", f"{A}\n{B}\n"], "", [A, B], id="a second run changes nothing"),
        pytest.param([f"{A}\n"], "correct horse", [OURS, A], id="a secret of the inventory, and what counted before"),
        pytest.param([f"{OURS}\n{A}\n"], "correct horse", [OURS, A], id="a second run with it changes nothing"),
        pytest.param([f"{OURS}\n{A}\n"], "", [OURS, A], id="the secret is taken out of the inventory"),
        pytest.param([f"{A}\n{B}\n{C}\n"], "", [A, B], id="no more than two"),
        pytest.param(["what is this", f"{A[:-1]}\n"], "", [NEW], id="what is no key"),
    ],
)
def test_the_keys(files, secret, expected):
    loader = DataLoader()
    (block,) = [
        task
        for task in loader.load_from_file(str(ROLE / "tasks/configure.yml"), trusted_as_template=True)
        if "block" in task
    ]
    variables = {
        **loader.load_from_file(str(ROLE / "vars/main.yml"), trusted_as_template=True),
        "keepalived_heartbeat_secret": secret,
        "__keepalived_key_files": files[:1],
        "__keepalived_key_files_elsewhere": {"results": [{"stdout": text} for text in files[1:]]},
        "__keepalived_keys_generated": [NEW],
    }
    fact = block["block"][-1]["ansible.builtin.set_fact"]["__keepalived_heartbeat_keys"]
    assert list(Templar(loader=loader, variables=variables).template(fact)) == expected
