# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The servers of a running HAProxy: ask for them, change them, see them changed, and wait for what follows from it.

A worker that a reload has replaced serves its connections to their end, and accepts no change any more. Its sessions
count here like those of the worker that has taken over."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Callable

from .._suggestion import suggestion
from .cli import Stopped, ask, parse_workers
from .server import Server, Wanted, match_servers, parse, parse_clients, parse_sessions

POLL = 0.2
"""Seconds between two questions while waiting."""

CLIENTS = 5
"""Maximum number of sessions that a message lists per server."""

RELOAD = 100
"""Seconds that a reload does not take, because systemd ends it before."""


class ServerError(Exception):
    """The servers are not as wanted; the text says which, what HAProxy answered, and what to do."""


def lock_file(path: str) -> str:
    """Return the lock file of the role's reload for the socket C(path): /run/haproxy-reload/lock for /run/haproxy/*."""
    return f"{os.path.dirname(path)}-reload/lock"


class Runtime:
    """The servers of a running HAProxy, through its admin socket, and its replaced workers through the master's."""

    def __init__(self, path: str, master: str) -> None:
        self.path = path
        self.master = master

    def read_servers(self) -> list[Server]:
        """All servers, now."""
        servers = parse(ask(self.path, "show servers state"), ask(self.path, "show stat -1 4 -1"))
        replaced = self._sessions_of_replaced_workers()
        return [
            replace(server, sessions=server.sessions + sum(old.get(server.label, 0) for old in replaced))
            for server in servers
        ]

    def _sessions_of_replaced_workers(self) -> list[dict[str, int]]:
        """The sessions in every worker that a reload has replaced; one that has just ended has none."""
        try:
            workers = parse_workers(ask(self.master, "show proc")).replaced
            return [parse_sessions(ask(self.master, f"@!{pid} show stat -1 4 -1")) for pid in workers]
        except Stopped:
            return []

    def describe_clients(self, server: Server) -> str:
        """The sessions of a server in every worker, the first of them by their clients, as a message names them."""
        answers = [ask(self.path, "show sess")]
        with suppress(Stopped):
            replaced = parse_workers(ask(self.master, "show proc")).replaced
            answers += [ask(self.master, f"@!{pid} show sess") for pid in replaced]
        found = [said for answer in answers for label, said in parse_clients(answer) if label == server.label]
        more = [f"and {len(found) - CLIENTS} more"] if len(found) > CLIENTS else []
        return ", ".join(found[:CLIENTS] + more) or "all are queued, or have ended by now"

    def find_servers(self, patterns: list[str], may_miss: bool) -> list[Server]:
        """The servers that a pattern names, now. Raises ServerError for a pattern that names none, unless it may
        miss."""
        servers = self.read_servers()
        missing = [pattern for pattern in patterns if not match_servers(servers, [pattern])]
        if missing and not may_miss:
            known = suggestion(missing[0], [server.label for server in servers])
            raise ServerError(f"{self.path}: haproxy has no server {missing[0]}{known}")
        return match_servers(servers, patterns)

    def refresh_servers(self, servers: list[Server]) -> list[Server]:
        """The same servers, now."""
        now = {server.label: server for server in self.read_servers()}
        gone = [server.label for server in servers if server.label not in now]
        if gone:
            raise ServerError(
                f"{self.path}: haproxy has no server {gone[0]} any more; it was reloaded without it, so run this again"
            )
        return [now[server.label] for server in servers]

    def change(self, servers: list[Server], wanted: Wanted) -> list[Server]:
        """Make the servers what is wanted; returns what HAProxy says they are. Raises ServerError if that is something
        else."""
        if not any(wanted.list_commands(server) for server in servers):
            return self.refresh_servers(servers)
        with self._hold_reloads():
            servers = self.refresh_servers(servers)
            for server in servers:
                for command in wanted.list_commands(server):
                    self._command(server, command)
            now = self.refresh_servers(servers)
        for before, after in zip(servers, now):
            target = wanted.apply_to(before)
            if (target.state, target.weight) != (after.state, after.weight):
                raise ServerError(
                    f"{self.path}: haproxy has accepted {target.state} with weight {target.weight} for {after.label}, "
                    "but that is"
                    f" {after.state} with weight {after.weight}; one that tracks another server or lacks an address "
                    "follows that"
                )
        return now

    @contextmanager
    def _hold_reloads(self) -> Iterator[None]:
        """Wait until a reload that has begun is over, and keep the next one waiting, as the role haproxy's C(reload.py)
        does: what a worker is told while another one takes over is lost. Goes on without where that file is not there
        or may not be read."""
        path = lock_file(self.path)
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:
            yield
            return
        try:
            _lock(descriptor, path)
            yield
        finally:
            os.close(descriptor)

    def _command(self, server: Server, command: str) -> None:
        answer = ask(self.path, command).strip()
        if answer:
            hint = "; the socket has to be of 'level admin'" if answer.startswith("Permission denied") else ""
            raise ServerError(
                f"{self.path}: haproxy has refused '{command}': {answer}{hint}. {server.label} is {server.state}"
            )

    def await_no_sessions(self, servers: list[Server], timeout: float) -> list[Server]:
        """Wait until the servers have no sessions; returns those that still have some when the time is over."""
        return self._wait(servers, timeout, lambda server: server.sessions > 0)

    def await_up(self, servers: list[Server], timeout: float) -> list[Server]:
        """Wait until the servers' checks pass; returns those that do not pass when the time is over."""
        return self._wait(servers, timeout, lambda server: not server.up)

    def _wait(self, servers: list[Server], timeout: float, unfit: Callable[[Server], bool]) -> list[Server]:
        end = time.monotonic() + timeout
        while True:
            left = [server for server in self.refresh_servers(servers) if unfit(server)]
            if not left or time.monotonic() > end:
                return left
            time.sleep(POLL)


