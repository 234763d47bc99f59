"""Write what keepalived does into a file for the textfile collector of Prometheus' node exporter.

keepalived tells every change through a pipe, without waiting for anybody to read it; so nothing that happens here or to
the file's disk can slow a failover down. What else is written is asked of the kernel and systemd, at every change and
once in an interval.

usage: metrics.py serve | remove SETTINGS

To remove is to delete the file, which it does itself unless it is killed. Its directory belongs to the node
exporter's user, and this program to root: no link in the way is followed. SETTINGS is a file with a JSON object: pipe
(keepalived's vrrp_notify_fifo), memory (the file that keeps counts from one start of this program to the next),
output (the file of metrics, named *.prom), interval (seconds), vips (a list of addresses by instance), tracked (the
paths of track files), busy (of those that report late answers), units (names of services), masters (the sockets of
haproxy's master processes by unit), kernel (unit and report of what keeps the kernel's state), second_chance (the
report of what hears heartbeats) and announcements (unit and report of what announces anycast addresses, or nothing)."""

from __future__ import annotations

import json
import os
import re
import select
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Container, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from ipaddress import ip_address
from pathlib import Path
from typing import Any

STATES = ("backup", "fault", "master")
ANNOUNCED = ("drain", "last_resort", "ready")

METRICS = {
    "keepalived_up": ("gauge", "Whether keepalived runs."),
    "keepalived_vrrp_state": (
        "gauge",
        "1 for the state that the instance is in; all are 0 while keepalived does not run.",
    ),
    "keepalived_vrrp_priority": ("gauge", "The instance's priority, with the weights of what it tracks."),
    "keepalived_vrrp_transitions_total": (
        "counter",
        "How often the instance has changed to the state since the host has started.",
    ),
    "keepalived_vrrp_last_transition_timestamp_seconds": (
        "gauge",
        "When the instance has changed its state last; 0 for never.",
    ),
    "keepalived_vip_held": ("gauge", "Whether the host has the address on an interface to others."),
    "keepalived_tracked_well": ("gauge", "Whether what keepalived tracks by a file lets the host hold addresses."),
    "keepalived_watched_busy": ("gauge", "Whether a watched URL answers late, while its process makes progress."),
    "keepalived_kernel_state_kept": (
        "gauge",
        "Whether the kernel holds the addresses, parameters and rules that keepalived needs.",
    ),
    "keepalived_kernel_state_repairs_total": (
        "counter",
        "How often such a part was restored after something had changed it.",
    ),
    "keepalived_heartbeats_refused_total": (
        "counter",
        "Heartbeats of the second chance that did not count, by the reason.",
    ),
    "keepalived_watched_unit_reload_failed": (
        "gauge",
        "Whether the service runs an old configuration after a failed reload.",
    ),
    "bird_up": ("gauge", "Whether BIRD answers."),
    "bird_announced": (
        "gauge",
        "1 for the state in which the node announces its addresses; all are 0 while BIRD does not answer.",
    ),
    "bird_session_established": ("gauge", "Whether the BGP session with the router stands."),
}

LINE = re.compile(r'INSTANCE "(?P<instance>[^"]+)" (?P<state>\w+) (?P<priority>\d+)$')


class Instance:
    """Known state of one VRRP instance."""

    def __init__(
        self, state: str = "", priority: int = 0, changed: float = 0, transitions: Mapping[str, int] | None = None
    ) -> None:
        self.state = state
        self.priority = priority
        self.changed = changed
        """Seconds since 1970."""
        self.transitions = {state: 0 for state in STATES} | dict(transitions or {})

    def hear(self, state: str, priority: int, now: float) -> None:
        """Take what keepalived has told. It tells a state again at every reload, and events that are no states."""
        self.priority = priority
        if state in (*STATES, "stop") and state != self.state:
            self.state = state
            self.changed = now
            if state in STATES:
                self.transitions[state] += 1


def read_notifications(instances: Mapping[str, Instance], told: str, now: float) -> None:
    """Read lines of the notification pipe; those of groups and of instances that are not asked for say nothing here."""
    for line in told.splitlines():
        found = LINE.match(line.strip())
        if found and found["instance"] in instances:
            instances[found["instance"]].hear(found["state"].lower(), int(found["priority"]), now)


def sample(metric: str, value: float, **labels: str) -> str:
    """One line of the file; names of instances, addresses and units have nothing that would have to be escaped."""
    inner = ",".join(f'{label}="{text}"' for label, text in labels.items())
    return f"{metric}{{{inner}}} {value:.15g}" if inner else f"{metric} {value:.15g}"


