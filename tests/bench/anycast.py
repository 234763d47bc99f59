"""Part (f): an address that one, two or three load balancers announce, beside a VIP of the same ones. Clients are
behind a router."""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path

from cluster import between, container, lab_host, stopped, wait_until
from faults import docker, powered_off
from inside import measuring
from prober import Result, outage

from bench import settings
from bench.failover import noise
from bench.lab import Lab
from bench.machine import NOISY_MS
from bench.measurement import Figures, Measurement
from bench.settings import OUTPUT, ROOT
from bench.sides import CHANGE, SITE
from bench.throughput import MODES, Mode, load_generator

NODES = ["lb1", "lb2", "lb3"]
FOLDER = ROOT / "molecule/anycast"
ADDRESS = "198.51.100.80"
LASTS = 6.0
"""So many seconds a fault lasts, and the last two have to be without a loss."""
QUIET = 1.0
STANDBY = "/run/keepalived-track/standby_{}"
PLAIN = MODES[:2]
"""HTTP over kept and over new connections."""


class RoutedLab(Lab):
    """The hosts of the scenario anycast."""

    @property
    def hosts(self) -> list[str]:
        return [*NODES, "web1", "web2", "router", "client", "solo"]

    @property
    def vip(self) -> str:
        return f"{self.prefix}.81"

    def use(self) -> None:
        super().use()
        # Where the inventory keeps the password of the sessions.
        os.environ["MOLECULE_EPHEMERAL_DIRECTORY"] = str(OUTPUT)

    def inputs(self) -> list[str]:
        return ["-i", str(FOLDER / "inventory")]

    def play(self, playbook: Path, **variables: object) -> Figures:
        return super().play(playbook, lab_bfd={"interval": "300ms", "multiplier": 3}, **variables)

    def create(self) -> None:
        for image in ("bookworm-anycast", "trixie-anycast"):
            subprocess.run([ROOT / "tests/tools/image", image], check=True)
        super().create()
        self.play(FOLDER / "prepare.yml")

    def be_ready(self, **variables: object) -> None:
        if self.deployed is None:
            self.create()
            self.deploy()
            self.deployed = {}
        self.use()

    def announce(self, names: list[str]) -> None:
        """Have exactly these nodes get connections to the address, and the first one the VIP, as clients behind the
        router reach it."""
        lab_host("client").check_output("ip route replace %s via %s", f"{self.vip}/32", f"{self.prefix}.130")
        for name in NODES:
            lab_host(name).check_output("echo %s >%s", str(int(name not in names)), STANDBY.format("cluster_anycast"))
        wait_until(lambda: self.used() == names, f"routes to {', '.join(names)}", 120)
        wait_until(lambda: self.has_vip(NODES[0]), f"{NODES[0]} has the VIP", 120)

    def used(self) -> list[str]:
        table = lab_host("router").check_output("ip -4 route show %s", f"{ADDRESS}/32")
        return [name for name in NODES if f" {self.prefix}.1{name[-1]} " in table]

    def has_vip(self, name: str) -> bool:
        return f" {self.vip}/" in lab_host(name).check_output("ip -oneline address | grep --invert-match ': lo '")


LAB = RoutedLab("anycast", 4, SITE, CHANGE)
LABS = [LAB]
SIDES = [("vip", 3), ("anycast", 1), ("anycast", 2), ("anycast", 3)]
"""What clients ask, and how many nodes take part. One node of several has a VIP."""


def drained(name: str, side: str) -> AbstractContextManager[None]:
    """The node is drained, which moves a VIP."""
    file = STANDBY.format("cluster_vip" if side == "vip" else "cluster_anycast")
    return between(name, f"echo 1 >{file}", f"echo 0 >{file}")


FAULTS = {
    "node drained": drained,
    "haproxy stopped": lambda name, _side: stopped(name, "haproxy"),
    "host dead": lambda name, _side: powered_off(name),
}


def url(side: str) -> str:
    return f"http://{LAB.vip if side == 'vip' else ADDRESS}/"


@contextmanager
def probing(address: str) -> Iterator[list[Result]]:
    """New connections of the client, which are complete once the context is left."""
    found: list[Result] = []
    with measuring(container("client"), "python3", "/usr/local/bin/client.py", "probe", address) as said:
        yield found
    found += [Result(start, seconds, ok, "", "") for start, seconds, ok in said[0]]


def measure_fault(side: str, nodes: int, fault: str) -> Figures:
    LAB.be_ready()
    LAB.announce(NODES[:nodes])
    with probing(url(side)) as results:
        time.sleep(QUIET)
        began = time.time()
        with FAULTS[fault](NODES[0], side):
            time.sleep(LASTS)
            ended = time.time()
    seen = [result for result in results if began - 0.1 <= result.start < ended]
    late = noise([result for result in results if result.start < began - 0.1], 0.01)
    return {
        "outage_ms": round(outage(seen), 1),
        "lost": sum(not result.ok for result in seen),
        "requests": len(seen),
        "over": all(result.ok for result in seen if result.start > ended - 2),
        "noise_ms": round(late, 1),
        "noisy": late > NOISY_MS,
    }


def measure_throughput(side: str, nodes: int, mode: Mode) -> Figures:
    LAB.be_ready()
    LAB.announce(NODES[:nodes])
    words = [f"--network=container:{container('client')}", f"--env=HOST={LAB.vip if side == 'vip' else ADDRESS}"]
    return mode.parse(docker("run", "--rm", *words, load_generator(), "sh", "-c", f"{{ {mode.command}; }} 2>&1"))


def plan() -> list[Measurement]:
    found = []
    for number in range(1, settings.ROUNDS + 1):
        for side, nodes in SIDES:
            key = {"round": number, "side": side, "nodes": nodes}
            found += [
                Measurement({**key, "mode": mode.title}, partial(measure_throughput, side, nodes, mode))
                for mode in PLAIN
            ]
            found += [
                Measurement({**key, "fault": fault}, partial(measure_fault, side, nodes, fault))
                for fault in FAULTS
                if nodes > 1 and settings.FAULT in fault
            ]
    return found
