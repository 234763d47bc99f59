"""Ask URLs many times a second and report to keepalived, in files, whether they answer, answer late or hang.

A process that hangs keeps its listening socket, and the kernel goes on accepting connections for it. Only a question
that is not answered shows it, but a process that is merely busy answers late as well. So two kinds of evidence decide:
no answer, and no progress of any thread of the process that listens.

usage: watch.py WATCHES DIRECTORY
       watch.py --check URL TIMEOUT

WATCHES is a JSON list of objects with name, url, interval, timeout (seconds), rise (a count), status (200 if it is left
out) and silence (a boolean).
Two files report on each: DIRECTORY/name holds 1 while the node must not hold a VIP, DIRECTORY/name_busy holds 1 while
the answers are late; otherwise 0. A watch whose silence does not count has the first file only. A URL of tcp:// is
answered by accepting the connection.

With --check one URL is asked until the verdict is clear; exit status 1 means that it has failed."""

from __future__ import annotations

import errno
import json
import os
import select
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from enum import Enum
from urllib.parse import urlsplit

STEPS = 6
"""Number of evidence samples per time-out."""
QUIET = 60.0
"""Seconds without a verdict after which an earlier one is forgotten."""
MAX_PATIENCE = 8
"""Maximum factor of the time-out after consecutive failures."""
MAX_CALM = 64
"""Maximum factor of the number of answers that end a busy period, after consecutive busy periods."""
MAX_DESCRIPTORS = 1000
"""Maximum number of descriptors of a process to search for a listening socket, which is among the first ones."""
UNCLEAR = (
    *(errno.EADDRNOTAVAIL, errno.EAGAIN, errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM),
    *(errno.ECONNRESET, errno.EPIPE),
)
"""Errors that tell nothing of what is asked: the host lacks ports, descriptors or memory, or something is alive and
ends the connection."""
LISTENING = "0A"
"""The state of a listening socket in /proc/net/tcp."""
GROUPS = "/sys/fs/cgroup"


class Evidence(Enum):
    """Evidence about a URL at one moment; the value is the rate at which it amounts to a failure."""

    GOOD = (0, "answers")
    REFUSED = (1, "refuses: another status than the expected one, or no process that listens")
    STUCK = (1, "does not answer and is stopped, frozen, or blocked in the kernel")
    ASLEEP = (0.1, "does not answer and has not run: it waits for something else than a processor")
    RUNS = (0, "answers late: it runs or waits for a processor")
    UNKNOWN = (0, "answers late or not at all: there is no evidence that it hangs")

    @property
    def weight(self) -> float:
        return self.value[0]


