# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The run-time state of HAProxy's servers: read it, change it, see it changed, and wait for what follows from it.

A worker that a reload has replaced serves its connections to their end, and accepts no change any more. Its sessions count here like
those of the worker that has taken over."""

from __future__ import annotations

import csv
import re
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from fnmatch import fnmatchcase

from ansible_collections.evenkeel.ha_web.plugins.module_utils._haproxy_cli import Stopped, ask, parse_workers
from ansible_collections.evenkeel.ha_web.plugins.module_utils._problem import suggestion

POLL = 0.2
"""Seconds between two questions while waiting."""

MAINT = 0x01 | 0x02 | 0x20
DRAIN = 0x08 | 0x10
"""Bits of srv_admin_state: asked for, inherited from a tracked server, and for maintenance, without an address."""
ASKED = 0x01 | 0x08
CONFIGURED = 0x04
"""Two more: what was asked for at run time, unless the configuration has said C(disabled)."""

WEIGHT = re.compile(r"(\d+)(%?)")
MOST = 256


class ServerError(Exception):
    """The servers are not as wanted; the text says which, what HAProxy answered, and what to do."""


@dataclass(frozen=True)
class Server:
    """One server at one moment. C(status) and C(check) are in HAProxy's words; C(sessions) are those in every worker, and those that wait
    in the server's own queue. C(taken_out) is whether somebody has said so at run time, and not the configuration."""

    backend: str
    name: str
    state: str
    status: str
    weight: int
    configured_weight: int
    sessions: int
    check: str
    taken_out: bool = False

    @property
    def label(self) -> str:
        return f"{self.backend}/{self.name}"

    @property
    def up(self) -> bool:
        """Whether it can serve as far as HAProxy knows. A status such as C(DRAIN 1/2) waits for one more check."""
        return self.status.partition(" (")[0] in ("UP", "DRAIN", "no check")

    @property
    def in_rotation(self) -> bool:
        """Whether HAProxy chooses it for new requests."""
        return self.state == "ready" and self.weight > 0 and self.status.startswith(("UP", "no check"))

    def result(self) -> dict:
        """As the module returns it."""
        shown = asdict(self)
        return {name: shown[name] for name in shown if name not in ("backend", "name")} | {"in_rotation": self.in_rotation}

    def line(self) -> str:
        """As a diff shows it."""
        return f"{self.label}: {self.state}, weight {self.weight}\n"


