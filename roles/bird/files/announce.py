"""Tell BIRD which routes to announce: those of a node that is well, that is drained, or only those of the last resort.

docs/explanation/anycast.md in the collection says why.

usage: announce.py

announce.json beside it is an object with

    reports        files that all hold 0 while the node is well
    standby_files  files of which one holds something else than 0 while the node is drained
    rise           seconds for which the node has to be well before its routes are announced
    protocols      names of BIRD's protocols of the states ready and drain; those of the last resort always run
    peers          addresses of routers by the names of their protocols
    directory      where files tell a BIRD that starts or is configured anew what was announced last
    socket         BIRD's control socket
    firewall       whether firewall.nft beside this program is kept loaded

Its own death changes no route. Nothing but a report that is not 0, or is missing, takes a route away."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
STATE = "state.json"
TICK = 0.05
"""Seconds between two looks at the reports."""
COMPARE = 1.0
"""Seconds between two comparisons of BIRD's protocols with what they have to be."""
PAUSE = 0.5
"""Seconds between two looks at the firewall, however often it changes."""
QUIET = 60.0
"""Seconds without a failure after which earlier ones are forgotten."""
MOST_FAILURES = 4
"""Failures after which the time for which a node has to be well does not double any more."""
TABLE = "inet evenkeel_bird"
NETLINK_NETFILTER, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, NFTABLES_GROUP = 12, 270, 1, 7

READY, DRAIN, LAST_RESORT = "ready", "drain", "last_resort"


class Decision:
    """Decides what to announce from what is seen, and when. After each failure within QUIET seconds, the node has to be
    well for twice the time before."""

    def __init__(self, rise: float, announced: str, now: float) -> None:
        self.rise = rise
        self.announced = announced
        self.well_since: float | None = now - rise if announced != LAST_RESORT else None
        self.failures = 0
        self.failed = now

    def take(self, well: bool, standing_by: bool, now: float) -> str:
        """Return what to announce from now on; C(now) is in seconds of a clock that only goes on."""
        if not well:
            if self.announced != LAST_RESORT:
                self.failures = min(self.failures + 1, MOST_FAILURES) if now - self.failed < QUIET else 0
                self.failed = now
            self.well_since = None
            self.announced = LAST_RESORT
        else:
            self.well_since = now if self.well_since is None else self.well_since
            if self.announced != LAST_RESORT or now - self.well_since >= self.rise * 2**self.failures:
                self.announced = DRAIN if standing_by else READY
        return self.announced


class NoAnswer(Exception):
    """BIRD does not answer; the text says why."""


def ask(path: str, command: str, timeout: float = 1) -> str:
    """Send a command to BIRD's control socket and return its answer. Raises NoAnswer."""
    try:
        with socket.socket(socket.AF_UNIX) as control:
            control.settimeout(timeout)
            control.connect(path)
            _read_reply(control)
            control.sendall(f"{command}\n".encode())
            return _read_reply(control)
    except OSError as error:
        raise NoAnswer(f"{path}: {error}") from error


def _read_reply(control: socket.socket) -> str:
    """Read up to the line that ends a reply: four digits and a blank."""
    data = b""
    while not re.search(rb"(?:^|\n)\d{4} [^\n]*\n$", data):
        more = control.recv(65536)
        if not more:
            raise ConnectionResetError("the connection was closed")
        data += more
    return data.decode(errors="replace")


def read_running(answer: str, names: list[str]) -> dict[str, bool]:
    """Whether each of the protocols is up, from the answer to C(show protocols)."""
    states = dict(re.findall(r"^(?:\d{4}-| )?(\S+) +Static +\S+ +(\S+)", answer, re.MULTILINE))
    return {name: states[name] == "up" for name in names if name in states}


def read_sessions(answer: str, peers: dict[str, str]) -> dict[str, bool]:
    """Whether the session with each router stands, from the same answer."""
    standing = re.findall(r"^(?:\d{4}-| )?(\S+) +BGP .* Established *$", answer, re.MULTILINE)
    return {address: name in standing for name, address in peers.items()}


