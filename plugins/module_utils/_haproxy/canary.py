# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Watch a server with a new release by HAProxy's own counters, beside the other servers of its backends."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from .cli import ask
from .runtime import Runtime, ServerError
from .server import Server, Wanted, rows

POLL = 0.5
"""Seconds between two looks at the counters."""

LEAST_ERRORS = 3
"""Errors from which on a server can be worse than the others: a single one is no proof."""

ANSWERS = ("hrsp_1xx", "hrsp_2xx", "hrsp_3xx", "hrsp_4xx", "hrsp_5xx", "hrsp_other")


@dataclass(frozen=True)
class Counts:
    """Requests of clients, and how many of them ended in an error of the server."""

    requests: int = 0
    errors: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.requests + other.requests, self.errors + other.errors)

    @property
    def share(self) -> float:
        """Errors in percent of the requests."""
        return 100 * self.errors / self.requests if self.requests else 0.0

    def describe(self) -> str:
        """As a message has it."""
        return f"{self.errors} of {self.requests} requests ({self.share:.1f} %)"


def parse_counts(statistics: str) -> dict[str, Counts]:
    """The counts of each server, by its label, since the start of the worker that answers C(show stat -1 4 -1).

    An error is an answer with a status of 5xx, none at all, or a connection that was not possible. Without HTTP, a
    session is a request."""
    found = {}
    for row in rows(statistics):
        failed = _number(row, "econ") + _number(row, "eresp")
        answers = sum(_number(row, word) for word in ANSWERS)
        served = answers + failed if row.get("mode") == "http" else max(_number(row, "stot"), failed)
        found[f"{row['pxname']}/{row['svname']}"] = Counts(served, failed + _number(row, "hrsp_5xx"))
    return found


def _number(row: Mapping[str, str], word: str) -> int:
    return int(row.get(word) or 0)


class Tally:
    """The counts since the first look, of the watched servers and of the others in their backends.

    A reload of HAProxy begins at 0 again, which is no reason to forget what was counted before."""

    def __init__(self, servers: list[Server]) -> None:
        self.labels = {server.label for server in servers}
        self.backends = {server.backend for server in servers}
        self.last: dict[str, Counts] | None = None
        self.mine, self.others = Counts(), Counts()

    def add(self, counts: Mapping[str, Counts]) -> None:
        """Add what has come since the last look."""
        last = counts if self.last is None else self.last
        for label, count in counts.items():
            before = last.get(label, Counts())
            if count.requests < before.requests:
                before = Counts()
            new = Counts(count.requests - before.requests, max(0, count.errors - before.errors))
            if label in self.labels:
                self.mine += new
            elif label.partition("/")[0] in self.backends:
                self.others += new
        self.last = dict(counts)

    def find_reason(self, allowed: float, least: int) -> str:
        """Why the servers are worse than the others; empty if they are not, or if too few requests came to tell.

        C(allowed) is by how many percent of the requests they may fail more often."""
        mine = self.mine
        if mine.requests < least or mine.errors < LEAST_ERRORS or mine.share <= self.others.share + allowed:
            return ""
        return f"{mine.describe()} failed, and {self.others.describe()} of the other servers"


def find_down(servers: list[Server]) -> str:
    """Why a server gets no requests; empty if all of them do."""
    down = [server for server in servers if not server.up]
    return "; ".join(f"{server.label} is {server.status}, {server.check or 'without a check'}" for server in down)


def require_weight(servers: list[Server], weight: str) -> None:
    """Raises ServerError if a weight leaves a server without requests."""
    for server in servers:
        if weight and not Wanted(weight=weight).apply_to(server).weight:
            raise ServerError(
                f"a weight of {weight} is 0 for {server.label}, whose weight in the configuration is "
                f"{server.configured_weight}: nobody would ask it. Give the servers a weight of 100, such as by "
                "haproxy_server_defaults, or leave the weight out"
            )


def watch(
    runtime: Runtime, servers: list[Server], weight: str, seconds: float, allowed: float, least: int
) -> tuple[str, Tally]:
    """Let clients use the servers with this weight and watch them; at the end, the weight is that of the configuration.

    Returns why they are worse than the others, and what was counted. Such servers are drained at once."""
    require_weight(servers, weight)
    tally = Tally(servers)
    reason = ""
    try:
        servers = runtime.change(servers, Wanted(weight=weight))
        servers = runtime.change(servers, Wanted("ready"))
        end = time.monotonic() + seconds
        while not reason:
            tally.add(parse_counts(ask(runtime.path, "show stat -1 4 -1")))
            servers = runtime.refresh_servers(servers)
            reason = find_down(servers) or tally.find_reason(allowed, least)
            if time.monotonic() > end:
                break
            time.sleep(POLL)
    finally:
        servers = runtime.refresh_servers(servers)
        if reason:
            servers = runtime.change(servers, Wanted("drain"))
        if weight:
            runtime.change(servers, Wanted(weight="100%"))
    return reason, tally
