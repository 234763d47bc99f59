# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make the configuration on disk the one that runs, see it proven, and go back if it is not.

Whether a daemon runs what is on disk is not asked of any clock: what was proven is remembered with the identity of its files, and forgotten
before anything of it changes. A daemon that has been started since has read the same files."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Callable

from .._host import disk
from .._host.run import Run
from .._host.unit import POLL, Unit, UnitState, states
from .config_set import ConfigSet
from .effect import Effect, NoEffect
from .files import MANIFEST, TransactionError, companions
from .proof import DAEMONS, Daemon, NotProven

MEMORY = Path("/var/lib/evenkeel")
SIGNALS = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)
"""What ends a program that does not care: a lost connection, somebody at a terminal, the host's shutdown."""


def digest(directory: Path, without: str = "") -> str:
    """One word for all names and contents of a directory, one file left out if it is named."""
    whole = hashlib.sha256()
    for path in sorted(path for path in directory.rglob("*") if path != directory / without):
        whole.update(os.fsencode(path.relative_to(directory)) + b"\0")
        if path.is_file():
            whole.update(hashlib.sha256(path.read_bytes()).digest())
    return whole.hexdigest()


def identity(directory: Path) -> str:
    """One word for the files that a directory has now: another one as soon as a file is edited or replaced, even by the same content.

    Of the time of a change it is only asked whether it is the same, so that a clock that was set hides nothing."""
    whole = hashlib.sha256()
    for path in sorted((directory, *directory.rglob("*"))):
        status = path.lstat()
        changed = 0 if stat.S_ISDIR(status.st_mode) else status.st_ctime_ns
        whole.update(os.fsencode(path) + f"\0{status.st_ino} {changed}\0".encode())
    return whole.hexdigest()


def configuration(name: str, directory: str, run: Run) -> dict[str, str | bool]:
    """C(digest) of the daemon's directory, C(pending), what would make it the one that runs, as action() says it, and C(unconfined),
    whether the daemon's confinement waits for its next start.

    All are empty where there is no such directory; nothing is pending in one that no set was deployed to. Raises TransactionError if the
    set in it is damaged."""
    config = ConfigSet(directory, trial=True)
    if not config.live.is_dir():
        return {"digest": "", "pending": "", "unconfined": False}
    unit = Unit(name, run)
    is_deployed = (config.live / MANIFEST).exists()
    return {
        "digest": digest(config.live),
        "pending": Live(config, DAEMONS[name](unit, ""), 0).action() if is_deployed else "",
        "unconfined": unit.is_unconfined(),
    }


def _last_proven(remembered: dict) -> str:
    """The digest of the set that was proven last, although something has changed since."""
    return remembered.get("digest") or remembered.get("last", "")


class Interrupted(BaseException):
    """A signal has ended the run, which has to leave everything as it says; the text names the signal."""


def hold_signals() -> None:
    """Ignore the signals that end a program until interruptible() ends, so that what cannot be left in the middle comes to its end."""
    for each in SIGNALS:
        signal.signal(each, signal.SIG_IGN)


@contextmanager
def interruptible() -> Iterator[None]:
    """Have the first signal that ends a program raise Interrupted, and ignore all others, so that the way back is not interrupted."""

    def stop(number: int, _frame: object) -> None:
        hold_signals()
        raise Interrupted(f"ended by {signal.Signals(number).name}")

    before = {each: signal.signal(each, stop) for each in SIGNALS}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