class Announcer:
    """Keeps BIRD's protocols as they have to be, and files that say the same to a BIRD that starts."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self.protocols: dict[str, list[str]] = settings["protocols"]
        self.directory = Path(settings["directory"])
        self.socket = settings["socket"]
        self.peers: dict[str, str] = settings["peers"]

    def remembered(self) -> str:
        """What was announced last, since the host has started."""
        return next((state for state in (READY, DRAIN) if self._file(state).exists()), LAST_RESORT)

    def announce(self, wanted: str) -> dict[str, bool]:
        """Have BIRD announce that, and return whether the session with each router stands. New routes come before the
        old ones go. Raises NoAnswer."""
        for state in sorted(self.protocols, key=lambda state: state != wanted):
            self._write(state, state == wanted)
        names = [name for names in self.protocols.values() for name in names]
        answer = ask(self.socket, "show protocols")
        running = read_running(answer, names)
        for state in sorted(self.protocols, key=lambda state: state != wanted):
            for name in self.protocols[state]:
                if running.get(name) is (state != wanted):
                    ask(self.socket, f"{'enable' if state == wanted else 'disable'} {name}")
        return read_sessions(answer, self.peers)

    def report(self, seen: dict[str, Any]) -> None:
        """Write down what is announced and why, and the sessions, for checks and metrics."""
        staged = self.directory / f".{STATE}"
        staged.write_text(json.dumps(seen), encoding="utf-8")
        staged.replace(self.directory / STATE)

    def _file(self, state: str) -> Path:
        return self.directory / f"{state}.conf"

    def _write(self, state: str, is_announced: bool) -> None:
        if not is_announced:
            self._file(state).unlink(missing_ok=True)
        elif not self._file(state).exists():
            staged = self.directory / f".{state}.conf"
            staged.write_text("disabled no;\n", encoding="ascii")
            staged.replace(self._file(state))


class Firewall:
    """Keeps the rules loaded that let only peers speak BGP and BFD with this host, whatever flushes them."""

    def __init__(self) -> None:
        self.events = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, NETLINK_NETFILTER)
        self.events.bind((0, 0))
        self.events.setsockopt(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, NFTABLES_GROUP)
        self.looked = float("-inf")
        self.changed = True

    def load(self) -> None:
        """Load the rules, in one step."""
        subprocess.run(["nft", "--file", str(HERE / "firewall.nft")], check=True)

    def keep(self, now: float) -> None:
        """Load the rules again if they are gone."""
        with suppress(BlockingIOError):
            while True:
                try:
                    self.events.recv(65536)
                except BlockingIOError:
                    raise
                except OSError:
                    # Events were lost.
                    pass
                self.changed = True
        if not self.changed or now - self.looked < PAUSE:
            return
        self.changed, self.looked = False, now
        if subprocess.run(["nft", "list", "table", *TABLE.split()], check=False, capture_output=True).returncode:
            print("the firewall's table is gone and is loaded again", file=sys.stderr, flush=True)
            self.load()


def holds_zero(file: str) -> bool:
    """Return whether a report holds 0. Its directory may belong to another user, who could replace it with anything."""
    return read_report(file) == "0"


def read_report(file: str) -> str:
    """The content of a report; empty if there is none."""
    try:
        with open(os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as stream:
            return stream.read(64).decode(errors="replace").strip()
    except OSError:
        return ""


def say_ready() -> None:
    """Tell systemd that the program works."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.connect(os.environ["NOTIFY_SOCKET"].replace("@", "\0", 1))
        systemd.sendall(b"READY=1")


def serve(settings: dict[str, Any]) -> None:
    """Go on until the end."""
    announcer = Announcer(settings)
    firewall = Firewall() if settings["firewall"] else None
    if firewall:
        firewall.load()
    decision = Decision(settings["rise"], announcer.remembered(), time.monotonic())
    announced, compared, complained = "", float("-inf"), ""
    say_ready()
    while True:
        now = time.monotonic()
        unwell = [file for file in settings["reports"] if not holds_zero(file)]
        standing_by = [file for file in settings["standby_files"] if read_report(file) not in ("", "0")]
        wanted = decision.take(not unwell, bool(standing_by), now)
        if wanted != announced or now - compared >= COMPARE:
            try:
                sessions = announcer.announce(wanted)
                complained = ""
            except NoAnswer as error:
                sessions = {}
                if str(error) != complained:
                    complained = str(error)
                    print(f"BIRD does not answer: {error}", file=sys.stderr, flush=True)
            if wanted != announced:
                reason = f", because of {', '.join([*unwell, *standing_by])}" if unwell or standing_by else ""
                print(f"announces {wanted}{reason}", file=sys.stderr, flush=True)
            announcer.report({"announced": wanted, "unwell": unwell, "standing_by": standing_by, "sessions": sessions})
            announced, compared = wanted, time.monotonic()
        if firewall:
            firewall.keep(now)
        time.sleep(TICK)


def main() -> None:
    settings = json.loads((HERE / "announce.json").read_text(encoding="utf-8"))
    signal.signal(signal.SIGHUP, lambda *_event: os.execv(sys.executable, [sys.executable, "-I", *sys.argv]))
    serve(settings)


if __name__ == "__main__":
    main()
