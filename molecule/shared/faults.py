"""Faults that end: each is there while its context is entered, or its function runs, and is gone afterwards."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import busy
import forged
import rogue
from cluster import between, container, lab_host

Fault = AbstractContextManager[None]


def docker(*words: str) -> str:
    return subprocess.run(["docker", *words], check=True, capture_output=True, text=True).stdout.strip()


def frozen(host: str, processes: str) -> Fault:
    """Processes, as pkill names them, exist and do nothing."""
    return between(host, f"pkill --signal=STOP {processes}", f"pkill --signal=CONT {processes}")


@contextmanager
def powered_off(*hosts: str) -> Iterator[None]:
    """The hosts lose their power at the same time; afterwards they boot."""
    docker("kill", *map(container, hosts))
    try:
        yield
    finally:
        docker("start", *map(container, hosts))


@contextmanager
def paused(host: str) -> Iterator[None]:
    """The whole host stalls, as virtual machines do."""
    docker("pause", container(host))
    try:
        yield
    finally:
        docker("unpause", container(host))


def link_down(host: str, interface: str = "eth0") -> Fault:
    """The host sees that its network is gone; the kernel drops routes with it, which the network's configuration brings
    back."""
    routes = lab_host(host).check_output("ip route show default")
    link = f"ip link set {interface}"
    return between(host, f"{link} down", f"{link} up && ip route replace {routes}")


def on_machine(host: str, command: str) -> None:
    """Change the network of the machine itself, where all hosts are plugged in; the host's image has the programs."""
    image = docker("inspect", "--format", "{{.Image}}", container(host))
    docker("run", "--rm", "--network=host", "--cap-add=NET_ADMIN", image, "sh", "-c", command)


@contextmanager
def unplugged(host: str) -> Iterator[None]:
    """Nothing goes to the host or comes from it, and its own link stays up: a switch's port is dead."""
    port = lab_host(host).check_output("cat /sys/class/net/eth0/iflink")
    network = docker("inspect", "--format", "{{range .NetworkSettings.Networks}}{{.NetworkID}}{{end}}", container(host))
    switch = f"dev=$(ip -oneline link | sed -n 's/^{port}: \\([^@:]*\\).*/\\1/p') && ip link set $dev"
    on_machine(host, f"{switch} nomaster")
    try:
        yield
    finally:
        on_machine(host, f"{switch} master br-{network[:12]}")


def filtered(host: str, rule: str, program: str = "iptables") -> Fault:
    """A rule of iptables stands before all others; it begins with the name of its chain."""
    chain, words = rule.split(" ", 1)
    return between(host, f"{program} --wait --insert {chain} 1 {words}", f"{program} --wait --delete {chain} {words}")


@contextmanager
def running(host: str, name: str, command: str) -> Iterator[None]:
    """A program of somebody else runs on the host, with all its processes."""
    lab_host(host).check_output(f"systemd-run --quiet --unit={name} {command}")
    try:
        yield
    finally:
        lab_host(host).run(f"systemctl stop {name}; systemctl reset-failed {name}")


def drop_in(host: str, unit: str, *lines: str) -> Fault:
    """Lines in a unit's [Service] section, which come after all others."""
    folder = f"/run/systemd/system/{unit}.service.d"
    text = "\\n".join(["[Service]", *lines])
    again = "systemctl daemon-reload"
    return between(
        host,
        f"mkdir -p {folder} && printf '{text}\\n' > {folder}/zz-fault.conf && {again}",
        f"rm -r {folder} && {again}",
    )


@contextmanager
def killed(host: str, unit: str) -> Iterator[None]:
    """All processes of a service have been killed, and systemd does not start it again."""
    with drop_in(host, unit, "Restart=no"):
        lab_host(host).check_output(f"systemctl kill --signal=KILL {unit}")
        try:
            yield
        finally:
            lab_host(host).check_output(f"systemctl reset-failed {unit}; systemctl start {unit}")


@contextmanager
def saturated(host: str, niceness: int = 0, loops: int = 1) -> Iterator[None]:
    """Run so many busy loops on the host for each of its cores, for 20 minutes at most."""
    load = f"for _ in $(seq $(({loops} * $(nproc)))); do timeout 1200 sh -c 'while :; do :; done' & done; wait"
    with running(host, "load", f"--nice={niceness} /bin/sh -c {shlex.quote(load)}"):
        yield


@contextmanager
def starved(host: str, processes: str) -> Iterator[None]:
    """Processes, as pgrep names them, hardly ever get a processor: they have one alone, after others that want all of
    it."""
    each = f"for pid in $(pgrep {processes}); do %s $pid; done"
    load = "for _ in 1 2 3 4; do timeout 600 taskset 1 sh -c 'while :; do :; done' & done; wait"
    narrow = (each % "taskset --all-tasks --pid 1") + "; " + (each % "chrt --all-tasks --idle --pid 0")
    widen = (each % "chrt --all-tasks --other --pid 0") + "; " + (each % "taskset --all-tasks --pid ffffffff")
    with between(host, narrow, widen), running(host, "load", f"/bin/sh -c {shlex.quote(load)}"):
        yield


@contextmanager
def busy_clients(address: str, connections: int) -> Iterator[None]:
    """So many clients keep their connections to the address and use them."""
    command = [sys.executable, busy.__file__, address, str(connections)]
    with subprocess.Popen(command, stdin=subprocess.PIPE):
        yield


def claim(
    host: str,
    vrids: Iterable[str],
    addresses: Iterable[str],
    receivers: Iterable[str],
    *forged: str,
    seconds: float = 2,
) -> None:
    """Say from the host for some time that it owns the addresses of these VRRP routers, with the highest priority.

    What is C(forged) is the source of the packets and how many hops they have left."""
    program = Path(rogue.__file__).read_text(encoding="utf-8")
    arguments = [str(seconds), *map(" ".join, (vrids, addresses, receivers)), *forged]
    lab_host(host).check_output("python3 -c %s" + " %s" * len(arguments), program, *arguments)


def forge_heartbeats(host: str, source: str, receiver: str, count: int = 100) -> None:
    """Send from the host heartbeats in the name of a load balancer."""
    lab_host(host).check_output(
        "python3 -c %s %s %s %s", Path(forged.__file__).read_text(encoding="utf-8"), str(count), source, receiver
    )
