# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which keys sign heartbeats."""

from __future__ import annotations

import hashlib

import pytest
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._keepalived.heartbeat_keys import choose_keys

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
    assert choose_keys(files, secret, NEW) == expected
