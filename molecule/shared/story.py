"""A story: a fault while clients ask, and what has to be true of the cluster afterwards, whatever the fault was."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from difflib import ndiff

from cluster import lab_host, wait_until
from prober import Prober, outage

STEADY = 5.0
"""Seconds for which no address may have moved when a story ends."""
SERVED = 3.0
"""Seconds for which no request may have failed when a story ends: longer than silence may last before a node takes
over."""

LOSSLESS = 10.0
"""Seconds after which a request counts as lost where none may be: an answer may be late there."""

SERVERS = (
    "echo show servers state | socat - UNIX-CONNECT:/run/haproxy/admin.sock | awk 'NF > 6 {print $2, $4, ($6 > 0)}'"
)
"""Says what haproxy thinks of its servers: a line for each with backend, server, and 1 if it is up."""

FOOTPRINT = {
    "units": "systemctl is-active haproxy 'keepalived*.service'; systemctl --failed --plain --no-legend",
    "settings": "find /etc/systemd/system /run/systemd/system /run/systemd/transient -type f; ip route",
    "reports": "grep . /run/keepalived-track/* /run/keepalived-watch/*",
    "servers": SERVERS,
    "rules": "iptables-save -t filter | grep ^-A; ip6tables-save -t filter | grep ^-A",
    "processes": "ps -eo stat=,comm= | grep ^T",
}
"""What a load balancer looks like when all is well, apart from the addresses that move; a fault must not leave anything
behind."""


def everywhere(hosts: list[str], command: str) -> dict[str, str]:
    """Run the command on all of the hosts at the same time and return its output. Its exit status does not matter."""
    with ThreadPoolExecutor(len(hosts)) as pool:
        return dict(zip(hosts, pool.map(lambda host: lab_host(host).run(command).stdout, hosts)))


@dataclass(frozen=True)
class Change:
    """A VRRP instance of a host has entered a state."""

    moment: float
    host: str
    instance: str
    state: str

    def __str__(self) -> str:
        return f"{self.moment:.3f} {self.host} ({self.instance}) {self.state}"


@dataclass
class Cluster:
    """Load balancers and the addresses that move between them; C(vips) has them by the names of their VRRP
    instances."""

    load_balancers: list[str]
    vips: dict[str, str]
    normal: dict[str, list[str]] = field(default_factory=dict)
    audited_until: float = 0.0
    aspects: dict[str, str] = field(default_factory=FOOTPRINT.copy)
    """What hosts are compared by, and the commands that tell it."""

    def others(self, *hosts: str) -> list[str]:
        """The load balancers without some."""
        return [name for name in self.load_balancers if name not in hosts]

    def owners(self, hosts: list[str] | None = None) -> dict[str, list[str]]:
        """Find the owners of each address, by instance."""
        found = everywhere(self.load_balancers if hosts is None else hosts, "ip -oneline address show dev eth0")
        return {name: [host for host, text in found.items() if f" {vip}/" in text] for name, vip in self.vips.items()}

    def owner(self) -> str:
        """The one load balancer that has the first address."""
        (found,) = self.owners()[next(iter(self.vips))]
        return found

    def wait_for_owners(self, allowed: list[str], hosts: list[str] | None = None) -> None:
        """Wait until every address has exactly one owner among the hosts that are asked, which is one of the allowed
        ones."""
        wait_until(
            lambda: all(len(found) == 1 and found[0] in allowed for found in self.owners(hosts).values()),
            f"every address on one of {', '.join(allowed)}",
        )

    def wait_for(self, owners: dict[str, str], hosts: list[str] | None = None) -> None:
        """Wait until exactly these hosts have the addresses, among the hosts that are asked."""
        wait_until(lambda: self.owners(hosts) == {name: [owner] for name, owner in owners.items()}, f"owners {owners}")

    def changes(self, since: float) -> list[Change]:
        """Read the changes of state from keepalived's journals, in the order of time."""
        command = f"journalctl --unit keepalived --output short-unix --since @{since:.6f} --grep 'entering .* state'"
        return sorted(
            (
                Change(float(moment), host, instance, state)
                for host, journal in everywhere(self.load_balancers, command).items()
                for moment, instance, state in re.findall(r"(?mi)^([\d.]+) .*\((\S+)\) entering (\w+) state", journal)
            ),
            key=lambda change: change.moment,
        )

    def wait_for_fault(self, host: str, since: float) -> None:
        """Wait until every instance of the host is in state FAULT."""

        def states() -> dict[str, str]:
            return {change.instance: change.state for change in self.changes(since) if change.host == host}

        wait_until(lambda: states() == dict.fromkeys(self.vips, "FAULT"), f"FAULT on {host}")

    def takeovers(self, since: float) -> list[Change]:
        """The changes by which a host has taken an address."""
        return [change for change in self.changes(since) if change.state == "MASTER"]

    def footprint(self) -> dict[str, list[str]]:
        """Describe the state of the load balancers, by host and aspect."""
        command = "; echo ====; ".join(f"({command})" for command in self.aspects.values())
        return {
            f"{aspect} of {host}": part.split("\n")
            for host, text in everywhere(self.load_balancers, command).items()
            for aspect, part in zip(self.aspects, text.split("====\n"))
        }

    def become_well(self, seconds: float = 30) -> None:
        """Wait for so many seconds at most until every address has exactly one owner, and the hosts look as they did
        before all faults."""
        wrong: list[str] = []

        def well() -> bool:
            wrong[:] = [
                f"{name} is held by {found or 'nobody'}" for name, found in self.owners().items() if len(found) != 1
            ]
            for aspect, lines in self.footprint().items():
                wrong.extend(f"{aspect}: {line}" for line in ndiff(self.normal[aspect], lines) if line[0] in "+-")
            return not wrong

        try:
            wait_until(well, "all well", seconds)
        except AssertionError as error:
            raise AssertionError("\n".join([*error.args, *wrong])) from None

    def stay_well(self, probers: list[Prober], began: float) -> None:
        """Wait until clients have been served, and no address has moved, for a while: a fault may show only after a
        time."""

        def steady() -> bool:
            taken, since = self.takeovers(began), time.monotonic()
            pause = max([SERVED, *(change.moment + STEADY - time.time() for change in taken)])
            wait_until(
                lambda: all(prober.good_since(since, pause) for prober in probers),
                f"{pause:.1f} s without a lost request",
            )
            return self.takeovers(began) == taken

        wait_until(steady, "the addresses stay where they are")

    def probers(self, timeout: float) -> list[Prober]:
        """A client for every address; an answer that comes later than the timeout is lost."""
        return [Prober(vip, interval=0.02, timeout=timeout) for vip in self.vips.values()]

    @contextmanager
    def served(self) -> Iterator[None]:
        """Clients ask for every address all the time, and get what they ask for."""
        probers = self.probers(LOSSLESS)
        with ExitStack() as stack:
            for prober in probers:
                stack.enter_context(prober)
            yield
        for name, prober in zip(self.vips, probers):
            lost = Counter(result.error for result in prober.results if not result.ok)
            assert not lost, f"requests through {name} were lost: {dict(lost)}"

    @contextmanager
    def audited(self, moves: float = 2, loser: str = "", lossless: bool = False) -> Iterator[list[Change]]:
        """Tell a story to clients that ask for every address all the time; afterwards the cluster has to be well.

        No address may change hands more often than C(moves), and C(loser) may not take any. A story that is C(lossless)
        costs no request. Gives the takeovers; they are complete once the context is left."""
        began = self.audited_until
        taken: list[Change] = []
        probers = self.probers(LOSSLESS if lossless else 1.0)
        with ExitStack() as stack:
            for prober in probers:
                stack.enter_context(prober)
            wait_until(lambda: all(prober.results for prober in probers), "the first answers")
            yield taken
            self.become_well()
            self.stay_well(probers, began)
            self.become_well()
            self.audited_until = time.time()
        taken.extend(self.takeovers(began))
        story = "\n".join(map(str, self.changes(began)))
        print(story)
        for name, prober in zip(self.vips, probers):
            lost = Counter(result.error for result in prober.results if not result.ok)
            print(
                f"{name}: {lost.total()} of {len(prober.results)} lost, outage {outage(prober.results):.0f} ms "
                f"{dict(lost)}"
            )
            assert not lossless or not lost, f"requests through {name} were lost: {dict(lost)}\n{story}"
            assert sum(change.instance == name for change in taken) <= moves, f"{name} was handed about\n{story}"
        assert loser not in [change.host for change in taken], f"{loser} has taken an address\n{story}"