def samples(
    instances: Mapping[str, Instance],
    vips: Mapping[str, Iterable[str]],
    held: Iterable[str],
    tracked: Mapping[str, bool],
    units: Mapping[str, Mapping[str, str]],
    failed: Container[str] = (),
    busy: Mapping[str, bool] | None = None,
    kernel: Mapping[str, Any] | None = None,
    refused: Mapping[str, int] | None = None,
    announcements: Mapping[str, Any] | None = None,
) -> Iterator[str]:
    """The lines of the file without its comments. C(units) has systemd's properties of keepalived and the watched
    services, C(failed) those that say themselves that their reload has failed, C(kernel) is the report of
    keepalived-kernel, C(refused) counts the heartbeats that keepalived-second-chance has refused, C(announcements)
    is the report of bird-announce; empty if it does not run, None without anycast addresses."""
    runs = units["keepalived"].get("ActiveState") in ("active", "reloading")
    yield sample("keepalived_up", runs)
    for name, instance in instances.items():
        for state in STATES:
            yield sample("keepalived_vrrp_state", runs and state == instance.state, vrrp=name, state=state)
            yield sample("keepalived_vrrp_transitions_total", instance.transitions[state], vrrp=name, state=state)
        yield sample("keepalived_vrrp_priority", instance.priority, vrrp=name)
        yield sample("keepalived_vrrp_last_transition_timestamp_seconds", instance.changed, vrrp=name)
        for vip in vips[name]:
            yield sample("keepalived_vip_held", vip in held, vrrp=name, vip=vip)
    for name, well in tracked.items():
        yield sample("keepalived_tracked_well", well, name=name)
    for name, late in (busy or {}).items():
        yield sample("keepalived_watched_busy", late, name=name)
    yield sample("keepalived_kernel_state_kept", bool(kernel) and not kernel["deviations"])
    for part, count in (kernel or {"repairs": {}})["repairs"].items():
        yield sample("keepalived_kernel_state_repairs_total", count, part=part)
    for reason, count in (refused or {}).items():
        yield sample("keepalived_heartbeats_refused_total", count, reason=reason)
    for name, properties in units.items():
        yield sample(
            "keepalived_watched_unit_reload_failed",
            name in failed or properties.get("ReloadResult") != "success",
            unit=name,
        )
    if announcements is not None:
        sessions = announcements.get("sessions", {})
        yield sample("bird_up", bool(sessions))
        for state in ANNOUNCED:
            yield sample("bird_announced", bool(sessions) and state == announcements.get("announced"), state=state)
        for router, established in sessions.items():
            yield sample("bird_session_established", established, router=router)


def text(lines: Iterable[str]) -> str:
    """The file: the samples of a metric stand together, below what it means."""
    found = sorted(lines, key=lambda line: list(METRICS).index(re.split("[{ ]", line)[0]))
    told = ""
    for line in found:
        name = re.split("[{ ]", line)[0]
        if f"# TYPE {name} " not in told:
            kind, meaning = METRICS[name]
            told += f"# HELP {name} {meaning}\n# TYPE {name} {kind}\n"
        told += f"{line}\n"
    return told


def list_addresses() -> set[str]:
    """The addresses on all interfaces but lo, where every node has its VIPs for ever."""
    links = json.loads(
        subprocess.run(["ip", "-json", "address", "show"], check=True, capture_output=True, timeout=5).stdout
    )
    return {
        address["local"]
        for link in links
        if link.get("ifname") != "lo"
        for address in link["addr_info"]
        if "local" in address
    }


def well(path: str) -> bool:
    """Read a track file; a missing file counts as healthy. keepalived_script_user may replace it with anything."""
    try:
        with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as stream:
            return stream.read(64).split() in ([], [b"0"])
    except OSError:
        return True


def unit_report(file: str) -> dict[str, Any]:
    """Read the report of a unit; empty if it has not started."""
    try:
        return json.loads(Path(file).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def properties(units: Iterable[str]) -> dict[str, dict[str, str]]:
    """Read the properties of the services from systemd. Raises subprocess.SubprocessError if it does not answer."""
    names = list(dict.fromkeys(["keepalived", *units]))
    argv = ["systemctl", "show", "--property=ActiveState,ReloadResult", *(f"{name}.service" for name in names)]
    blocks = subprocess.run(argv, check=True, capture_output=True, text=True, timeout=5).stdout.split("\n\n")
    return {
        name: dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        for name, block in zip(names, blocks)
    }


def is_reload_refused(master: str) -> bool:
    """Tell whether haproxy's master goes on with an old worker. systemd knows nothing of a reload by
    signal."""
    try:
        with socket.socket(socket.AF_UNIX) as cli:
            cli.settimeout(2)
            cli.connect(master)
            cli.sendall(b"show proc\n")
            cli.shutdown(socket.SHUT_WR)
            answer = b"".join(iter(lambda: cli.recv(65536), b""))
    except OSError:
        return False
    return bool(re.search(rb"\bmaster\s.*\[failed: [1-9]", answer))


@contextmanager
def directory(path: Path) -> Iterator[int]:
    """Open a directory, made if it is missing, and yield its descriptor. Raises OSError if it or one above it is a
    link: whoever may write above it could lead root anywhere."""
    handle = os.open("/", os.O_RDONLY | os.O_DIRECTORY)
    try:
        for name in path.parts[1:]:
            with suppress(FileExistsError):
                os.mkdir(name, 0o755, dir_fd=handle)
            above, handle = handle, os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=handle)
            os.close(above)
        yield handle
    finally:
        os.close(handle)