class NotNoted(Exception):
    """The daemon is proven to run what is on disk, but that cannot be written down; the text says where and why."""


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
        self.has_begun = False
        self.was_told = False
        self.replaced: int | None = None
        self.proven: dict = {}

    def action(self, will_change: bool = False) -> str:
        """What it takes to make the set on disk live: C(start), C(reload), C(settle) what is around the daemon, or nothing.

        C(will_change) foresees another set on disk."""
        around = self._around()
        state = around[self.unit.name]
        if not state.active:
            return "start"
        if will_change or not self._runs_what_is_on_disk():
            return "reload"
        return "settle" if self.effect.pending() or not state.enabled or self._idle(around) or self._obsolete(around) else ""

    def make_live(self, action: str) -> None:
        """Start or reload the daemon.

        Raises NotProven with the daemon's words if it does not run what is on disk afterwards, and NotNoted if it does and that cannot be
        remembered."""
        self.has_begun = True
        self.proven = self._remembered()
        kept = self.proven if action == "settle" else {"last": _last_proven(self.proven)}
        self._remember({**kept, "companions": self._companions()})
        self._take(action)
        self._note()

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Remember nothing as proven any more while what is on disk changes; what was proven comes back if that fails.

        Raises TransactionError where it cannot be written down, before anything has changed."""
        proven = self._remembered()
        self.replaced = self._inode()
        try:
            self._remember({"companions": self._companions(), "last": _last_proven(proven)})
        except OSError as error:
            raise TransactionError(
                f"cannot write down that {self.config.live} is about to change: {error}. It is unchanged and still in use; make room there"
            ) from error
        self.config.keeps_previous = self._is_way_back(_last_proven(proven))
        try:
            yield
        except TransactionError:
            with suppress(OSError):
                self._remember(proven)
            raise

    def _is_way_back(self, proven: str) -> bool:
        """Whether the previous set is the one that was proven last, and the live one is not."""
        live, previous = self.config.live, self.config.previous
        return bool(proven) and live.exists() and previous.exists() and digest(live) != proven == digest(previous)

    def is_proven(self) -> bool:
        """Whether the daemon is known to run what is on disk."""
        try:
            return self._runs_what_is_on_disk()
        except OSError:
            return False

    def has_changed(self) -> bool:
        """Whether the directory is another one than before changing()."""
        return self.replaced is not None and self._inode() != self.replaced

    def _inode(self) -> int:
        """The directory's inode; 0 where there is none."""
        return self.config.live.stat().st_ino if self.config.live.exists() else 0

    def _companions(self) -> list[str]:
        """The units that have served beside the daemon, and those that will."""
        return list(dict.fromkeys([*self._known(), *companions(self.config.live)]))

    def _note(self) -> None:
        """Remember what is on disk as proven."""
        try:
            self._remember({**self._generation(), "companions": companions(self.config.live)})
        except OSError as error:
            raise NotNoted(
                f"{self.unit.name} runs what is in {self.config.live}, which is proven, but that cannot be written down: {error}."
                f" Make room there and run this again: it reloads {self.unit.name} once more"
            ) from error

    def _take(self, action: str) -> None:
        """Bring what is around the daemon up to date and have the daemon take what is on disk. Raises NotProven."""
        around = self._around()
        wanted = companions(self.config.live)
        self.daemon.remember()
        self._settle(around, self._idle(around) if action == "settle" else wanted)
        if action != "settle":
            self.daemon.foresee(self.config.live)
            self.was_told = True
            self._call(action, self.unit.name, self.daemon.complaints)
            self._await_proof()

    def make_way(self) -> None:
        """Stop what serves beside the daemon now and not with the previous set, while there still is what it undoes its work with.

        Raises TransactionError if there is no previous set."""
        self.config.require_previous()
        for name in sorted(set(companions(self.config.live)) - set(companions(self.config.previous))):
            self.unit.run(["systemctl", "stop", name])

    def go_back(self, was_active: bool) -> str:
        """Bring the previous set back and make it live again if the daemon ran; returns what is true afterwards, whatever fails."""
        config = self.config
        try:
            refused = digest(config.live)
            if (self.proven or self._remembered()).get("digest") == refused:
                return f"The configuration in {config.live} was proven before, so it stays; see what else the daemon says."
            if not config.previous.exists():
                return f"There is no previous set to go back to, so {config.live} holds the new one. {self._what_runs()}"
            self.make_way()
            config.restore()
        except (TransactionError, OSError) as error:
            return (
                f"The way back has failed: {error}. {self._what_runs()} Make that possible and run this again, which finishes the change."
            )
        return self._give_back(was_active)

    def _give_back(self, was_active: bool) -> str:
        """Have the daemon take the previous set, which is in its place again."""
        config = self.config
        back = f"The previous set is back in {config.live} (the refused one is kept in {config.previous})"
        try:
            if not was_active:
                # What was refused can have begun to run before it was, and what serves beside it.
                self._call("stop", self.unit.name)
                self._settle(self._around(), [])
                return f"{back}; the service did not run before and does not run now."
            active = self.unit.state().active
            if not active and not self.was_told:
                return f"{back}; the service does not run, as before."
            self._take("reload" if active else "start")
            self._note()
        except NotNoted as error:
            return f"{back} and serves. {error}"
        except (NotProven, OSError) as error:
            return f"{back}, but it is not proven either:\n{error}"
        return f"{back} and serves."

    def _what_runs(self) -> str:
        """The set that the daemon runs when it is not proven to run what is on disk, in words."""
        name = self.unit.name
        if self.was_told:
            return f"{name} was told to take the new one; nothing proves which of the two it runs."
        return f"{name} was not told of the change and goes on as before."

    def _runs_what_is_on_disk(self) -> bool:
        return self._generation().items() <= self._remembered().items()

    def _generation(self) -> dict[str, str]:
        """What is on disk, by its content and by the identity of its files."""
        return {"digest": digest(self.config.live), "identity": identity(self.config.live)}

    def _remembered(self) -> dict:
        """The generation that was proven last, and the units that serve beside it."""
        try:
            return json.loads(self.memory.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}

    def _remember(self, generation: dict) -> None:
        """Write this down, so that it survives a power failure. Raises OSError."""
        MEMORY.mkdir(mode=0o700, parents=True, exist_ok=True)
        staged = self.memory.with_suffix(".staged")
        disk.write(staged, json.dumps(generation).encode())
        disk.sync_file(staged, os.O_RDONLY)
        staged.rename(self.memory)
        disk.sync_directory(MEMORY)

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