@dataclass(frozen=True)
class Wanted:
    """What servers shall become; empty is what they are."""

    state: str = ""
    weight: str = ""

    def of(self, server: Server) -> Server:
        """The server as it shall become."""
        weight = server.weight
        if self.weight:
            number, percent = WEIGHT.fullmatch(self.weight).groups()
            weight = min(MOST, server.configured_weight * int(number) // 100) if percent else int(number)
        state = self.state or server.state
        return replace(server, state=state, weight=weight, taken_out=state != "ready" or weight == 0 < server.configured_weight)


def not_a_weight(weight: str) -> str:
    """What is wrong with a weight; empty if nothing is."""
    found = WEIGHT.fullmatch(weight)
    if not weight or (found and (found.group(2) or int(found.group(1)) <= MOST)):
        return ""
    return f"weight is '{weight}': a number from 0 to {MOST} is needed, or percents of the configured weight, such as 50%"


def not_servers(patterns: Iterable[str]) -> str:
    """What is wrong with the names of servers; empty if nothing is."""
    bad = [pattern for pattern in patterns if not re.fullmatch(r"[^/\s;]+/[^/\s;]+", pattern)]
    return f"servers has '{bad[0]}': backend and server are needed, such as web/web1; * stands for every name" if bad else ""


def parse(states: str, statistics: str) -> list[Server]:
    """The servers in the answers to C(show servers state) and C(show stat -1 4 -1), of haproxy 2.6 to 3.0."""
    known = {(row["pxname"], row["svname"]): row for row in rows(statistics)}
    servers = []
    for line in states.splitlines():
        words = line.split()
        if len(words) < 10 or words[0].startswith("#") or (words[1], words[3]) not in known:
            continue
        row = known[words[1], words[3]]
        admin = int(words[6])
        servers.append(
            Server(
                backend=words[1],
                name=words[3],
                state="maint" if admin & MAINT else "drain" if admin & DRAIN else "ready",
                status=row["status"],
                weight=int(words[7]),
                configured_weight=int(words[8]),
                sessions=_sessions(row),
                check=" ".join(filter(None, (row["check_status"], row.get("last_chk")))),
                taken_out=bool(admin & ASKED and not admin & CONFIGURED) or int(words[7]) == 0 < int(words[8]),
            )
        )
    return servers


def parse_sessions(statistics: str) -> dict[str, int]:
    """How many sessions each server has, by its label, in the answer to C(show stat -1 4 -1)."""
    return {f"{row['pxname']}/{row['svname']}": _sessions(row) for row in rows(statistics)}


def rows(statistics: str) -> Iterable[dict[str, str]]:
    """The lines of an answer to C(show stat) by their columns' names."""
    return csv.DictReader(statistics[2:].splitlines()) if statistics.startswith("# pxname,") else ()


def _sessions(row: dict[str, str]) -> int:
    return int(row["scur"] or 0) + int(row["qcur"] or 0)


def matching(servers: list[Server], patterns: list[str]) -> list[Server]:
    """The servers that one of the patterns names, in HAProxy's order."""
    return [server for server in servers if any(fnmatchcase(server.label, pattern) for pattern in patterns)]


class Runtime:
    """The servers of a running HAProxy, through its admin socket, and its replaced workers through the master's."""

    def __init__(self, path: str, master: str) -> None:
        self.path = path
        self.master = master

    def servers(self) -> list[Server]:
        """All servers, now."""
        servers = parse(ask(self.path, "show servers state"), ask(self.path, "show stat -1 4 -1"))
        replaced = self._replaced()
        return [replace(server, sessions=server.sessions + sum(old.get(server.label, 0) for old in replaced)) for server in servers]

    def _replaced(self) -> list[dict[str, int]]:
        """The sessions in every worker that a reload has replaced; one that has just ended has none."""
        try:
            workers = parse_workers(ask(self.master, "show proc")).replaced
            return [parse_sessions(ask(self.master, f"@!{pid} show stat -1 4 -1")) for pid in workers]
        except Stopped:
            return []

    def named(self, patterns: list[str], may_miss: bool) -> list[Server]:
        """The servers that a pattern names, now. Raises ServerError for a pattern that names none, unless it may miss."""
        servers = self.servers()
        missing = [pattern for pattern in patterns if not matching(servers, [pattern])]
        if missing and not may_miss:
            known = suggestion(missing[0], [server.label for server in servers])
            raise ServerError(f"{self.path}: haproxy has no server {missing[0]}{known}")
        return matching(servers, patterns)

    def these(self, servers: list[Server]) -> list[Server]:
        """The same servers, now."""
        now = {server.label: server for server in self.servers()}
        gone = [server.label for server in servers if server.label not in now]
        if gone:
            raise ServerError(f"{self.path}: haproxy has no server {gone[0]} any more; it was reloaded without it, so run this again")
        return [now[server.label] for server in servers]

    def change(self, servers: list[Server], wanted: Wanted) -> list[Server]:
        """Make the servers what is wanted; returns what HAProxy says they are. Raises ServerError if that is something else."""
        for server in servers:
            target = wanted.of(server)
            if target.state != server.state:
                self._command(server, f"set server {server.label} state {target.state}")
            if target.weight != server.weight:
                self._command(server, f"set server {server.label} weight {wanted.weight}")
        now = self.these(servers)
        for before, after in zip(servers, now):
            target = wanted.of(before)
            if (target.state, target.weight) != (after.state, after.weight):
                raise ServerError(
                    f"{self.path}: haproxy has accepted {target.state} with weight {target.weight} for {after.label}, but that is"
                    f" {after.state} with weight {after.weight}; one that tracks another server or lacks an address follows that"
                )
        return now

    def _command(self, server: Server, command: str) -> None:
        answer = ask(self.path, command).strip()
        if answer:
            hint = "; the socket has to be of 'level admin'" if answer.startswith("Permission denied") else ""
            raise ServerError(f"{self.path}: haproxy has refused '{command}': {answer}{hint}. {server.label} is {server.state}")

    def await_no_sessions(self, servers: list[Server], timeout: float) -> list[Server]:
        """Wait until the servers have no sessions; returns those that still have some when the time is over."""
        return self._wait(servers, timeout, lambda server: server.sessions > 0)

    def await_up(self, servers: list[Server], timeout: float) -> list[Server]:
        """Wait until the servers' checks pass; returns those that do not pass when the time is over."""
        return self._wait(servers, timeout, lambda server: not server.up)

    def _wait(self, servers: list[Server], timeout: float, unfit) -> list[Server]:
        end = time.monotonic() + timeout
        while True:
            left = [server for server in self.these(servers) if unfit(server)]
            if not left or time.monotonic() > end:
                return left
            time.sleep(POLL)


@dataclass(frozen=True)
class Outcome:
    """The servers before and after, and those for which the waiting has ended in vain."""

    before: list[Server]
    after: list[Server]
    late: list[Server]


def foresee(before: list[Server], wanted: Wanted) -> Outcome:
    """What would come of it, without waiting."""
    return Outcome(before, [wanted.of(server) for server in before], [])


def make(runtime: Runtime, before: list[Server], wanted: Wanted, wait_for: str, timeout: float, go_on: bool) -> Outcome:
    """Change the servers and wait. Maintenance that waits for the sessions begins with draining. Raises ServerError with what is true when
    it does not come to that."""
    gently = wait_for == "sessions" and wanted.state == "maint"
    if gently:
        ready = [server for server in before if server.state == "ready"]
        runtime.change(ready, Wanted("drain", wanted.weight))
    else:
        runtime.change(before, wanted)
    late: list[Server] = []
    if wait_for == "sessions":
        late = runtime.await_no_sessions(before, timeout)
        said = [f"{server.label} is {server.state} and has {server.sessions} sessions" for server in late]
        hint = "give it more time, or let on_timeout be go_on"
    elif wait_for == "up":
        late = runtime.await_up(before, timeout)
        said = [f"{server.label} is {server.status}, and its last check said: {server.check or 'nothing'}" for server in late]
        hint = "see why the server does not answer its health check"
    if late and not go_on:
        raise ServerError(f"{runtime.path}: after {timeout:g} s {'; '.join(said)}: {hint}")
    if gently:
        runtime.change(runtime.these(before), wanted)
    return Outcome(before, runtime.these(before), late)
