"""Runs sequences of faults on the lab under clients of every kind, and looks after each step whether what must be true
is true.

The invariants:
- new clients of every VIP are served while a fault is there that leaves a node, after the time in which nodes notice;
- an answer is that of its request, and whole; an unsafe request is executed once at most, and once if it was answered;
- no client loses a request by a fault that costs nobody anything, and clients of other kinds lose none by a fault that
  costs some;
- check_cluster reports a fault that it has to, and nothing when all is well;
- within CONVERGENCE seconds of the heal every VIP has one owner, which alone answers ARP, hosts look as they did before
  all faults, clients are served and no VIP moves any more;
- a second site.yml changes nothing, and with the last client the last old worker of haproxy ends."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import arp
from cluster import container, lab_host, wait_until
from controller import good, playbook, words
from faults import docker
from story import FOOTPRINT, SERVED, Cluster, everywhere

from chaos.clients import Clients, Request, executed_twice
from chaos.sequence import Step, show
from chaos.table import TABLE, Fault, Lab, inject

CONVERGENCE = 90.0
"""Seconds after the heal within which all has to be well. Hosts that boot share two cores with all others."""
NOTICE = 45.0
"""Seconds after a fault within which new clients have to be served."""
CHECK = 10
"""After so many steps check_cluster is asked whether it is silent."""
SITE = 50
"""After so many steps site.yml must change nothing."""
EXECUTED = "/var/lib/application/executed"

LEFT_OVER = {
    "addresses": "ip -oneline address show dev lo | sed 's/.*inet/inet/'",
    "parameters": "cd /proc/sys/net && grep . ipv4/conf/eth0/arp_ignore ipv4/conf/eth0/arp_announce "
    "ipv4/ip_nonlocal_bind ipv6/ip_nonlocal_bind ipv4/ip_forward",
    "tables": "nft --stateless --terse list table ip evenkeel_second_chance",
    "chains": "nft --stateless list ruleset | grep evenkeel_vrrp",
    "configuration": "cd /etc && sha256sum haproxy/* keepalived/* systemd/system/*.service systemd/system/*/*.conf",
    "files": (
        "find /run/haproxy-reload /run/keepalived-* /var/lib/evenkeel* /run/chaos* | sort; find /etc -name "
        "'.evenkeel*' | sort"
    ),
}
"""What a load balancer has beside what every story looks at."""


class ViolationError(Exception):
    """Something that must always be true is not. C(step) is the number of the step after which it was not; 0 for the
    end."""

    def __init__(self, problem: object, step: int = 0, what: str = "the end") -> None:
        super().__init__(f"{what}: {problem}")
        self.step = step


@dataclass
class Ledger:
    """Requests that the web servers have executed, as far as their files were read."""

    seen: dict[str, int] = field(default_factory=dict)
    executed: list[str] = field(default_factory=list)

    def read(self, texts: dict[str, str]) -> None:
        """Take what is new of each web server; a line that is not whole yet is left for later."""
        for host, text in texts.items():
            whole = text[: text.rfind("\n") + 1]
            self.seen[host] = self.seen.get(host, 0) + len(whole)
            self.executed += whole.split()


def lost(requests: Iterable[Request], costs: frozenset[str]) -> list[Request]:
    """The lost requests of clients that should not have lost any."""
    return [request for request in requests if request.lost and request.client.split()[0] not in costs]


def is_served(requests: Iterable[Request], vips: Iterable[str], now: float, seconds: float = SERVED) -> bool:
    """Tell whether new clients of all VIPs have lost nothing for some seconds, and have got something."""
    recent = [
        request
        for request in requests
        if request.client.startswith("new ") and request.moment + request.seconds > now - seconds
    ]
    served = {request.client.split()[1].partition(":")[0] for request in recent if not request.lost}
    return served >= set(vips) and not lost(recent, frozenset())


def summary(requests: Iterable[Request]) -> str:
    """Count lost requests by client and cause."""
    return "; ".join(
        f"{number} of {client}: {why}"
        for (client, why), number in Counter((r.client, r.lost) for r in requests).most_common(8)
    )


class Run:
    """The cluster, and how it looked when all was well."""

    def __init__(self, lab: Lab, content: bytes) -> None:
        self.lab = lab
        self.content = content
        self.kinds: dict[str, Fault] = {fault.name: fault for fault in TABLE}
        self.cluster = Cluster(list(lab.load_balancers), lab.vips, aspects={**FOOTPRINT, **LEFT_OVER})
        self.cards = {
            host: text.strip()
            for host, text in everywhere(list(lab.load_balancers), "cat /sys/class/net/eth0/address").items()
        }
        self.cluster.wait_for_owners(self.cluster.load_balancers)
        everywhere(self.cluster.load_balancers, "systemctl reload haproxy")
        wait_until(
            lambda: all(
                " 0" not in text for text in everywhere(self.cluster.load_balancers, FOOTPRINT["servers"]).values()
            ),
            "servers",
        )
        self.cluster.normal = self.cluster.footprint()
        self.reported: set[str] = set()
        self.ledger = Ledger()

    def play(self, steps: list[Step], say: Callable[[str], None]) -> None:
        """Run the steps, and look whether the end is as it must be. Raises ViolationError, with the place."""
        with Clients(self.lab.vips, self.content) as clients:
            self._wait(
                lambda: is_served(clients.record.since(0), self.lab.vips, time.monotonic()),
                "clients are served",
                NOTICE,
            )
            for number, step in enumerate(steps, start=1):
                began = time.monotonic()
                try:
                    self._step(step, clients)
                    if number % CHECK == 0:
                        self._check_is_silent()
                    if number % SITE == 0:
                        self._site_changes_nothing()
                except AssertionError as problem:
                    raise ViolationError(problem, number, f"step {number} ({show([step])})") from problem
                say(
                    f"step {number} of {len(steps)}: {show([step])}: {time.monotonic() - began:.0f} s, "
                    f"{self._seen(clients, began)}"
                )
        try:
            self._end(clients)
        except AssertionError as problem:
            raise ViolationError(problem) from problem

    def _seen(self, clients: Clients, began: float) -> str:
        requests = clients.record.since(began)
        return f"{len(requests)} requests, lost: {summary(request for request in requests if request.lost) or 'none'}"

    def _step(self, step: Step, clients: Clients) -> None:
        faults = [self.kinds[place.fault] for place in step]
        began, noticed = time.monotonic(), time.time()
        with ExitStack() as stack:
            for place, fault in zip(step, faults):
                stack.enter_context(inject(fault, self.lab, place.host, strict=len(step) == 1))
            there = time.monotonic()
            if all(fault.serves for fault in faults):
                self._wait_served(clients, there, NOTICE)
            (name, *others) = [place.fault for place in step]
            if faults[0].noticed and not others and name not in self.reported:
                self._check_reports(step)
                self.reported.add(name)
        self._converge(clients, noticed)
        self._judge(clients, began, frozenset().union(*(fault.costs for fault in faults)))

    def _wait(self, condition: Callable[[], bool], what: str, seconds: float) -> None:
        wait_until(condition, what, seconds)

    def _wait_served(self, clients: Clients, since: float, seconds: float) -> None:
        try:
            wait_until(
                lambda: (
                    time.monotonic() > since + SERVED
                    and is_served(clients.record.since(since), self.lab.vips, time.monotonic())
                ),
                "new clients of every VIP are served",
                seconds,
            )
        except AssertionError as problem:
            bad = [
                request for request in clients.record.since(since) if request.lost and request.client.startswith("new ")
            ]
            raise AssertionError(f"{problem}; {summary(bad)}; owners: {self.cluster.owners()}") from None

    def _converge(self, clients: Clients, noticed: float) -> None:
        """Wait until all is well and stays so."""
        began = time.monotonic()
        self.cluster.become_well(CONVERGENCE)
        while True:
            before = self.cluster.takeovers(noticed)
            self._wait_served(clients, time.monotonic(), CONVERGENCE)
            if self.cluster.takeovers(noticed) == before:
                break
            assert time.monotonic() < began + CONVERGENCE, f"the VIPs do not stay where they are: {before}"
        self.cluster.become_well(CONVERGENCE)
        owners = {name: found[0] for name, found in self.cluster.owners().items()}
        program = Path(arp.__file__).read_text(encoding="utf-8")
        asked = lab_host(next(iter(self.lab.web_servers))).check_output(
            "python3 -c %s eth0" + " %s" * len(owners), program, *self.lab.vips.values()
        )
        answered = dict(zip(self.lab.vips, asked.split("\n")))
        wanted = {name: self.cards[owner] for name, owner in owners.items()}
        assert answered == wanted, f"ARP is answered by {answered}, and the owners are {owners} with {wanted}"

    def _judge(self, clients: Clients, began: float, costs: frozenset[str]) -> None:
        """Look at what the clients have got and what the web servers have executed."""
        clients.assert_alive()
        assert not clients.record.wrong, f"wrong answers: {clients.record.wrong[:5]}"
        bad = lost(clients.record.since(began), costs)
        assert not bad, f"{len(bad)} requests were lost that none of these faults may cost: {summary(bad)}"
        self._read_ledger()
        twice = executed_twice(self.ledger.executed)
        assert not twice, f"executed more than once: {twice[:5]}"

    def _read_ledger(self) -> None:
        texts = {}
        for host in self.lab.web_servers:
            texts[host] = lab_host(host).run(f"tail --bytes=+{self.ledger.seen.get(host, 0) + 1} {EXECUTED}").stdout
        self.ledger.read(texts)

    def _check_reports(self, step: Step) -> None:
        wait_until(lambda: playbook("check_cluster").returncode != 0, f"check_cluster reports {show([step])}", NOTICE)

    def _check_is_silent(self) -> None:
        done = playbook("check_cluster")
        assert done.returncode == 0, f"check_cluster says of a cluster that is well: {_findings(words(done))}"

    def _site_changes_nothing(self) -> None:
        said = good(playbook("site"))
        changed = re.findall(r"(\S+) +: .*changed=([1-9]\d*)", said)
        tasks = re.findall(r"TASK \[(.*?)\].*?\nchanged: \[(\S+?)\]", said)
        assert not changed, f"a second site.yml has changed something: {changed} {tasks[:5]}"

    def _end(self, clients: Clients) -> None:
        """After the last client: nothing is left of it, and everything is as it was."""
        old = (
            "echo show proc | socat - UNIX-CONNECT:/run/haproxy-master.sock | sed -n '/old "
            "workers/,/programs/{/^[0-9]/p}'"
        )
        hosts = self.cluster.load_balancers
        wait_until(
            lambda: not any(text.strip() for text in everywhere(hosts, old).values()),
            "no old worker of haproxy is left",
            CONVERGENCE,
        )
        self._read_ledger()
        forgotten = clients.record.counted() - set(self.ledger.executed)
        assert not forgotten, f"answered and not executed: {sorted(forgotten)[:5]}"
        self._check_is_silent()
        self._site_changes_nothing()
        self.cluster.become_well(CONVERGENCE)

    def recover(self) -> None:
        """Bring the cluster back after a violation, by all means, so that another sequence can be run."""
        for host in (*self.lab.load_balancers, *self.lab.web_servers):
            docker("restart", container(host))
        wait_until(lambda: playbook("ping_hosts").returncode == 0, "all hosts are up", CONVERGENCE)
        good(playbook("site"))
        self.cluster.become_well(CONVERGENCE)
        self._read_ledger()
        self.ledger.executed.clear()


def _findings(said: str) -> str:
    """The end of what check_cluster has printed."""
    return said[-1500:]
