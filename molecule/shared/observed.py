"""Observe a cluster by clients and kernels while something happens to it: requests over new connections, and who has
each VIP when.

A request that is answered late counts as answered. A haproxy at its C(maxconn) refuses nobody: a connection waits in
the kernel until another one has ended. So a request that has got no answer at all is excused if haproxy of a holder was
full at every sample from the request's beginning to its end; between the end of some connections and the next ones it
has a few less than it may. A connection that is refused, reset or closed, and any answer but 200, is a failure even
then."""

from __future__ import annotations

import json
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from cluster import container
from inside import inside
from owners import Owners
from prober import Prober, Result
from story import Change, Cluster, everywhere
from traffic import any_certificate

PATIENCE = 30.0
"""Seconds after which a client gives up."""
NO_ANSWER = "no answer in time"
FULL = 0.95
"""The part of its connections with which a frontend is full, while clients end some and wait for others."""
UNITS = ("haproxy", "keepalived", "keepalived-watch", "nginx")
LINES = 80
"""Lines of a timeline at the most, so that a report stays readable."""

QUESTION = r"""
import csv, json, select, socket, sys, time
while not select.select([sys.stdin], [], [], 0.2)[0]:
    began = time.time()
    try:
        with socket.socket(socket.AF_UNIX) as haproxy:
            haproxy.connect("/run/haproxy/admin.sock")
            haproxy.sendall(b"show stat www 1 -1\n")
            text = b"".join(iter(lambda: haproxy.recv(65536), b"")).decode()
    except OSError:
        continue
    for row in csv.DictReader(text.removeprefix("# ").strip().splitlines()):
        print(json.dumps([began, time.time(), int(row["scur"]), int(row["slim"])]), flush=True)
"""
"""Asks haproxy five times a second how many connections the frontend www has and may have; ends with its input."""


@dataclass(frozen=True)
class Sample:
    """Sessions of a frontend at a moment between two, which are seconds since 1970."""

    began: float
    ended: float
    connections: int
    limit: int

    @property
    def full(self) -> bool:
        return self.connections >= FULL * self.limit


class Fullness:
    """Watches how full haproxy of a host is while used as a context; then it knows all samples."""

    def __init__(self, host: str) -> None:
        self.host = host
        self.samples: list[Sample] = []

    def __enter__(self) -> Fullness:
        command = [*inside(container(self.host)), "python3", "-c", QUESTION]
        self._watcher = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        return self

    def __exit__(self, *reason: object) -> None:
        self.samples.extend(Sample(*json.loads(line)) for line in self._watcher.communicate()[0].splitlines())

    def throughout(self, begin: float, end: float) -> bool:
        """Return whether haproxy was full at every sample between two moments; without a sample it was not."""
        found = [sample for sample in self.samples if sample.ended >= begin and sample.began <= end]
        return bool(found) and all(sample.full for sample in found)


