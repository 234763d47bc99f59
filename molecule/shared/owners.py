"""Find the owners of the virtual address over time, to the microsecond, from the kernels of the load balancers."""

import re
import subprocess
from collections.abc import Iterable
from datetime import datetime, timezone
from typing import NamedTuple

from cluster import container
from inside import inside

WATCH = "ip -tshort -oneline monitor address dev eth0 & cat; kill $!"
"""Ends when its input does."""


class Change(NamedTuple):
    """From this moment (seconds since 1970) on the host has the address, or not."""

    time: float
    host: str
    has: bool


def changes(host: str, said: str, address: str) -> list[Change]:
    """Parse the changes of the address from "ip monitor" of a host."""
    found = re.findall(rf"(?m)^\[(\S+)\] (Deleted )?.* {re.escape(address)}/", said)
    return [
        Change(datetime.fromisoformat(moment).replace(tzinfo=timezone.utc).timestamp(), host, not gone)
        for moment, gone in found
    ]


def two_owners(holder: str, told: Iterable[Change], begin: float, end: float) -> float:
    """Sum up the seconds between the moments in which several hosts had the address, which the holder had at first."""
    owners, since, total = {holder}, 0.0, 0.0
    for change in [*sorted(told), Change(end, "", False)]:
        if len(owners) > 1:
            total += max(0.0, min(change.time, end) - max(since, begin))
        (owners.add if change.has else owners.discard)(change.host)
        since = change.time
    return total


class Owners:
    """Watches the hosts while used as a context; then it knows all changes."""

    def __init__(self, hosts: list[str], address: str) -> None:
        self.hosts = hosts
        self.address = address
        self.changes: list[Change] = []

    def __enter__(self) -> "Owners":
        self._watchers = {
            host: subprocess.Popen(
                [*inside(container(host)), "env", "TZ=UTC", "sh", "-c", WATCH],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for host in self.hosts
        }
        return self

    def __exit__(self, *reason: object) -> None:
        for host, watcher in self._watchers.items():
            self.changes.extend(changes(host, watcher.communicate()[0], self.address))
