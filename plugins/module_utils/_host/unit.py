# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A service as systemd and the journal know it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from .run import Run

POLL = 0.05
"""Seconds between two questions to a daemon that is not done yet."""

PROCESSES = Path("/proc")
MICROSECONDS = 1_000_000


@dataclass(frozen=True)
class UnitState:
    """A unit at one moment. C(stopped) is one of which nothing runs or is about to; C(enabled) is false only for a unit
    that could be; C(started) is in seconds on the clock of time.monotonic(), which nobody can set."""

    active: bool
    stopped: bool
    enabled: bool
    pid: int
    started: float


def read_states(run: Run, names: list[str]) -> dict[str, UnitState]:
    """Read the current state of these units from systemd."""
    names = list(dict.fromkeys(names))
    properties = "ActiveState,UnitFileState,MainPID,ExecMainStartTimestampMonotonic"
    _rc, out, _err = run(["systemctl", "show", f"--property={properties}", "--", *names])
    return {name: _state(block) for name, block in zip(names, [*parse_properties(out), *[{}] * len(names)])}


def parse_properties(out: str) -> list[dict[str, str]]:
    """The properties of each unit that C(systemctl show) has printed, in its order."""
    return [dict(line.split("=", 1) for line in block.splitlines() if "=" in line) for block in out.split("\n\n")]


def _state(block: dict[str, str]) -> UnitState:
    return UnitState(
        active=block.get("ActiveState") in ("active", "reloading"),
        stopped=block.get("ActiveState", "inactive") in ("inactive", "failed"),
        enabled=block.get("UnitFileState") != "disabled",
        pid=int(block.get("MainPID", 0)),
        started=int(block.get("ExecMainStartTimestampMonotonic") or 0) / MICROSECONDS,
    )


class Unit:
    """One systemd service."""

    def __init__(self, name: str, run: Run) -> None:
        self.name = name
        self.run = run

    def state(self) -> UnitState:
        """Read the current state of the unit from systemd."""
        return read_states(self.run, [self.name])[self.name]

    def main_process(self) -> int:
        """The process id of the daemon, 0 while it does not run."""
        return self.state().pid

    def has_ports_of_host(self) -> bool:
        """Return whether the daemon listens on addresses of the host."""
        return True

    def is_unconfined(self) -> bool:
        """Return whether the daemon was started before its sandboxing: the unit filters system calls, the process does
        not."""
        _rc, out, _err = self.run(["systemctl", "show", "--property=MainPID,SystemCallFilter", "--", self.name])
        (block,) = parse_properties(out)
        try:
            status = (PROCESSES / block["MainPID"] / "status").read_text(encoding="ascii", errors="replace")
        except OSError:
            return False
        return bool(block["SystemCallFilter"]) and bool(re.search(r"^Seccomp:\s*0$", status, re.MULTILINE))

    def children(self) -> frozenset[int]:
        """The process ids of the main process's children."""
        pid = self.main_process()
        try:
            return frozenset(
                int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
            )
        except OSError:
            return frozenset()

    def cursor(self) -> str:
        """Return the cursor of the unit's last journal entry."""
        _rc, out, _err = self.run(["journalctl", "--unit", self.name, "--lines", "1", "--show-cursor", "--quiet"])
        found = re.search(r"^-- cursor: (.*)$", out, re.MULTILINE)
        return found.group(1) if found else ""

    def read_journal(self, cursor: str, *sources: str) -> list[str]:
        """Read the unit's journal entries after the cursor that match one of the sources, such as
        C(_TRANSPORT=stdout)."""
        after = ["--after-cursor", cursor] if cursor else []
        _rc, out, _err = self.run(["journalctl", "--unit", self.name, *after, "--output", "cat", "--quiet", *sources])
        return out.splitlines()
