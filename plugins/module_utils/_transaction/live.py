# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make the configuration on disk the one that runs, see it proven, and go back if it is not."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Callable

from .._deployed.digest import digest
from .._deployed.effect import NoEffect
from .._deployed.manifest import SetError, list_companions
from .._deployed.proven import Deployed, Generation
from .._host import disk
from .._host.unit import POLL, UnitState
from .config_set import ConfigSet
from .proof import Daemon, NotProven


def _last_proven_digest(remembered: Generation) -> str:
    """The digest of the set that was proven last, although something has changed since."""
    return remembered.get("digest") or remembered.get("last", "")


class NotNoted(Exception):
    """The daemon is proven to run what is on disk, but that cannot be written down; the text says where and why."""


class Live(Deployed):
    """Makes the set on disk the one that the daemon runs, and brings the units beside it to what the set says of
    them."""

    def __init__(self, config: ConfigSet, daemon: Daemon, timeout: float) -> None:
        super().__init__(config.live, daemon.unit)
        self.config = config
        self.daemon = daemon
        self.timeout = timeout
        self.has_begun = False
        self.was_told = False
        self.replaced: int | None = None
        self.proven: Generation = {}

    def make_live(self, action: str) -> None:
        """Start or reload the daemon.

        Raises NotProven with the daemon's words if it does not run what is on disk afterwards, and NotNoted if it does
        and that cannot be remembered."""
        self.has_begun = True
        self.proven = self._read_memory()
        kept: Generation = self.proven if action == "settle" else {"last": _last_proven_digest(self.proven)}
        self._write_memory({**kept, "companions": self._companions()})
        self._take_set(action)
        self._record_proof()

    @contextmanager
    def forget_proof(self) -> Iterator[None]:
        """Remember nothing as proven any more while what is on disk changes; what was proven comes back if that fails.

        Raises SetError where it cannot be written down, before anything has changed."""
        proven = self._read_memory()
        self.replaced = self._inode()
        try:
            self._write_memory({"companions": self._companions(), "last": _last_proven_digest(proven)})
        except OSError as error:
            raise SetError(
                f"cannot write down that {self.config.live} is about to change: {error}. It is unchanged and still in "
                "use; make room there"
            ) from error
        self.config.keeps_previous = self._keeps_previous(_last_proven_digest(proven))
        try:
            yield
        except SetError:
            with suppress(OSError):
                self._write_memory(proven)
            raise

    def _keeps_previous(self, proven: str) -> bool:
        """Return whether the previous set was proven last, and the live one was not."""
        live, previous = self.config.live, self.config.previous
        return bool(proven) and live.exists() and previous.exists() and digest(live) != proven == digest(previous)

    def has_changed(self) -> bool:
        """Return whether the directory has been exchanged since forget_proof()."""
        return self.replaced is not None and self._inode() != self.replaced

    def _inode(self) -> int:
        """The directory's inode; 0 where there is none."""
        return self.config.live.stat().st_ino if self.config.live.exists() else 0

    def _companions(self) -> list[str]:
        """The units that have served beside the daemon, and those that will."""
        return list(dict.fromkeys([*self._known_companions(), *list_companions(self.config.live)]))

    def _record_proof(self) -> None:
        """Remember what is on disk as proven."""
        try:
            self._write_memory({**self._generation(), "companions": list_companions(self.config.live)})
        except OSError as error:
            raise NotNoted(
                f"{self.unit.name} runs what is in {self.config.live}, which is proven, but that cannot be written "
                f"down: {error}. Make room there and run this again: it reloads {self.unit.name} once more"
            ) from error

    def _take_set(self, action: str) -> None:
        """Bring what is around the daemon up to date and have the daemon take what is on disk. Raises NotProven."""
        around = self._unit_states()
        wanted = list_companions(self.config.live)
        self.daemon.remember()
        self._settle(around, self._idle_companions(around) if action == "settle" else wanted)
        if action != "settle":
            self.daemon.refuse_known_harm(self.config.live)
            self.was_told = True
            restarts = action == "reload" and self.daemon.find_restart_reason(self.config.live)
            if action == "reload" and not restarts:
                self._run(self.daemon.reload_command(), self.daemon.quote_complaints)
            else:
                self._call("restart" if restarts else action, self.unit.name, self.daemon.quote_complaints)
            self._await_proof()
            self.daemon.confirm()

    def stop_obsolete(self) -> None:
        """Stop what serves beside the daemon now and not with the previous set, while there still is what it undoes its
        work with.

        Raises SetError if there is no previous set."""
        self.config.require_previous()
        for name in sorted(set(list_companions(self.config.live)) - set(list_companions(self.config.previous))):
            self.unit.run(["systemctl", "stop", name])

    def stop_all(self) -> None:
        """Stop and disable the daemon's unit, and stop what serves beside it. Raises SetError for what still runs."""
        for name in (self.unit.name, *self._companions()):
            self.unit.run(["systemctl", "disable", "--now", name])
        running = [name for name, state in self._unit_states().items() if state.active]
        if running:
            raise SetError(
                f"{', '.join(running)} cannot be stopped, so {self.config.live} is unchanged: systemctl status says why"
            )

    def forget(self) -> None:
        """Forget what was proven, and have systemd forget the units that are gone. Raises SetError."""
        try:
            disk.remove(self.memory)
        except OSError as error:
            raise SetError(f"cannot remove {self.memory}: {error}") from error
        self.unit.run(["systemctl", "daemon-reload"])

    def go_back(self, was_active: bool) -> str:
        """Bring the previous set back and make it live again if the daemon ran; returns what is true afterwards,
        whatever fails."""
        config = self.config
        on_disk = f"{config.live} holds the new set"
        try:
            refused = digest(config.live)
            if (self.proven or self._read_memory()).get("digest") == refused:
                return (
                    f"The configuration in {config.live} was proven before, so it stays; see what else the daemon says."
                )
            if not config.previous.exists():
                return f"There is no previous set to restore, so {on_disk}. {self._describe_running_set()}"
            self.stop_obsolete()
        except (SetError, OSError) as error:
            return self._describe_failed_restore(f"{error}. {on_disk}")
        try:
            config.restore()
        except (SetError, OSError) as error:
            return self._describe_failed_restore(str(error))
        return self._return_to_previous(was_active)

    def _return_to_previous(self, was_active: bool) -> str:
        """Have the daemon take the previous set, which is in its place again."""
        config = self.config
        back = f"The previous set is back in {config.live} (the refused one is kept in {config.previous})"
        try:
            if not was_active:
                # What was refused can have begun to run before it was, and what serves beside it.
                self._call("stop", self.unit.name)
                self._settle(self._unit_states(), [])
                return f"{back}; the service did not run before and does not run now."
            active = self.unit.state().active
            if not active and not self.was_told:
                return f"{back}; the service does not run, as before."
            self._take_set("reload" if active else "start")
            self._record_proof()
        except NotNoted as error:
            return f"{back} and serves. {error}"
        except (NotProven, OSError) as error:
            return f"{back}, but it is not proven either:\n{error}"
        return f"{back} and serves."

    def _describe_failed_restore(self, error: str) -> str:
        """What is true after the way back has failed; C(error) says what is on disk."""
        return (
            f"Restoring the previous set has failed: {error}. {self._describe_running_set()} Make that possible and "
            "run this again, which finishes the change."
        )

    def _describe_running_set(self) -> str:
        """The set that the daemon runs when it is not proven to run what is on disk, in words."""
        name = self.unit.name
        if self.was_told:
            return f"{name} was told to run the new one; nothing proves which of the two it runs."
        return f"{name} was not told of the change and goes on as before."

    def _write_memory(self, generation: Generation) -> None:
        """Write this down, so that it survives a power failure. Raises OSError."""
        self.memory.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        staged = self.memory.with_suffix(".staged")
        disk.write(staged, json.dumps(generation).encode())
        disk.sync_file(staged, os.O_RDONLY)
        staged.rename(self.memory)
        disk.sync_directory(self.memory.parent)

    def _await_proof(self) -> None:
        end = time.monotonic() + self.timeout
        while not self.daemon.is_proven():
            if time.monotonic() > end:
                said = self.daemon.quote_complaints() or "it said nothing"
                raise NotProven(f"no proof within {self.timeout:g} s that it runs; {said}")
            time.sleep(POLL)

    def _settle(self, around: dict[str, UnitState], beside: list[str]) -> None:
        """Bring what is around the daemon up to date, these companions included."""
        for name in self._obsolete_companions(around):
            self._call("stop", name)
        try:
            self.effect.apply()
        except NoEffect as error:
            raise NotProven(str(error)) from error
        if not around[self.unit.name].enabled:
            self._call("enable", self.unit.name)
        for name in beside:
            # A socket cannot be reloaded, nor restarted while its service runs.
            self._call("start" if name.endswith(".socket") else "reload-or-restart", name)

    def _call(self, verb: str, name: str, complaints: Callable[[], str] = str) -> None:
        self._run(["systemctl", verb, name], complaints)

    def _run(self, command: list[str], complaints: Callable[[], str] = str) -> None:
        rc, out, err = self.unit.run(command)
        if rc:
            raise NotProven(complaints() or f"{' '.join(command)} failed: {(out + err).strip()}")