class Decision:
    """Decides whether the node may hold a VIP, from pieces of evidence and their times.

    The time-out is for silence; the process must have made no progress for half of it. A time of which nothing is
    known, because this program itself did not run, is no evidence. After each failure the time-out doubles, up to
    MAX_PATIENCE times, and after each busy time the number of answers that ends it, up to MAX_CALM times. QUIET seconds
    later that is forgotten."""

    def __init__(self, interval: float, timeout: float, rise: int, now: float) -> None:
        self.step = timeout / STEPS
        self.interval = interval
        self.timeout = timeout
        self.rise = rise
        self.well: bool | None = None
        """Whether the node may hold a VIP; None before the first decision."""
        self.busy = False
        self.last = now
        """Time of the last evidence."""
        self.silent = 0.0
        """Seconds without a good answer in which somebody asked."""
        self.still = 0.0
        """Seconds of these in which the process made no progress."""
        self.alive = 0.0
        """Seconds in which it answered or made progress."""
        self.good = 0
        """Good answers in a row."""
        self.failures = 0
        self.failed = self.recovered = self.calmed = now
        """Times of the last failure, recovery and end of a busy period."""
        self.busy_times = 0

    @property
    def verdict(self) -> str:
        """well, busy or failed; empty before the first one."""
        return "" if self.well is None else "failed" if not self.well else "busy" if self.busy else "well"

    @property
    def patience(self) -> float:
        """Seconds of silence that mean a failure, and that a failure lasts at least."""
        return self.timeout * min(2**self.failures, MAX_PATIENCE)

    @property
    def calm(self) -> int:
        """Number of good answers in a row that end a busy period."""
        return self.rise * min(2**self.busy_times, MAX_CALM)

    def take(self, evidence: Evidence, now: float) -> None:
        """Take a piece of evidence that has come at that time, in seconds."""
        passed, self.last = now - self.last, now
        seen = min(passed, 2 * self.step)
        self.good = self.good + 1 if evidence is Evidence.GOOD else 0
        self.silent = 0.0 if self.good else self.silent + min(passed, self.interval + 2 * self.step, self.timeout / 2)
        self.still = self.still + seen * evidence.weight if evidence.weight else 0.0
        self.alive = 0.0 if evidence.weight else self.alive + seen
        self._forget(now)
        if self.well is False:
            if now - self.failed >= self.patience and (self.good >= self.rise or self.alive >= 2 * self.patience):
                self._hold(now)
                self.failures += 1
        elif self.silent >= self.patience and self.still >= self.patience / 2:
            self._fail(now)
        elif self.silent >= self.timeout:
            if self.well is None:
                self._hold(now)
            self.busy = True
        elif self.well is None and self.good >= self.rise:
            self._hold(now)
        if self.busy and self.good >= self.calm:
            self.busy, self.calmed = False, now
            self.busy_times += 1

    def _forget(self, now: float) -> None:
        if self.well and now - self.recovered >= QUIET:
            self.failures = 0
        if not self.busy and now - self.calmed >= QUIET:
            self.busy_times = 0

    def _fail(self, now: float) -> None:
        self.well, self.failed = False, now
        self.alive = 0.0

    def _hold(self, now: float) -> None:
        """Let the node hold VIPs; where it runs and answers late, as a busy one, since slowness alone keeps no node
        out."""
        self.well, self.recovered = True, now
        self.busy = self.busy or self.good < self.rise
        self.silent = self.still = 0.0


class Question:
    """One question to a URL, without waiting for its answer."""

    def __init__(self, url: str, status: int) -> None:
        parts = urlsplit(url)
        self.status = b"%d" % status
        self.request = (
            b""
            if parts.scheme == "tcp"
            else f"GET {parts.path or '/'} HTTP/1.0\r\nHost: {parts.netloc}\r\n\r\n".encode("ascii")
        )
        self.places = socket.getaddrinfo(parts.hostname, parts.port or 80, type=socket.SOCK_STREAM)[::-1]
        self.connection: socket.socket | None = None
        self.connected = False

    def __enter__(self) -> Question:
        return self

    def __exit__(self, *_problem: object) -> None:
        self._close()

    @property
    def place(self) -> tuple[str, int]:
        """The address and the port that are asked."""
        return self.places[-1][4][:2]

    def wait(self, seconds: float) -> Evidence | None:
        """Wait for the answer for some time; None if there is none yet."""
        end = time.monotonic() + seconds
        try:
            if not self.connected:
                self._connect(end)
                if self.connected and self.request:
                    self.connection.sendall(self.request)
            if not (self.connected and self.request):
                return Evidence.GOOD if self.connected else None
            return self._answer(end)
        except OSError as problem:
            return Evidence.UNKNOWN if problem.errno in UNCLEAR else Evidence.REFUSED

    def _connect(self, end: float) -> None:
        """Go on connecting to one address after the other. Raises OSError if the last of them does not take the
        connection."""
        if self.connection is None:
            family, kind, proto, _name, address = self.places[-1]
            self.connection = socket.socket(family, kind, proto)
            self.connection.setblocking(False)
            problem = self.connection.connect_ex(address)
        else:
            problem = errno.EINPROGRESS
        if problem == errno.EINPROGRESS:
            if not ready(self.connection, select.POLLOUT, end):
                return
            problem = self.connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        self.connected = not problem
        if problem and len(self.places) > 1:
            self._close()
            self.places.pop()
            self._connect(end)
        elif problem:
            raise OSError(problem, os.strerror(problem))

    def _answer(self, end: float) -> Evidence | None:
        if not ready(self.connection, select.POLLIN, end):
            return None
        status = self.connection.recv(64).split()[1:2]
        return (Evidence.GOOD if status == [self.status] else Evidence.REFUSED) if status else Evidence.UNKNOWN

    def _close(self) -> None:
        """Reset the connection, so that neither end has to remember it."""
        if self.connection:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            self.connection = None


