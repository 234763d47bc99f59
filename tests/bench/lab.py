"""Hosts with one configuration: made, deployed and removed, with what demo and scenarios use for it."""

import json
import os
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from cluster import container, is_backup, wait_until
from faults import docker
from story import Cluster

from bench.measurement import BenchError, Figures
from bench.settings import KEEP, LAB, NETWORK, OUTPUT, RELEASE, ROOT

LOAD_BALANCERS = ["lb1", "lb2"]
CERTIFICATE = OUTPUT / "certificate.pem"


@dataclass
class Lab:
    """Two load balancers and some web servers. Each lab has a network of its own, so that several may run side by
    side."""

    name: str
    number: int
    playbook: Path
    # The variable that one changed value is, as a path, and the milliseconds that it begins with.
    change: tuple[str, int]
    # A file with variables besides those of inventories/lab.
    variables: Path | None = None
    web_servers: int = 3
    # The load balancer that takes the VIP back as soon as it can, if there is one.
    home: str = ""
    deployed: Figures | None = None
    cluster: Cluster = field(init=False)

    def __post_init__(self) -> None:
        self.cluster = Cluster(LOAD_BALANCERS, {"cluster_vip": self.vip})

    @property
    def prefix(self) -> str:
        return f"{NETWORK}.{self.number}"

    @property
    def vip(self) -> str:
        return f"{self.prefix}.240"

    @property
    def hosts(self) -> list[str]:
        return [*LOAD_BALANCERS, *[f"web{number}" for number in range(1, self.web_servers + 1)]]

    def use(self) -> None:
        """Let inventories/lab and molecule/shared mean this lab."""
        os.environ.update(LAB_NAME=f"{LAB}-{self.name}", LAB_PREFIX=self.prefix, LAB_RELEASE=RELEASE)

    def inputs(self) -> list[str]:
        """Arguments of Ansible: inventories/lab, further web servers, and the lab's variables."""
        found = ["-i", "inventories/lab"]
        if hosts := {
            name: {"cluster_address": f"{self.prefix}.{number}"} for number, name in enumerate(self.hosts[5:], start=24)
        }:
            more = OUTPUT / f"{self.web_servers}_web_servers.json"
            more.write_text(json.dumps({"web_servers": {"hosts": hosts}}), encoding="utf-8")
            found += ["-i", str(more)]
        return [*found, "--extra-vars", f"@{self.variables}"] if self.variables else found

    def play(self, playbook: Path, **variables: object) -> Figures:
        """Run a playbook that has to work; returns seconds, tasks, and how many of them changed a host."""
        self.use()
        extra = json.dumps({"bench_certificate": str(CERTIFICATE), **variables})
        command = ["ansible-playbook", *self.inputs(), str(playbook), "--extra-vars", extra]
        began = time.monotonic()
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        seconds = round(time.monotonic() - began, 2)
        if done.returncode:
            log = OUTPUT / f"{self.name}.failed.log"
            log.write_text(done.stdout + done.stderr, encoding="utf-8")
            raise BenchError(f"{playbook.name} failed, see {log.relative_to(ROOT)}")
        changed = sum(map(int, re.findall(r"\bchanged=(\d+)", done.stdout)))
        return {"seconds": seconds, "tasks": len(re.findall(r"(?m)^TASK \[", done.stdout)), "changed": changed}

    def create(self) -> None:
        """Have bare hosts."""
        self.remove()
        self.play(ROOT / "tests/lab/create.yml")

    def deploy(self, **variables: object) -> Figures:
        """Run the lab's playbook; what was deployed before is not known afterwards."""
        self.deployed = None
        return self.play(self.playbook, **variables)

    def deploy_change(self) -> Figures:
        """Deploy one value that is another than before: a time that is longer by some milliseconds."""
        path, milliseconds = self.change
        value: object = f"{milliseconds + int(time.time()) % 1000}ms"
        for name in reversed(path.split(".")):
            value = {name: value}
        return self.play(self.playbook, **(self.deployed or {}), **value)

    def be_ready(self, **variables: object) -> None:
        """Have the lab deployed with these variables."""
        if self.deployed == variables:
            return
        if self.deployed is None:
            self.create()
        self.deploy(**variables)
        self.deployed = variables
        self.cluster.normal = self.settled()

    def settled(self) -> dict[str, list[str]]:
        """State of the load balancers when haproxy knows that all servers are healthy."""
        found: dict[str, list[str]] = {}

        def well() -> bool:
            found.update(self.cluster.footprint())
            return all(line.endswith(" 1") for host in LOAD_BALANCERS for line in found[f"servers of {host}"] if line)

        wait_until(well, "all servers up")
        return found

    def become_well(self) -> str:
        """Wait until one node has the VIP and the other can take it; returns the holder."""
        self.use()
        self.cluster.wait_for_owners([self.home] if self.home else LOAD_BALANCERS)
        self.cluster.become_well()
        holder = self.cluster.owner()
        (standby,) = self.cluster.others(holder)
        wait_until(lambda: is_backup(standby), f"{standby} is backup")
        return holder

    def restart(self) -> None:
        """Switch all hosts off and on, which ends whatever goes on there."""
        self.use()
        docker("restart", "--time=0", *map(container, self.hosts))

    def remove(self) -> None:
        label = f"label=evenkeel.lab={LAB}-{self.name}"
        if found := docker("ps", "--all", "--quiet", "--filter", label).split():
            docker("rm", "--force", "--volumes", *found)
        if found := docker("network", "ls", "--quiet", "--filter", label).split():
            docker("network", "rm", *found)
        self.deployed = None


@contextmanager
def removed(labs: list[Lab]) -> Iterator[None]:
    """No hosts are there at first, nor afterwards, so that those of one part do not disturb another."""
    for lab in labs:
        lab.remove()
    try:
        yield
    finally:
        for lab in [] if KEEP else labs:
            lab.remove()
