"""Have haproxy take its configuration, and keep what was done to its servers at run time.

usage: reload.py PID SOCKET MASTER DIRECTORY CONFIGURATION

PID is the master process. What SOCKET says of the servers is saved in DIRECTORY/server-state, which the next worker
reads; MASTER tells when that serves. What is said to SOCKET meanwhile is said to the worker that is about to be
replaced, so DIRECTORY/lock is locked until then: the module haproxy_server waits for it. Only root may write to
DIRECTORY.

Only servers that were drained, put into maintenance or back, given another weight, or whose checks were switched off
are saved; a server about which nobody has said anything begins as the configuration says. haproxy itself prefers the
configuration where that has changed what somebody had said. But it would take the port, TLS and the checks' addresses
from FILE: those are left out, and the port is the one in CONFIGURATION, the file that is loaded next. If SOCKET does
not answer, FILE says nothing, for what it said before is out of date."""

from __future__ import annotations

import fcntl
import os
import re
import signal
import socket
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path

POLL = 0.05
"""Seconds between two questions to the master process."""

NOTHING = "1\n"
"""The version of the file's format."""

ADMIN, WEIGHT, CONFIGURED_WEIGHT, CHECK, AGENT, PORT = 6, 7, 8, 13, 14, 18
FIELDS = 20
"""Columns of a line, and how many of them haproxy needs; all that follow are optional."""

LONGEST = 64 * 1024 * 1024
"""Bytes of an answer. A worker that somebody has taken over must not fill the host's memory."""

ASKED_FOR = 0x01 | 0x04 | 0x08
"""Maintenance, maintenance in the configuration (which may have been ended), and draining; what is inherited from
others is not saved."""

CONFIGURED, ENABLED = 0x02, 0x04


def switched_off(check: str) -> bool:
    """Return whether the server has such a check and it was disabled."""
    return int(check) & (CONFIGURED | ENABLED) == CONFIGURED


def is_changed_at_runtime(words: list[str]) -> bool:
    """Tell whether the server of this line was changed through the socket."""
    return bool(
        int(words[ADMIN]) & ASKED_FOR
        or words[WEIGHT] != words[CONFIGURED_WEIGHT]
        or switched_off(words[CHECK])
        or switched_off(words[AGENT])
    )


def ports(configuration: str) -> dict[tuple[str, str], str]:
    """The port of every server by backend and name; 0 where the client's port is used. Sections begin at the margin."""
    found = {}
    section = ""
    for line in configuration.splitlines():
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if not line[0].isspace():
            section = words[1] if words[0] in ("backend", "listen") and len(words) > 1 else ""
        elif section and words[0] == "server" and len(words) > 2:
            port = re.search(r":[+]?(\d+)$", words[2])
            if port or not re.search(r":-\d+$", words[2]):
                found[section, words[1]] = port.group(1) if port else "0"
    return found


def select_states(states: str, configuration: str) -> str:
    """Return the lines of the server states to restore after the reload, as the text of the state file."""
    now = ports(configuration)
    text = NOTHING
    for line in states.splitlines()[1:]:
        words = line.split()
        if len(words) < FIELDS or words[0].startswith("#") or not is_changed_at_runtime(words):
            continue
        words[PORT] = now.get((words[1], words[3]), words[PORT])
        text += " ".join(words[:FIELDS]) + "\n"
    return text


def ask(path: str, command: str) -> str:
    """Return haproxy's answer. Raises OSError, also for an answer that does not end."""
    with socket.socket(socket.AF_UNIX) as cli:
        cli.settimeout(5)
        cli.connect(path)
        cli.sendall(f"{command}\n".encode())
        # The master would wait for the next command.
        cli.shutdown(socket.SHUT_WR)
        answer = bytearray()
        while piece := cli.recv(65536):
            answer += piece
            if len(answer) > LONGEST:
                raise OSError(f"the answer to '{command}' has more than {LONGEST} bytes")
    return answer.decode()


def write(file: Path, text: str) -> None:
    """Replace the file."""
    new = file.with_name(f"{file.name}.new")
    new.write_text(text, encoding="utf-8")
    os.replace(new, file)


