# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make the configuration on disk the one that runs, see it proven, and go back if it is not."""

from __future__ import annotations

import hashlib
import json
import os
import time
from pathlib import Path
from typing import Callable

from ansible_collections.evenkeel.ha_web.plugins.module_utils import _disk
from ansible_collections.evenkeel.ha_web.plugins.module_utils._effect import Effect, NoEffect
from ansible_collections.evenkeel.ha_web.plugins.module_utils._proof import DAEMONS, Daemon, NotProven
from ansible_collections.evenkeel.ha_web.plugins.module_utils._run import Run
from ansible_collections.evenkeel.ha_web.plugins.module_utils._set_files import TransactionError, companions
from ansible_collections.evenkeel.ha_web.plugins.module_utils._transaction import ConfigSet
from ansible_collections.evenkeel.ha_web.plugins.module_utils._unit import POLL, Unit, UnitState, states

MEMORY = Path("/var/lib/evenkeel")


def digest(directory: Path, without: str = "") -> str:
    """One word for all names and contents of a directory, one file left out if it is named."""
    whole = hashlib.sha256()
    for path in sorted(path for path in directory.rglob("*") if path != directory / without):
        whole.update(os.fsencode(path.relative_to(directory)) + b"\0")
        if path.is_file():
            whole.update(hashlib.sha256(path.read_bytes()).digest())
    return whole.hexdigest()


def changed(directory: Path) -> float:
    """When the directory or anything in it was last changed, in seconds since 1970; a file that was edited in its place included."""
    return max(path.lstat().st_ctime for path in (directory, *directory.rglob("*")))


def configuration(name: str, directory: str, run: Run) -> dict[str, str | bool]:
    """C(digest) of the daemon's directory, C(pending), what would make it the one that runs, as action() says it, and C(unconfined),
    whether the daemon's confinement waits for its next start.

    All are empty where there is no such directory. Raises TransactionError if the set in it is damaged."""
    config = ConfigSet(directory, trial=True)
    if not config.live.is_dir():
        return {"digest": "", "pending": "", "unconfined": False}
    unit = Unit(name, run)
    return {
        "digest": digest(config.live),
        "pending": Live(config, DAEMONS[name](unit, ""), 0).action(),
        "unconfined": unit.is_unconfined(),
    }


class Live:
    """Whether the daemon runs what its directory holds, and the units beside it what its set says of them.

    What was proven is remembered in C(/var/lib/evenkeel): an ended run is finished by the next, and a unit that is not named any more is
    stopped although the host has rebooted since."""

    def __init__(self, config: ConfigSet, daemon: Daemon, timeout: float) -> None:
        self.config = config
        self.daemon = daemon
        self.unit = daemon.unit
        self.effect = Effect(config.live, self.unit)
        self.memory = MEMORY / f"{self.unit.name}.json"
        self.timeout = timeout

    def action(self, will_change: bool = False) -> str:
        """What it takes to make the set on disk live: C(start), C(reload), C(settle) what is around the daemon, or nothing.

        C(will_change) foresees another set on disk."""
        around = self._around()
        state = around[self.unit.name]
        if not state.active:
            return "start"
        if will_change or not self._runs_what_is_on_disk(state):
            return "reload"
        return "settle" if self.effect.pending() or not state.enabled or self._idle(around) or self._obsolete(around) else ""

    def make_live(self, action: str) -> None:
        """Start or reload the daemon. Raises NotProven with the daemon's words if it does not run what is on disk afterwards."""
        around = self._around()
        wanted = companions(self.config.live)
        self._remember({**self._remembered(), "companions": [*self._known(), *wanted]})
        self.daemon.remember()
        self._settle(around, self._idle(around) if action == "settle" else wanted)
        if action != "settle":
            self.daemon.foresee(self.config.live)
            self._call(action, self.unit.name, self.daemon.complaints)
            self._await_proof()
        self._remember({**self._generation(self.unit.state()), "companions": wanted})

    def make_way(self) -> None:
        """Stop what serves beside the daemon now and not with the previous set, while there still is what it undoes its work with.

        Raises TransactionError if there is no previous set."""
        self.config.require_previous()
        for name in sorted(set(companions(self.config.live)) - set(companions(self.config.previous))):
            self.unit.run(["systemctl", "stop", name])

    def go_back(self, was_active: bool) -> str:
        """Bring the previous set back and make it live again if the daemon ran; returns what is true afterwards."""
        config = self.config
        if self._remembered().get("digest") == digest(config.live):
            return f"The configuration in {config.live} was proven before, so it stays; see what else the daemon says."
        try:
            self.make_way()
            config.restore()
        except TransactionError as error:
            return f"There is no previous set to go back to: {error}"
        refused = f"The previous set is back in {config.live} (the refused one is kept in {config.previous})"
        try:
            if not was_active:
                # What was refused can have begun to run before it was, and what serves beside it.
                self._call("stop", self.unit.name)
                self._settle(self._around(), [])
                return f"{refused}; the service did not run before and does not run now."
            self.make_live("reload" if self.unit.state().active else "start")
        except NotProven as error:
            return f"{refused}, but it is not proven either:\n{error}"
        return f"{refused} and serves."

    def _runs_what_is_on_disk(self, state: UnitState) -> bool:
        younger = state.started > changed(self.config.live)
        return younger or self._generation(state).items() <= self._remembered().items()

    def _generation(self, state: UnitState) -> dict[str, str]:
        """What is on disk, and the start of the daemon to which that was given."""
        return {"digest": digest(self.config.live), "invocation": state.invocation}

    def _remembered(self) -> dict:
        """The generation that was proven last, and the units that serve beside it."""
        try:
            return json.loads(self.memory.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}

    def _remember(self, generation: dict) -> None:
        MEMORY.mkdir(mode=0o700, parents=True, exist_ok=True)
        staged = self.memory.with_suffix(".staged")
        _disk.write(staged, json.dumps(generation).encode())
        staged.rename(self.memory)

    def _await_proof(self) -> None:
        end = time.monotonic() + self.timeout
        while not self.daemon.is_proven():
            if time.monotonic() > end:
                said = self.daemon.complaints() or "it said nothing"
                raise NotProven(f"no proof within {self.timeout:g} s that it runs; {said}")
            time.sleep(POLL)

    def _settle(self, around: dict[str, UnitState], beside: list[str]) -> None:
        """Bring what is around the daemon up to date, these companions included."""
        for name in self._obsolete(around):
            self._call("stop", name)
        try:
            self.effect.settle()
        except NoEffect as error:
            raise NotProven(str(error)) from error
        if not around[self.unit.name].enabled:
            self._call("enable", self.unit.name)
        for name in beside:
            self._call("reload-or-restart", name)

    def _known(self) -> list[str]:
        """The companions that a run has started, even if it was ended before it could prove anything."""
        return self._remembered().get("companions", [])

    def _around(self) -> dict[str, UnitState]:
        """The daemon's unit and all that serve or have served beside it."""
        return states(self.unit.run, [self.unit.name, *companions(self.config.live), *self._known()])

    def _idle(self, around: dict[str, UnitState]) -> list[str]:
        return [name for name in companions(self.config.live) if not around[name].active]

    def _obsolete(self, around: dict[str, UnitState]) -> list[str]:
        return [name for name in self._known() if name not in companions(self.config.live) and not around[name].stopped]

    def _call(self, verb: str, name: str, complaints: Callable[[], str] = str) -> None:
        rc, out, err = self.unit.run(["systemctl", verb, name])
        if rc:
            raise NotProven(complaints() or f"systemctl {verb} {name} failed: {(out + err).strip()}")
