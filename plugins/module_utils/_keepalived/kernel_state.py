# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check that the kernel still holds what the role keepalived has set (docs/explanation/kernel_state.md)."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TypedDict

from .._host.run import Run

UNIT = "keepalived-kernel"
REPORT = Path("/run/keepalived-kernel/report.json")


class Report(TypedDict):
    """Answer of the program, one sentence for each deviation."""

    deviations: list[str]


def read_deviations(run: Run, active: bool, directory: Path) -> list[str]:
    """Return what differs from the declaration, one sentence each; nothing where the host has no declaration.

    While the unit is C(active) its report says so. Otherwise the program that it runs is asked, in the keepalived
    directory."""
    program = directory / "kernel_state.py"
    if not program.exists():
        return []
    found = _read_report() if active else None
    if not found:
        rc, out, err = run([sys.executable, "-I", str(program), "check"])
        found = json.loads(out) if not rc else Report(deviations=[f"it cannot be checked: {err.strip()}"])
    return found["deviations"]


def _read_report() -> Report | None:
    try:
        found: Report = json.loads(REPORT.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found