def replace(path: Path, content: str) -> None:
    """Write a file as a whole, so that nobody reads a part of it."""
    staged = f".{path.name}.new"
    with directory(path.parent) as folder:
        with suppress(FileNotFoundError):
            os.unlink(staged, dir_fd=folder)
        with open(
            os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600, dir_fd=folder), "w", encoding="utf-8"
        ) as stream:
            stream.write(content)
            os.fchmod(stream.fileno(), 0o644)
        os.replace(staged, path.name, src_dir_fd=folder, dst_dir_fd=folder)


def remove(path: Path) -> None:
    """Delete a file."""
    with suppress(FileNotFoundError), directory(path.parent) as folder:
        os.unlink(path.name, dir_fd=folder)


class Output:
    """The file of metrics. What keeps it from being written is said once, and keeps the program from nothing else."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.problem = ""

    def write(self, content: str) -> None:
        try:
            replace(self.path, content)
        except OSError as error:
            name = error.filename2 or error.filename or "its disk"
            self.say(
                f"{self.path} is not written: {error.strerror} ({name}); no link and no directory may be in its way"
            )
        else:
            self.say("")

    def say(self, problem: str) -> None:
        """Say why the file is not written, or that it is again."""
        if problem != self.problem:
            self.problem = problem
            print(problem or f"{self.path} is written again", file=sys.stderr, flush=True)


def load_instances(memory: Path, names: Iterable[str]) -> dict[str, Instance]:
    """Load the instances as this program saved them at its end."""
    try:
        known = json.loads(memory.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        known = {}
    return {name: Instance(**known.get(name, {})) for name in names}


def open_pipe(pipe: str) -> int:
    """Open the pipe, which exists before keepalived starts. Open for writing too, so that it has no end when keepalived
    does."""
    if not (os.path.exists(pipe) and stat.S_ISFIFO(os.stat(pipe).st_mode)):
        os.mkfifo(pipe, 0o600)
    return os.open(pipe, os.O_RDWR | os.O_NONBLOCK)


def say_ready() -> None:
    """Tell systemd that the program works."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.connect(os.environ["NOTIFY_SOCKET"].replace("@", "\0", 1))
        systemd.sendall(b"READY=1")


def main(action: str, file: str) -> None:
    settings = json.loads(Path(file).read_text(encoding="utf-8"))
    try:
        if action == "serve":
            signal.signal(signal.SIGTERM, lambda *_signal: sys.exit())
            serve(settings)
    finally:
        remove(Path(settings["output"]))


def update(
    output: Output, settings: Mapping[str, Any], instances: Mapping[str, Instance], vips: Mapping[str, list[str]]
) -> None:
    """Write the metrics of this moment. Where the host is too busy to tell, those that were written before stay: the
    exporter knows from the file's time how old they are."""
    reporters = [found for found in (settings["kernel"], settings["announcements"]) if found]
    try:
        held, units = list_addresses(), properties([*settings["units"], *(found["unit"] for found in reporters)])
    except (OSError, subprocess.SubprocessError) as error:
        output.say(f"{output.path} is not written: {error}")
        return
    runs = [units.pop(found["unit"]).get("ActiveState") == "active" for found in reporters]
    kernel, *announcements = (unit_report(found["report"]) if run else {} for found, run in zip(reporters, runs))
    told = samples(
        instances,
        vips,
        held,
        {os.path.basename(path): well(path) for path in settings["tracked"]},
        units,
        {unit for unit, master in settings["masters"].items() if is_reload_refused(master)},
        {os.path.basename(path).removesuffix("_busy"): not well(path) for path in settings["busy"]},
        kernel,
        unit_report(settings["second_chance"]).get("refused", {}),
        announcements[0] if announcements else None,
    )
    output.write(text(told))


def serve(settings: Mapping[str, Any]) -> None:
    """Write the metrics until SIGTERM."""
    vips = {name: [str(ip_address(vip)) for vip in found] for name, found in settings["vips"].items()}
    memory, output = Path(settings["memory"]), Output(Path(settings["output"]))
    instances = load_instances(memory, vips)
    pipe = open_pipe(settings["pipe"])
    say_ready()
    while True:
        if select.select([pipe], [], [], 0)[0]:
            read_notifications(instances, os.read(pipe, 65536).decode("utf-8", errors="replace"), time.time())
            replace(memory, json.dumps({name: vars(instance) for name, instance in instances.items()}))
        update(output, settings, instances, vips)
        select.select([pipe], [], [], settings["interval"])


if __name__ == "__main__":
    main(*sys.argv[1:])
