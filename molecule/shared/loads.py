"""Loads that clients put on a VIP: one command of a load generator, again and again until the context is left or
LONGEST is over."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import holders
import no_window
from faults import docker

LONGEST = 1800
"""Seconds after which a load ends by itself."""
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Load:
    """One kind of clients.

    The command is one of a shell, where $VIP is the address. It is run by C(hosts) hosts, each of which has an address
    of its own."""

    title: str
    command: str
    hosts: int = 1

    def __str__(self) -> str:
        return self.title


def _h2load(connections: int, streams: int, requests: int) -> str:
    """Return a command that opens its connections at once and sends so many requests over all of them."""
    return f"h2load --clients={connections} --max-concurrent-streams={streams} --requests={requests} https://$VIP/"


def _wrk(connections: int, *options: str) -> str:
    # With the port: the hosts know no services by name.
    return (
        f"wrk --threads=1 --connections={connections} --duration=5s --timeout=10s {' '.join(options)} http://$VIP:80/"
    )


def _slow(kind: str, connections: int) -> str:
    """Return a command that sends a header line, or a piece of a body, every two seconds over each connection."""
    options = f"-{kind} -c {connections} -r {connections // 2} -i 2 -x 24 -s 1000000 -l {LONGEST} -p 3 -v 0"
    return f"slowhttptest {options} -u https://$VIP/"


def _no_window(connections: int) -> str:
    """Return a command that sends 100 requests over each HTTP/2 connection and takes no answer's body."""
    program = shlex.quote(Path(no_window.__file__).read_text(encoding="utf-8"))
    return f"python3 -c {program} $VIP {connections} 20"


def _idle(connections: int, options: str) -> str:
    """Return a command that keeps connections and says nothing over them, or no more than what options ask for."""
    program = shlex.quote(Path(holders.__file__).read_text(encoding="utf-8"))
    # It ends with its input.
    return f"tail -f /dev/null | python3 -c {program} $VIP {connections} {options}"


H2_100 = Load("h2load, 100 connections of 20 streams", _h2load(100, 20, 20_000))
H2_200 = Load("h2load, 200 connections of 30 streams", _h2load(200, 30, 20_000))
HANDSHAKES = Load("1,000 TLS handshakes at a time", _h2load(1_000, 1, 1_000))
KEPT = Load("wrk, 400 kept connections", _wrk(400))
NEW = Load("new connections from three addresses", _wrk(50, "--header 'Connection: close'"), hosts=3)
SLOW_HEADERS = Load("1,000 slow headers", _slow("H", 1_000))
SLOW_BODIES = Load("1,000 slow bodies", _slow("B", 1_000))
IDLE = Load("6,000 idle connections", _idle(6_000, "--port 443"))
NO_WINDOW = Load("100,000 HTTP/2 requests whose answers nobody takes", _no_window(1_000))
RETURN = Load("2,000 clients that come back at once", _h2load(2_000, 1, 2_000))

LOADS = (H2_100, H2_200, HANDSHAKES, KEPT, NEW, SLOW_HEADERS, SLOW_BODIES, IDLE)


def kept_idle(connections: int) -> Load:
    """Return connections that are idle after a request. One address has 28,000 ports."""
    hosts = 3
    return Load(f"{connections:,} kept idle connections", _idle(connections // hosts, "--ask /"), hosts)


@cache
def _image() -> str:
    """Return the image with the load generators, which is built if need be."""
    subprocess.run([ROOT / "tests/tools/image", "bookworm-clients"], check=True, capture_output=True)
    return "evenkeel-lab:bookworm-clients"


def _run(command: str, vip: str, *options: str) -> str:
    lab = os.environ["LAB_NAME"]
    words = [f"--network={lab}", f"--label=evenkeel.lab={lab}", f"--env=VIP={vip}", *options]
    return docker("run", "--rm", *words, _image(), "timeout", str(LONGEST), "sh", "-c", command)


@contextmanager
def loaded(load: Load, vip: str) -> Iterator[None]:
    """Put the load on the address of the lab that LAB_NAME names."""
    command = f"while :; do {load.command}; sleep 0.1; done"
    clients = [_run(command, vip, "--detach") for _host in range(load.hosts)]
    try:
        yield
    finally:
        docker("rm", "--force", *clients)


def succeeded(load: Load, vip: str) -> int:
    """Run the load's command of h2load once to its end; returns the number of requests that succeeded."""
    said = _run(load.command, vip)
    found = re.search(r"(\d+) succeeded", said)
    assert found, said
    return int(found[1])
