"""Tools that the stories of a cluster share: its hosts, its addresses, what a client gets, and what is on the wire."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from email.message import Message

from inside import NotRunningError, inside
from testinfra.backend.base import BaseBackend, CommandResult
from testinfra.host import Host


def container(name: str) -> str:
    """The container that is the host."""
    return f"{os.environ['LAB_NAME']}-{name}"


class Inside(BaseBackend):
    """Runs testinfra's commands in a host of the lab."""

    NAME = "lab"

    def run(self, command: str, *args: str, **_options: object) -> CommandResult:
        line = self.get_command(command, *args)
        try:
            return self.run_local(shlex.join([*inside(self.hostname), "/bin/sh", "-c", line]))
        except NotRunningError as problem:
            return self.result(1, self.encode(line), b"", self.encode(str(problem)))


def lab_host(name: str) -> Host:
    """One host of the scenario's lab, by its inventory name."""
    return Host(Inside(container(name)))


def wait_until(condition: Callable[[], object], what: str, seconds: float = 30) -> None:
    """Poll a condition of the cluster; fails when the time is over."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"waited {seconds} s in vain: {what}"
        time.sleep(0.1)


def holders(names: list[str], address: str) -> list[str]:
    """Those of the hosts that have the address on an interface to others."""
    return [
        name
        for name in names
        if f" {address}/" in lab_host(name).check_output("ip -oneline address | grep --invert-match ': lo '")
    ]


def takeovers(name: str) -> int:
    """Count how often the host has taken the addresses of a VRRP instance."""
    return lab_host(name).check_output("journalctl --unit keepalived --output cat").count("Entering MASTER STATE")


def is_backup(name: str) -> bool:
    """Return whether the host is healthy and waits."""
    last = "journalctl --unit keepalived --output cat --grep 'Entering .* STATE' | tail -n 1"
    return "BACKUP" in lab_host(name).check_output(last)


def booted(names: Iterable[str]) -> dict[str, str]:
    """Read the start time of each host from systemd."""
    return {name: lab_host(name).check_output("systemctl show --value --property=UserspaceTimestamp") for name in names}


def sees_all_servers(name: str) -> bool:
    """Return whether the load balancer has every server in rotation."""
    status = "echo 'show stat -1 4 -1' | socat - /run/haproxy/admin.sock | cut -d, -f18"
    return set(lab_host(name).check_output(status).split()) == {"status", "UP"}


def haproxy_info(host: Host) -> dict[str, str]:
    """Read C(show info) of the worker that answers."""
    # A busy one may answer late.
    said = host.check_output("echo show info | socat -t 30 - /run/haproxy/admin.sock")
    return {name: value for name, _colon, value in (line.partition(": ") for line in said.splitlines())}


@dataclass(frozen=True)
class Answer:
    """Answer of an HTTP server."""

    status: int
    headers: Message
    text: str


def ask(url: str, **headers: str) -> Answer:
    """Ask from the machine that runs the lab, over a connection of its own; others may use it too."""
    request = urllib.request.Request(url, headers={name.replace("_", "-"): value for name, value in headers.items()})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return Answer(answer.status, answer.headers, answer.read().decode())
    except urllib.error.HTTPError as error:
        return Answer(error.code, error.headers, error.read().decode())


@contextmanager
def between(name: str, begin: str, end: str) -> Iterator[None]:
    """A command of the host, and another one afterwards, whatever happens."""
    lab_host(name).check_output(begin)
    try:
        yield
    finally:
        lab_host(name).check_output(end)


def stopped(name: str, unit: str) -> AbstractContextManager[None]:
    """The service of the host does not run, and runs again afterwards."""
    return between(name, f"systemctl stop {unit}", f"systemctl start {unit}")


@contextmanager
def capture(name: str, interface: str, packets: str) -> Iterator[list[str]]:
    """Lines of tcpdump on an interface of the host; they are complete once the context is left.

    The filter for packets is as tcpdump wants it."""
    tcpdump = f"echo $$; exec tcpdump -nn -l --immediate-mode -i {interface} {packets}"
    command = [*inside(container(name)), "sh", "-c", tcpdump]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout
    assert process.stderr
    pid = process.stdout.readline().strip()
    while "listening on" not in (line := process.stderr.readline()):
        assert line, f"tcpdump on {name} has ended"
    lines: list[str] = []
    reader = threading.Thread(target=lambda: lines.extend(line.rstrip() for line in process.stdout if line.strip()))
    reader.start()
    try:
        yield lines
    finally:
        lab_host(name).run(f"kill {pid}")
        reader.join()
        process.wait()


def adverts(lines: list[str]) -> set[tuple[str, str]]:
    """Sender and receiver of the VRRP adverts among captured packets."""
    return {found.groups() for line in lines if (found := re.search(r"(\S+) > (\S+): VRRP", line))}
