# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check that a daemon runs the configuration on disk.

No clock is asked: what was proven is remembered with the identity of its files, and forgotten before anything of it
changes. A daemon that has been started since has read the same files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TypedDict

from .._host.run import Run
from .._host.unit import Unit, UnitState, read_states
from .digest import digest, identity
from .effect import Effect
from .manifest import MANIFEST, list_companions, resolve_directory

MEMORY = Path("/var/lib/evenkeel")


class Generation(TypedDict, total=False):
    """Memory of a daemon: C(digest) and C(identity) of the set that is proven, or C(last), the digest of the one that
    was proven before a change; and the units that serve beside the daemon."""

    digest: str
    identity: str
    last: str
    companions: list[str]


def configuration(name: str, directory: str, run: Run) -> dict[str, str | bool]:
    """C(digest) of the daemon's directory, C(pending), what would make it the one that runs, as action() says it, and
    C(unconfined), whether the daemon's confinement waits for its next start.

    All are empty where there is no such directory; nothing is pending in one that no set was deployed to. Raises
    SetError if the set in it is damaged."""
    live = resolve_directory(directory)
    if not live.is_dir():
        return {"digest": "", "pending": "", "unconfined": False}
    unit = Unit(name, run)
    is_deployed = (live / MANIFEST).exists()
    return {
        "digest": digest(live),
        "pending": Deployed(live, unit).action() if is_deployed else "",
        "unconfined": unit.is_unconfined(),
    }


class Deployed:
    """The set in a daemon's directory, and whether the daemon runs it.

    What was proven is remembered in C(/var/lib/evenkeel): an ended run is finished by the next, and a unit that is not
    named any more is stopped although the host has rebooted since."""

    def __init__(self, directory: Path, unit: Unit) -> None:
        self.directory = directory
        self.unit = unit
        self.effect = Effect(directory, unit)
        self.memory = MEMORY / f"{unit.name}.json"

    def action(self, will_change: bool = False) -> str:
        """Return the action that makes the set on disk live: C(start), C(reload), C(settle) for units and kernel
        parameters around the daemon, or an empty text.

        C(will_change) foresees another set on disk."""
        around = self._unit_states()
        state = around[self.unit.name]
        if not state.active:
            return "start"
        if will_change or not self._runs_what_is_on_disk():
            return "reload"
        return (
            "settle"
            if self.effect.list_pending()
            or not state.enabled
            or self._idle_companions(around)
            or self._obsolete_companions(around)
            else ""
        )

    def is_proven(self) -> bool:
        """Return whether the daemon is known to run the configuration on disk."""
        try:
            return self._runs_what_is_on_disk()
        except OSError:
            return False

    def _runs_what_is_on_disk(self) -> bool:
        return self._generation().items() <= self._read_memory().items()

    def _generation(self) -> Generation:
        """Describe the set on disk, by its content and by the identity of its files."""
        return {"digest": digest(self.directory), "identity": identity(self.directory)}

    def _read_memory(self) -> Generation:
        """The generation that was proven last, and the units that serve beside it."""
        try:
            found: Generation = json.loads(self.memory.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found

    def _known_companions(self) -> list[str]:
        """The companions that a run has started, even if it was ended before it could prove anything."""
        return self._read_memory().get("companions", [])

    def _unit_states(self) -> dict[str, UnitState]:
        """The daemon's unit and all that serve or have served beside it."""
        return read_states(self.unit.run, [self.unit.name, *list_companions(self.directory), *self._known_companions()])

    def _idle_companions(self, around: dict[str, UnitState]) -> list[str]:
        return [name for name in list_companions(self.directory) if not around[name].active]

    def _obsolete_companions(self, around: dict[str, UnitState]) -> list[str]:
        return [
            name
            for name in self._known_companions()
            if name not in list_companions(self.directory) and not around[name].stopped
        ]