def save(path: str, file: Path, configuration: Path) -> None:
    """Write down what was done to the servers, or at least not what was done before."""
    try:
        text = select_states(
            ask(path, "show servers state"), configuration.read_text(encoding="utf-8", errors="replace")
        )
    except (OSError, ValueError) as error:
        print(
            f"{path}: the state of the servers is not saved, so the configuration's is taken: {error}", file=sys.stderr
        )
        text = NOTHING
    try:
        write(file, text)
    except OSError as error:
        print(
            f"{file}: the state of the servers is not saved, so the configuration's is taken: {error}", file=sys.stderr
        )
        with suppress(OSError):
            file.unlink(missing_ok=True)


@contextmanager
def hold_lock(path: str):
    """Hold the lock, so that nobody changes the worker meanwhile. Whoever may write to the socket may read the
    file, and lock it."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CREAT, 0o600)
    except OSError as error:
        print(f"{path}: {error.strerror}; changes of servers during this reload can be lost", file=sys.stderr)
        yield
        return
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"{path}: waiting for another process that changes servers; lslocks shows which", file=sys.stderr)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def workers(master: str) -> tuple[set[str], int, bool]:
    """The processes that serve, without those that a reload has replaced, the number of reloads, and whether the last
    one has failed. haproxy 3.2 does not count failed reloads in a row, and then says of no process that it serves."""
    now, _heading, _replaced = ask(master, "show proc").partition("# old workers")
    found = re.search(r"\bmaster\s+(\d+)\s+\[failed: (\d+)\]", now)
    reloads, failed = map(int, found.groups()) if found else (0, 0)
    return set(re.findall(r"^(\d+)\s+worker\b", now, re.MULTILINE)), reloads, failed > 0


def find_worker(path: str) -> str:
    """Return the process id of the worker that answers."""
    found = re.search(r"^Pid: (\d+)", ask(path, "show info"), re.MULTILINE)
    return found.group(1) if found else ""


@contextmanager
def keep_socket(path: str):
    """Leave the socket to the worker that goes on serving. After a second failed reload in a row, haproxy 3.2 leaves
    that of the worker that has failed, at which nobody answers."""
    kept = f"{path}.kept"
    with suppress(OSError):
        os.unlink(kept)
    with suppress(OSError):
        os.link(path, kept)
    try:
        yield
    except SystemExit:
        with suppress(OSError):
            if not os.path.samefile(kept, path):
                os.replace(kept, path)
        raise
    finally:
        with suppress(OSError):
            os.unlink(kept)


def replace(pid: int, path: str, master: str) -> None:
    """Tell the master process to replace its worker, and wait until the new one answers. systemd ends what takes too
    long."""
    try:
        before, reloads_before, _failed = workers(master)
    except (FileNotFoundError, ConnectionRefusedError):
        print(f"{master}: no process listens, so it is unknown whether the new worker serves", file=sys.stderr)
        os.kill(pid, signal.SIGUSR2)
        return
    except OSError as error:
        os.kill(pid, signal.SIGUSR2)
        sys.exit(f"{master}: {error}; haproxy hangs, and takes the new configuration as soon as it runs again")
    os.kill(pid, signal.SIGUSR2)
    while True:
        os.kill(pid, 0)
        # While it loads the configuration it does not answer.
        with suppress(OSError):
            now, reloads, failed = workers(master)
            if failed and reloads > reloads_before:
                sys.exit("haproxy still runs its previous configuration; its messages above say why")
            if find_worker(path) in now - before:
                return
        time.sleep(POLL)


def end_reload() -> None:
    """Tell systemd that the reload is over. HAProxy 3.0 says that it begins, and nobody else would say that it has
    ended: systemd would wait for 90 seconds before it starts HAProxy again."""
    if address := os.environ.get("NOTIFY_SOCKET"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
            systemd.sendto(b"READY=1", address.replace("@", "\0", 1))


def main() -> None:
    pid, path, master, directory, configuration = sys.argv[1:]
    try:
        with hold_lock(f"{directory}/lock"):
            save(path, Path(directory, "server-state"), Path(configuration))
            with keep_socket(path):
                replace(int(pid), path, master)
    except ProcessLookupError:
        end_reload()
        sys.exit("haproxy has ended")


if __name__ == "__main__":
    main()
