# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make the configuration on disk the one that runs, and see it proven.

A daemon whose reload fails goes on with what it had, and C(systemctl reload) succeeds all the same. So each daemon is asked in its own
way whether it runs the new configuration; haproxy's master and nginx's workers know, keepalived tells its journal.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import time
import urllib.error
from pathlib import Path
from typing import Callable

from ansible.module_utils.urls import open_url
from ansible_collections.evenkeel.ha_web.plugins.module_utils import _binds
from ansible_collections.evenkeel.ha_web.plugins.module_utils._effect import Effect, NoEffect
from ansible_collections.evenkeel.ha_web.plugins.module_utils._haproxy_cli import MASTER_SOCKET, NoAnswer, Workers, ask, parse_workers
from ansible_collections.evenkeel.ha_web.plugins.module_utils._unit import POLL, Unit, UnitState

MARKERS = Path("/run/evenkeel")
NGINX_ERRORS = Path("/var/log/nginx/error.log")


class NotProven(Exception):
    """The daemon does not run the configuration; the text says what it said."""


class Daemon:
    """How one daemon proves that it runs what is on disk. A proof is asked for again and again until it is there or time is over."""

    complaint = re.compile(r"\[(ALERT|emerg)\]|[Cc]annot|failed|[Ee]rror")

    def __init__(self, unit: Unit, health: str) -> None:
        """C(health) is a URL that a running daemon answers with 2xx, or empty."""
        self.unit = unit
        self.health = health
        self.remember()

    def remember(self) -> None:
        """Note what is there before the change."""
        self.cursor = self.unit.cursor()
        self.before = self.workers()

    def workers(self) -> frozenset[int]:
        return self.unit.children()

    def foresee(self, directory: Path) -> None:
        """Raise NotProven for what is known to harm already while the daemon tries."""

    def is_proven(self) -> bool:
        """Whether the new configuration serves. Raises NotProven as soon as it is clear that it never will."""
        return bool(self.workers() - self.before) and self.answers()

    def answers(self) -> bool:
        if not self.health:
            return True
        try:
            with open_url(self.health, timeout=2, use_proxy=False):
                return True
        except (urllib.error.URLError, OSError):
            return False

    def complaints(self) -> str:
        """What the daemon said of the change, the lines that complain if there are any."""
        lines = self.unit.said_since(self.cursor)
        return "\n".join([line for line in lines if self.complaint.search(line)] or lines[-10:])


class Haproxy(Daemon):
    """The master process knows which worker runs which generation and whether a reload has failed."""

    def workers(self) -> frozenset[int]:
        return self.ask().current

    def foresee(self, directory: Path) -> None:
        """haproxy pauses all its listeners while it tries for seconds to bind a port that somebody else has."""
        taken = list(_binds.taken((directory / "haproxy.cfg").read_text(encoding="utf-8", errors="replace")))
        if taken:
            lines = "\n".join(f"{directory}/haproxy.cfg:{number}: {reason}\n    > {source}" for number, source, reason in taken)
            raise NotProven(lines)

    def ask(self) -> Workers:
        """What the master answers; no workers while it does not answer."""
        try:
            return parse_workers(ask(MASTER_SOCKET, "show proc", timeout=2))
        except NoAnswer:
            return Workers(frozenset(), 0)

    def is_proven(self) -> bool:
        answer = self.ask()
        if answer.failed:
            raise NotProven(self.complaints())
        return bool(answer.current - self.before) and self.answers()


class Nginx(Daemon):
    """New workers appear beside the old ones, or the error log says why not."""

    def remember(self) -> None:
        super().remember()
        self.log_end = NGINX_ERRORS.stat().st_size if NGINX_ERRORS.exists() else 0

    def is_proven(self) -> bool:
        if "[emerg]" in self.complaints():
            raise NotProven(self.complaints())
        return super().is_proven()

    def complaints(self) -> str:
        if not NGINX_ERRORS.exists():
            return super().complaints()
        with NGINX_ERRORS.open("rb") as log:
            log.seek(self.log_end)
            lines = log.read().decode("utf-8", errors="replace").splitlines()
        return "\n".join(dict.fromkeys(line for line in lines if "[emerg]" in line)) or super().complaints()


