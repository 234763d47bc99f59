# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.module_utils._host import unit
from ansible_collections.evenkeel.ha_web.plugins.module_utils._host.unit import Unit


@pytest.mark.parametrize(
    ("pid", "filtered", "seccomp", "unconfined"),
    [
        ("7", "read write", "0", True),
        ("7", "read write", "2", False),
        ("7", "", "0", False),
        # It has ended, or never begun.
        ("8", "read write", "0", False),
        ("0", "read write", "0", False),
    ],
)
def test_a_process_that_is_older_than_the_confinement_of_its_unit(
    tmp_path, monkeypatch, pid, filtered, seccomp, unconfined
):
    monkeypatch.setattr(unit, "PROCESSES", tmp_path)
    (tmp_path / "7").mkdir()
    (tmp_path / "7/status").write_text(f"Name:\thaproxy\nNoNewPrivs:\t0\nSeccomp:\t{seccomp}\nSeccomp_filters:\t0\n")
    assert (
        Unit("haproxy", lambda _argv: (0, f"MainPID={pid}\nSystemCallFilter={filtered}\n", "")).is_unconfined()
        is unconfined
    )
