"""Commands in a lab host: the words that have to stand before them.

Root enters the namespaces of the host's first process, which costs a tenth of what the engine's own way does; the
engine says which process that is. Everybody else, and whoever uses an engine on another machine, takes the engine's
way.
"""

import json
import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from typing import Any

SOCKET = "/var/run/docker.sock"
# What a login shell of root has; the machine's own settings, of proxies for instance, stay outside.
ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LANG": "C.UTF-8",
}
# Only children are in the host's process namespace. A host that shuts down stops all of its processes first, and
# nsenter would stop with its child for ever, which keeps the host from ending; this shell does not.
OUTSIDE = 'exec 3<&0; "$@" <&3 3<&- & exec 3<&-; wait $!'


class NotRunningError(Exception):
    """The host is off, or there is none of this name."""


class Engine(HTTPConnection):
    """The Docker Engine of this machine."""

    def __init__(self) -> None:
        super().__init__("localhost", timeout=30)

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(SOCKET)


def first_process(container: str) -> int:
    """The process number that the host's systemd has outside."""
    engine = Engine()
    try:
        engine.request("GET", f"/containers/{container}/json")
        said = json.loads(engine.getresponse().read())
    finally:
        engine.close()
    if not said.get("State", {}).get("Running"):
        raise NotRunningError(
            f"lab host {container}: {said.get('message', 'it is off; docker start ' + container + ' starts it')}"
        )
    return said["State"]["Pid"]


def inside(container: str) -> list[str]:
    """The words before a command that is to run in the host, whose standard input is the caller's.

    Raises NotRunningError."""
    if os.geteuid() or os.environ.get("DOCKER_HOST") or not os.path.exists(SOCKET):
        return ["docker", "exec", "--interactive", container]
    environment = [f"{name}={value}" for name, value in ENVIRONMENT.items()]
    enter = ["nsenter", f"--target={first_process(container)}", "--all", "--no-fork", "--wd"]
    return [*enter, "env", "--ignore-environment", *environment, "/bin/sh", "-c", OUTSIDE, "sh"]


@contextmanager
def measuring(container: str, *command: str) -> Iterator[list[Any]]:
    """A program runs in the host while the context lasts. It says "running" once it does, and what it has measured, in
    JSON, when its standard input ends; that is in the list once the context is left."""
    found: list[Any] = []
    argv = [*inside(container), *command]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        assert process.stdout.readline() == "running\n"
        try:
            yield found
        finally:
            process.stdin.close()
            found.append(json.loads(process.stdout.read()))