class Keepalived(Daemon):
    """Its processes stay the same when it reloads; the journal says that it is done."""

    done = re.compile(r"(Reload|Startup) complete")

    def is_proven(self) -> bool:
        done = any(self.done.search(line) for line in self.unit.said_since(self.cursor))
        return done and self.unit.state().active and bool(self.workers())


DAEMONS = {"haproxy": Haproxy, "keepalived": Keepalived, "nginx": Nginx}


def digest(directory: Path) -> str:
    """One word for all names and contents of a directory."""
    whole = hashlib.sha256()
    for path in sorted(directory.rglob("*")):
        whole.update(os.fsencode(path.relative_to(directory)) + b"\0")
        if path.is_file():
            whole.update(hashlib.sha256(path.read_bytes()).digest())
    return whole.hexdigest()


class Live:
    """Whether the daemon runs what its directory holds, remembered in C(/run/evenkeel) so that an ended run is finished by the next.

    C(companions) are the units that serve beside the daemon and whose files are part of its set."""

    def __init__(self, name: str, directory: str, unit: Unit, companions: list[str], health: str, timeout: float) -> None:
        self.unit = unit
        self.companions = companions
        self.directory = Path(directory)
        self.effect = Effect(self.directory, unit.run)
        self.marker = MARKERS / f"{name}.live"
        self.daemon = DAEMONS[name](unit, health)
        self.timeout = timeout

    def action(self) -> str:
        """What it takes to make the set on disk live: C(start), C(reload), C(settle) what is around the daemon, or nothing."""
        state = self.unit.state()
        if not state.active:
            return "start"
        if state.started <= self.directory.stat().st_ctime and not self.generation(state).items() <= self.proven().items():
            return "reload"
        return "settle" if self.effect.pending() or not state.enabled or self._idle() or self._obsolete() else ""

    def generation(self, state: UnitState) -> dict[str, str]:
        """What is on disk, and the start of the daemon to which that was given."""
        return {"digest": digest(self.directory), "invocation": state.invocation}

    def proven(self) -> dict:
        """The generation that was proven last since the host has started, with its companions."""
        try:
            return json.loads(self.marker.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}

    def is_proven(self) -> bool:
        """Whether what is on disk has been proven before."""
        return self.proven().get("digest") == digest(self.directory)

    def make_live(self, action: str) -> None:
        """Start or reload the daemon. Raises NotProven with the daemon's words if it does not run what is on disk afterwards."""
        self.daemon.remember()
        self._settle(self._idle() if action == "settle" else self.companions)
        if action != "settle":
            self.daemon.foresee(self.directory)
            self._call(action, self.unit.name, self.daemon.complaints)
            self._await_proof()
        MARKERS.mkdir(mode=0o755, exist_ok=True)
        generation = {**self.generation(self.unit.state()), "companions": self.companions}
        self.marker.write_text(json.dumps(generation), encoding="utf-8")

    def _await_proof(self) -> None:
        end = time.monotonic() + self.timeout
        while not self.daemon.is_proven():
            if time.monotonic() > end:
                said = self.daemon.complaints() or "it said nothing"
                raise NotProven(f"no proof within {self.timeout:g} s that it runs; {said}")
            time.sleep(POLL)

    def _settle(self, companions: list[str]) -> None:
        """Bring what is around the daemon up to date, these companions included."""
        for name in self._obsolete():
            self._call("stop", name)
        try:
            self.effect.settle()
        except NoEffect as error:
            raise NotProven(str(error)) from error
        if not self.unit.state().enabled:
            self._call("enable", self.unit.name)
        for name in companions:
            self._call("reload-or-restart", name)

    def _idle(self) -> list[str]:
        return [name for name in self.companions if not Unit(name, self.unit.run).state().active]

    def _obsolete(self) -> list[str]:
        return [name for name in self.proven().get("companions", []) if name not in self.companions]

    def _call(self, verb: str, name: str, complaints: Callable[[], str] = str) -> None:
        rc, out, err = self.unit.run(["systemctl", verb, name])
        if rc:
            raise NotProven(complaints() or f"systemctl {verb} {name} failed: {(out + err).strip()}")