def _lock(descriptor: int, path: str) -> None:
    end = time.monotonic() + RELOAD
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > end:
                raise ServerError(
                    f"{path} has been locked for {RELOAD} s, longer than any reload takes; lslocks shows the process"
                ) from None
            time.sleep(POLL)


@dataclass(frozen=True)
class Outcome:
    """The servers before and after, those for which the waiting has ended in vain, and for which sessions each of them
    was waited for."""

    before: list[Server]
    after: list[Server]
    late: list[Server]
    waiting_for: list[str] = field(default_factory=list)


def predict_outcome(before: list[Server], wanted: Wanted) -> Outcome:
    """Predict the outcome, without waiting."""
    return Outcome(before, [wanted.apply_to(server) for server in before], [])


def change_servers(
    runtime: Runtime, before: list[Server], wanted: Wanted, wait_for: str, timeout: float, go_on: bool
) -> Outcome:
    """Change the servers and wait. Maintenance that waits for the sessions begins with draining. Raises ServerError
    with what is true when it does not come to that."""
    gently = wait_for == "sessions" and wanted.state == "maint"
    if gently:
        ready = [server for server in before if server.state == "ready"]
        runtime.change(ready, Wanted("drain", wanted.weight))
    else:
        runtime.change(before, wanted)
    late: list[Server] = []
    waiting_for: list[str] = []
    if wait_for == "sessions":
        late = runtime.await_no_sessions(before, timeout)
        waiting_for = [
            f"{server.label} has {server.sessions} sessions: {runtime.describe_clients(server)}" for server in late
        ]
        said = [
            f"{server.label} is {server.state} and {text.partition(' ')[2]}" for server, text in zip(late, waiting_for)
        ]
        hint = "give it more time, or let on_timeout be go_on"
    elif wait_for == "up":
        late = runtime.await_up(before, timeout)
        said = [
            f"{server.label} is {server.status}, and its last check said: {server.check or 'nothing'}"
            for server in late
        ]
        hint = "see why the server does not answer its health check"
    if late and not go_on:
        raise ServerError(f"{runtime.path}: after {timeout:g} s {'; '.join(said)}: {hint}")
    if gently:
        runtime.change(runtime.refresh_servers(before), wanted)
    return Outcome(before, runtime.refresh_servers(before), late, waiting_for)