def ready(connection: socket.socket, event: int, end: float) -> bool:
    """Wait for the event until that time. Returns an event that has already happened even if the time is over."""
    poll = select.poll()
    poll.register(connection, event)
    return bool(poll.poll(max(0.0, end - time.monotonic()) * 1000))


class Process:
    """The processes that listen at an address, and whether they make progress."""

    def __init__(self) -> None:
        self.holds: dict[int, str] = {}
        """The descriptor of the listening socket, as a path in /proc, by process."""
        self.sockets: set[str] = set()
        self.group = ""
        """The control group of the sockets, where the kernel does not let this program see who holds them."""
        self.times: dict[str, int] = {}
        """Nanoseconds that every thread had run or waited for a processor at the last look."""

    def look(self, place: tuple[str, int]) -> Evidence:
        """Compare the threads with what they were at the last look."""
        try:
            pids = self._pids(place)
            threads = {thread: progress(thread) for pid in pids for thread in threads_of(pid)}
            stopped = {state for state, _time in threads.values()} - {"S", "I"} or (
                threads and all(map(is_frozen, pids))
            )
        except (FileNotFoundError, ProcessLookupError):
            # One of them has just ended.
            return Evidence.UNKNOWN
        before, self.times = self.times, {thread: time for thread, (_state, time) in threads.items()}
        if not threads:
            return Evidence.UNKNOWN
        if self.times != before or "R" in (state for state, _time in threads.values()):
            return Evidence.RUNS
        return Evidence.STUCK if stopped else Evidence.ASLEEP

    def _pids(self, place: tuple[str, int]) -> list[int]:
        """The processes that hold a listening socket of the address."""
        sockets = listeners(place)
        if self.group and sockets == self.sockets:
            return newest(self.group)
        if not self.holds or any(link(path) not in sockets for path in self.holds.values()):
            found = {pid: find_descriptor(pid, sockets) for pid in all_pids()} if sockets else {}
            self.holds = {pid: path for pid, path in found.items() if path}
            if not self.holds and None in found.values():
                self.group, self.sockets = group_of(place[1]), sockets
                return newest(self.group)
        return list(self.holds)


def listeners(place: tuple[str, int]) -> set[str]:
    """The sockets that listen at the address or at all of the host's, as links in /proc name them."""
    address, port = place
    kind = socket.AF_INET6 if ":" in address else socket.AF_INET
    packed = socket.inet_pton(kind, address.split("%")[0])
    words = "".join(f"{word:08X}" for word in struct.unpack(f"={len(packed) // 4}I", packed))
    wanted = {f"{local}:{port:04X}" for local in (words, "0" * 8, "0" * 32)}
    found = set()
    for file in ("/proc/net/tcp", "/proc/net/tcp6"):
        with open(file, encoding="ascii") as lines:
            next(lines)
            for line in lines:
                _number, local, _remote, state, *_numbers = fields = line.split()
                if state != LISTENING:
                    # They stand before all others, of which there may be very many.
                    break
                if local in wanted:
                    found.add(f"socket:[{fields[9]}]")
    return found


def all_pids() -> list[int]:
    """The processes of the host."""
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def find_descriptor(pid: int, sockets: set[str]) -> str | None:
    """Return the descriptor by which the process holds one of the sockets; empty if it holds none, None if
    the kernel does not tell."""
    folder = f"/proc/{pid}/fd"
    try:
        descriptors = sorted(map(int, os.listdir(folder)))[:MAX_DESCRIPTORS]
        return next((path for number in descriptors if link(path := f"{folder}/{number}") in sockets), "")
    except PermissionError:
        return None
    except (FileNotFoundError, ProcessLookupError):
        return ""