@dataclass
class Observation:
    """Observation of a cluster from C(began) on; complete once the context that has made it is left."""

    cluster: Cluster
    began: float
    holders: dict[str, list[str]]
    """Who had the address of each VRRP instance at first."""
    watched: dict[str, Owners]
    fullness: dict[str, Fullness]
    probers: dict[str, Prober]
    """Clients by a word for the timeline, each of an address and a port."""
    marks: list[tuple[float, str]] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    journals: dict[str, str] = field(default_factory=dict)
    ended: float = 0.0

    def mark(self, text: str) -> None:
        """Note something that the story does, for the timeline."""
        self.marks.append((time.time(), text))

    def tenures(self, name: str) -> list[tuple[float, list[str]]]:
        """Return who has held the address of a VRRP instance, each time from a moment on."""
        held = [(self.began, self.holders[name])]
        for move in sorted(self.watched[name].changes):
            others = [host for host in held[-1][1] if host != move.host]
            hosts = [*others, move.host] if move.has else others
            if sorted(hosts) != sorted(held[-1][1]):
                held.append((move.time, hosts))
        return held

    def failures(self) -> list[tuple[str, Result]]:
        """Return the requests that were not answered, less those that only C(maxconn) has kept waiting."""
        clock = time.time() - time.monotonic()

        def excused(result: Result) -> bool:
            span = (clock + result.start, clock + result.start + result.latency)
            return result.error == NO_ANSWER and any(fullness.throughout(*span) for fullness in self.fullness.values())

        return [
            (word, result)
            for word, prober in self.probers.items()
            for result in prober.results
            if not result.ok and not excused(result)
        ]

    def answered(self) -> str:
        """Describe what the clients have got."""
        words = []
        for word, prober in self.probers.items():
            good = [result.latency for result in prober.results if result.ok]
            lost = Counter(result.error for result in prober.results if not result.ok)
            words.append(
                f"{word}: {len(good)} of {len(prober.results)} answered, slowest {max(good, default=0):.1f} s "
                f"{dict(lost)}"
            )
        return "; ".join(words)

    def timeline(self) -> str:
        """Return what has happened, in the order of time: the story's own doing, states, addresses, lost requests,
        journals."""
        clock = time.time() - time.monotonic()
        lines = [*self.marks, *((change.moment, str(change).split(" ", 1)[1]) for change in self.changes)]
        for name in self.holders:
            lines += [
                (moment, f"{name} is held by {' and '.join(hosts) or 'nobody'}") for moment, hosts in self.tenures(name)
            ]
        lost = Counter((int(clock + result.start), word, result.error) for word, result in self.failures())
        lines += [
            (float(second), f"{word}: {number} requests of this second: {error}")
            for (second, word, error), number in lost.items()
        ]
        for host, samples in ((host, fullness.samples) for host, fullness in self.fullness.items()):
            turns = [
                sample
                for before, sample in zip([None, *samples], samples)
                if before is None or before.full != sample.full
            ]
            lines += [
                (sample.ended, f"{host} has {sample.connections} of {sample.limit} connections") for sample in turns
            ]
        for host, journal in self.journals.items():
            lines += [
                (float(moment), f"{host} {text}")
                for moment, _blank, text in (line.partition(" ") for line in journal.splitlines())
                if text
            ]
        lines.sort()
        shown = (
            lines
            if len(lines) <= LINES
            else [*lines[: LINES // 2], (lines[LINES // 2][0], "..."), *lines[-LINES // 2 :]]
        )
        return "\n".join(f"{moment - self.began:8.3f} {text}" for moment, text in shown)

    def assert_served(self) -> None:
        """Fail if a client was refused or got no answer."""
        lost = self.failures()
        assert not lost, f"{len(lost)} requests were lost; {self.answered()}\n{self.timeline()}"

    def assert_unmoved(self) -> None:
        """Fail if any instance has changed its state, or any address has had another number of holders than one, for
        however short."""
        assert not self.changes, f"{len(self.changes)} changes of state; {self.answered()}\n{self.timeline()}"
        for name in self.holders:
            held = [hosts for _moment, hosts in self.tenures(name)]
            assert held == [self.holders[name]], f"{name} was held by {held}; {self.answered()}\n{self.timeline()}"
            assert len(held[0]) == 1, f"{name} was held by {held}"

    def assert_moved_once(self) -> None:
        """Fail unless each address has gone from its holder to another host, and stayed there."""
        for name, (before,) in self.holders.items():
            taken = [change.host for change in self.changes if change.instance == name and change.state == "MASTER"]
            assert len(taken) == 1, f"{name} was taken by {taken}; {self.answered()}\n{self.timeline()}"
            assert taken[0] != before, f"{name} has come back to {before}\n{self.timeline()}"
            held = [hosts for _moment, hosts in self.tenures(name)]
            assert held[-1] == taken, f"{name} was held by {held}\n{self.timeline()}"


@contextmanager
def observed(cluster: Cluster) -> Iterator[Observation]:
    """Watch the cluster. What has happened since the last observation counts too."""
    hosts = cluster.load_balancers
    with ExitStack() as stack:
        seen = Observation(
            cluster,
            cluster.audited_until,
            {},
            {name: stack.enter_context(Owners(hosts, vip)) for name, vip in cluster.vips.items()},
            {host: stack.enter_context(Fullness(host)) for host in hosts},
            {
                f"{name}, port {port}": Prober(
                    vip, port, interval=0.05, timeout=PATIENCE, tls=any_certificate() if port == 443 else None
                )
                for name, vip in cluster.vips.items()
                for port in (80, 443)
            },
        )
        seen.holders.update(cluster.owners())
        with ExitStack() as clients:
            for prober in seen.probers.values():
                clients.enter_context(prober)
            yield seen
        seen.ended = cluster.audited_until = time.time()
        seen.changes.extend(cluster.changes(seen.began))
    since = f"--since @{seen.began:.6f} --until @{seen.ended:.6f}"
    units = " ".join(f"--unit {unit}" for unit in UNITS)
    # Not the access log.
    seen.journals.update(everywhere(hosts, f"journalctl --quiet {units} --output short-unix --priority notice {since}"))
    print(seen.answered())
    print(seen.timeline())
