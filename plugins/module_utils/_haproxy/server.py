# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Servers of a running HAProxy and their requested state."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from fnmatch import fnmatchcase
from typing import Any

MAINT = 0x01 | 0x02 | 0x20
DRAIN = 0x08 | 0x10
"""Bits of srv_admin_state: asked for, inherited from a tracked server, and for maintenance, without an address."""
ASKED = 0x01 | 0x08
CONFIGURED = 0x04
"""Two more: what was asked for at run time, unless the configuration has said C(disabled)."""

WEIGHT = re.compile(r"(\d+)(%?)")
MOST = 256


@dataclass(frozen=True)
class Server:
    """One server at one moment. C(status) and C(check) are in HAProxy's words; C(sessions) are those in every worker,
    and those that wait in the server's own queue. C(taken_out) is whether somebody has said so at run time, and not the
    configuration."""

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
        """Name of the server in HAProxy's commands and the module's options, such as C(web/web1)."""
        return f"{self.backend}/{self.name}"

    @property
    def up(self) -> bool:
        """Return whether HAProxy considers the server available. A status such as C(DRAIN 1/2) needs one more check."""
        return self.status.partition(" (")[0] in ("UP", "DRAIN", "no check")

    @property
    def in_rotation(self) -> bool:
        """Return whether HAProxy selects it for new requests."""
        return self.state == "ready" and self.weight > 0 and self.status.startswith(("UP", "no check"))

    def to_dict(self) -> dict[str, Any]:
        """As the module returns it."""
        shown = asdict(self)
        return {name: shown[name] for name in shown if name not in ("backend", "name")} | {
            "in_rotation": self.in_rotation
        }

    def diff_line(self) -> str:
        """Return the server's line of a diff."""
        return f"{self.label}: {self.state}, weight {self.weight}\n"


@dataclass(frozen=True)
class Wanted:
    """Target state of servers; an empty value keeps theirs. The weight has passed describe_wrong_weight()."""

    state: str = ""
    weight: str = ""

    def apply_to(self, server: Server) -> Server:
        """The server as it shall become."""
        weight = server.weight
        if found := WEIGHT.fullmatch(self.weight):
            number, percent = found.groups()
            weight = min(MOST, server.configured_weight * int(number) // 100) if percent else int(number)
        state = self.state or server.state
        return replace(
            server, state=state, weight=weight, taken_out=state != "ready" or weight == 0 < server.configured_weight
        )

    def list_commands(self, server: Server) -> list[str]:
        """Return the HAProxy commands for the change."""
        target = self.apply_to(server)
        state = [f"set server {server.label} state {target.state}"] if target.state != server.state else []
        return state + ([f"set server {server.label} weight {self.weight}"] if target.weight != server.weight else [])


def describe_wrong_weight(weight: str) -> str:
    """Describe the error in a weight; empty if it is valid."""
    found = WEIGHT.fullmatch(weight)
    if not weight or (found and (found.group(2) or int(found.group(1)) <= MOST)):
        return ""
    return (
        f"weight is '{weight}': a number from 0 to {MOST} is needed, or percents of the configured weight, such as 50%"
    )


def describe_wrong_names(patterns: Iterable[str]) -> str:
    """Describe the errors in server names; empty if all are valid."""
    bad = [pattern for pattern in patterns if not re.fullmatch(r"[^/\s;]+/[^/\s;]+", pattern)]
    return (
        f"servers has '{bad[0]}': backend and server are needed, such as web/web1; * stands for every name"
        if bad
        else ""
    )


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
    """Count the sessions of each server, by its label, in the answer to C(show stat -1 4 -1)."""
    return {f"{row['pxname']}/{row['svname']}": _sessions(row) for row in rows(statistics)}


SESSION = re.compile(r"^\S+: .*?\bsrc=(\S+) fe=(\S+) be=(\S+) srv=(\S+) .*?\bage=(\S+)", re.MULTILINE)
"""A session in the answer to C(show sess): its client, frontend, backend, server, and for how long it exists."""


def parse_clients(sessions: str) -> list[tuple[str, str]]:
    """The server of each session, by its label, and the session in words, in the answer to C(show sess)."""
    return [
        (f"{backend}/{server}", f"{client} through {frontend} for {age}")
        for client, frontend, backend, server, age in SESSION.findall(sessions)
    ]


def rows(statistics: str) -> Iterable[dict[str, str]]:
    """The lines of an answer to C(show stat) by their columns' names."""
    return csv.DictReader(statistics[2:].splitlines()) if statistics.startswith("# pxname,") else ()


def _sessions(row: dict[str, str]) -> int:
    return int(row["scur"] or 0) + int(row["qcur"] or 0)


def match_servers(servers: list[Server], patterns: list[str]) -> list[Server]:
    """The servers that one of the patterns names, in HAProxy's order."""
    return [server for server in servers if any(fnmatchcase(server.label, pattern) for pattern in patterns)]