def link(path: str) -> str:
    """Read the target of the link; empty if it does not exist any more. Raises PermissionError."""
    try:
        return os.readlink(path)
    except (FileNotFoundError, ProcessLookupError):
        return ""


def threads_of(pid: int) -> list[str]:
    """The threads of the process, as paths in /proc."""
    return [f"/proc/{pid}/task/{name}" for name in os.listdir(f"/proc/{pid}/task")]


def progress(thread: str) -> tuple[str, int]:
    """The state of the thread and the nanoseconds that it has run or waited for a processor."""
    return status(thread)[0], sum(map(int, read(f"{thread}/schedstat").split()[:2]))


def status(path: str) -> list[str]:
    """Return the fields of /proc/PID/stat after the name, which may contain spaces: state, parent and so on."""
    return read(f"{path}/stat").rpartition(")")[2].split()


def read(path: str) -> str:
    """A file of the kernel as a whole."""
    with open(path, encoding="utf-8", errors="replace") as stream:
        return stream.read()


def is_frozen(pid: int) -> bool:
    """Return whether the control group of the process, or one above it, is frozen: its threads seem to sleep."""
    group = next((line[3:] for line in read(f"/proc/{pid}/cgroup").splitlines() if line.startswith("0::")), "")
    for mounted in (GROUPS, f"{GROUPS}/unified"):
        try:
            return "frozen 1" in read(f"{mounted}{group}/cgroup.events").splitlines()
        except OSError:
            continue
    return False


def group_of(port: int) -> str:
    """The folder of the control group in which the socket that listens at the port was made; empty if that is not
    known."""
    argv = ["ss", "--no-header", "--listening", "--tcp", "--numeric", "--cgroup", f"sport = :{port}"]
    said = subprocess.run(argv, check=False, capture_output=True, text=True).stdout
    return next((GROUPS + word.removeprefix("cgroup:") for word in said.split() if word.startswith("cgroup:/")), "")


def newest(group: str) -> list[int]:
    """The youngest processes of a control group that have no children: the worker that a reload has started and not the
    one before it."""
    try:
        pids = list(map(int, read(f"{group}/cgroup.procs").split()))
    except OSError:
        return []
    found = {pid: status(f"/proc/{pid}") for pid in pids}
    parents = {int(words[1]) for words in found.values()}
    started = {pid: int(words[19]) for pid, words in found.items() if pid not in parents}
    return [pid for pid, ticks in started.items() if ticks > max(started.values()) - os.sysconf("SC_CLK_TCK")]


class Watch:
    """One URL whose silence counts."""

    def __init__(self, url: str, interval: float, timeout: float, rise: int, status: int = 200) -> None:
        self.url = url
        self.status = status
        self.interval = interval
        self.decision = Decision(interval, timeout, rise, time.monotonic())
        self.process = Process()

    def ask(self) -> Iterator[Evidence]:
        """Ask once; gives the evidence at each step until there is an answer or the time-out is over."""
        with Question(self.url, self.status) as question:
            for _step in range(STEPS):
                answer = question.wait(self.decision.step)
                evidence = answer or self.process.look(question.place)
                self.decision.take(evidence, time.monotonic())
                yield evidence
                if answer:
                    return

    @property
    def verdict(self) -> str:
        """The verdict, for people to read."""
        return self.decision.verdict

    @property
    def reports(self) -> dict[str, bool]:
        """Contents of the track files, by the suffixes of their names."""
        decision = self.decision
        return {"": decision.well is False, "_busy": decision.busy} if decision.verdict else {}


class Yield:
    """One URL whose silence says nothing: a node is a worse holder than others where the answer is not a good one."""

    def __init__(self, url: str, interval: float, timeout: float, rise: int, status: int = 200) -> None:
        self.url = url
        self.status = status
        self.interval = interval
        self.timeout = timeout
        self.rise = rise
        self.well: bool | None = None
        self.good = 0
        """Good answers in a row."""

    def ask(self) -> Iterator[Evidence]:
        """Ask once; gives the evidence."""
        asked = time.monotonic()
        with Question(self.url, self.status) as question:
            evidence = question.wait(self.timeout)
        # A port that accepts nothing is an answer too, unless this program itself was late.
        if evidence is None and self.url.startswith("tcp:") and time.monotonic() - asked < 2 * self.timeout:
            evidence = Evidence.REFUSED
        self.take(evidence or Evidence.UNKNOWN)
        yield evidence or Evidence.UNKNOWN

    def take(self, evidence: Evidence) -> None:
        """Decide by an answer."""
        self.good = self.good + 1 if evidence is Evidence.GOOD else 0
        if evidence is Evidence.REFUSED:
            self.well = False
        elif self.good >= self.rise:
            self.well = True

    @property
    def verdict(self) -> str:
        """The verdict, for people to read."""
        return "as good as others" if self.well else "gives way"

    @property
    def reports(self) -> dict[str, bool]:
        """Contents of the track file, by the suffix of its name."""
        return {} if self.well is None else {"": not self.well}


class Reporter:
    """Writes what a watch has found into the files that keepalived tracks."""

    def __init__(self, directory: str, name: str, watch: Watch | Yield) -> None:
        self.path = os.path.join(directory, name)
        self.watch = watch
        self.reported: dict[str, bool] = {}
        self.known = threading.Event()
        """Set once there is a verdict, or it cannot be told how long that takes."""

    def run(self) -> None:
        """Ask for ever. A failure takes the whole program with it, which systemd then starts again."""
        try:
            while True:
                for evidence in self.watch.ask():
                    self.report(evidence)
                if self.watch.reports or isinstance(self.watch, Yield):
                    self.known.set()
                time.sleep(self.watch.interval)
        except BaseException as error:
            print(f"{self.watch.url}: {error!r}", file=sys.stderr, flush=True)
            os._exit(1)

    def report(self, evidence: Evidence) -> None:
        """Write what has changed. keepalived may have made a file itself, so it is replaced."""
        reports = self.watch.reports
        if reports == self.reported:
            return
        for end, wrong in reports.items():
            if self.reported.get(end) is not wrong:
                replace(self.path + end, "1\n" if wrong else "0\n")
        self.reported = reports
        print(f"{self.watch.url}: {self.watch.verdict}; it {evidence.value[1]}", flush=True)


def replace(path: str, content: str) -> None:
    """Write a file as a whole. Nothing that stands in its place beforehand is written to."""
    folder, name = os.path.split(path)
    staged = os.path.join(folder, f".{name}")
    if os.path.lexists(staged):
        os.unlink(staged)
    with open(
        os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644), "w", encoding="ascii"
    ) as stream:
        stream.write(content)
    os.replace(staged, path)


def say_ready() -> None:
    """Tell systemd that the program works."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.connect(os.environ["NOTIFY_SOCKET"].replace("@", "\0", 1))
        systemd.sendall(b"READY=1")


def check(url: str, timeout: float) -> bool:
    """Request the URL until it is clear whether its process has failed; returns true if it answers or is only busy."""
    watch = Watch(url, timeout / STEPS, timeout, 1)
    while True:
        for _evidence in watch.ask():
            decision = watch.decision
            # A busy one that makes no progress any more may still turn out to hang.
            if decision.verdict == "failed" or (decision.verdict and not decision.still):
                return decision.well is True
        time.sleep(watch.interval)


def main() -> None:
    if sys.argv[1] == "--check":
        sys.exit(not check(sys.argv[2], float(sys.argv[3])))
    with open(sys.argv[1], encoding="utf-8") as stream:
        items = json.load(stream)
    reporters = [
        Reporter(sys.argv[2], item.pop("name"), Watch(**item) if item.pop("silence") else Yield(**item))
        for item in items
    ]
    threads = [threading.Thread(target=reporter.run) for reporter in reporters]
    for thread in threads:
        thread.start()
    for reporter in reporters:
        reporter.known.wait()
    say_ready()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
