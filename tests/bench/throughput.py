"""Part (c): requests per second and latency through the virtual address, and of nginx asked directly; processor time
and log lines of each request on the load balancer."""

import re
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, partial

from cluster import lab_host
from faults import docker

from bench import settings
from bench.lab import Lab
from bench.measurement import BenchError, Figures, Measurement
from bench.sides import GUIDES, LOGGED, OURS

LABS = [GUIDES, LOGGED, OURS]
CLIENTS = 3
"""Hosts with load generators. Each has an address of its own: one has 28,000 ports for new connections a minute."""
CONNECTIONS = 17
"""Connections of each client at a time."""
STREAMS = 10
SECONDS = 5
TARGETS: dict[str, tuple[Lab, str]] = {
    "guides": (GUIDES, GUIDES.vip),
    "logged": (LOGGED, LOGGED.vip),
    "ours": (OURS, OURS.vip),
    "nginx": (OURS, f"{OURS.prefix}.21"),
}
PAGES = {"guides": "/var/www/html", "logged": "/var/www/html", "ours": "/var/www/web"}
"""Where the web servers of each lab have their files."""
LARGE = 100_000
"""Bytes of the large answer."""
LOG_DAEMONS = ("haproxy-access-log", "rsyslog", "systemd-journald")
LOGS = "/var/log/haproxy/access.log* /var/log/haproxy.log"

WRK = f"wrk --threads=1 --connections={CONNECTIONS} --duration={SECONDS}s --latency"
NEW = "--header 'Connection: close'"
H2LOAD = f"h2load --clients={CONNECTIONS} --max-concurrent-streams={STREAMS} --duration={SECONDS}"
# One connection at a time for each process.
RESUMED = (
    f"for i in $(seq {CONNECTIONS}); do openssl s_time -reuse -connect $HOST:443 -time {SECONDS} -www / & done; wait"
)


def find(pattern: str, said: str) -> list[str]:
    """The groups of a pattern that the output of a load generator must have."""
    found = re.search(pattern, said, re.MULTILINE)
    if not found:
        raise BenchError(f"the load generator has not printed {pattern}, but: {said[-500:]}")
    return list(found.groups())


def parse_wrk(said: str) -> Figures:
    """Read what wrk has printed. It counts errors of its sockets and answers that are no 2xx or 3xx."""
    requests, time = find(r"(\d+) requests in ([\d.]+[a-z]+)", said)
    errors = re.findall(r"connect (\d+), read (\d+), write (\d+), timeout (\d+)", said)
    errors += re.findall(r"Non-2xx or 3xx responses: (\d+)()", said)
    return {
        "requests": int(requests),
        "rate": int(requests) * 1000 / _milliseconds(time),
        "p50_ms": _milliseconds(find(r"^ +50% +(\S+)$", said)[0]),
        "p99_ms": _milliseconds(find(r"^ +99% +(\S+)$", said)[0]),
        "failed": sum(int(number) for numbers in errors for number in numbers if number),
    }


def _milliseconds(text: str) -> float:
    number, unit = find(r"([\d.]+)(us|ms|s|m)", text)
    return round(float(number) * {"us": 0.001, "ms": 1, "s": 1_000, "m": 60_000}[unit], 3)


def parse_h2load(said: str) -> Figures:
    (rate,) = find(r"finished in \S+ ([\d.]+) req/s", said)
    requests, failed = find(r"(\d+) done, \d+ succeeded, (\d+) failed", said)
    return {"requests": int(requests), "rate": float(rate), "failed": int(failed)}


def parse_s_time(said: str) -> Figures:
    """Read what several processes of s_time have printed. It counts whole seconds. The first connection of each is
    not resumed."""
    found = re.findall(r"(\d+) connections in (\d+) real seconds", said)
    return {
        "requests": sum(int(requests) for requests, _seconds in found),
        "rate": sum(int(requests) / int(seconds) for requests, seconds in found),
        "failed": CONNECTIONS - len(found),
    }


@dataclass(frozen=True)
class Mode:
    """How clients ask: a command of a shell, where $HOST is the address, and the function that reads its output."""

    title: str
    command: str
    parse: Callable[[str], Figures]


# With ports: the image knows no services by name.
MODES = [
    Mode("HTTP, keep-alive", f"{WRK} http://$HOST:80/", parse_wrk),
    Mode("HTTP, new connections", f"{WRK} {NEW} http://$HOST:80/", parse_wrk),
    Mode("HTTP, keep-alive, 100 kB", f"{WRK} http://$HOST:80/large", parse_wrk),
    Mode("HTTPS, keep-alive", f"{WRK} https://$HOST:443/", parse_wrk),
    Mode("HTTPS, new connections", f"{WRK} {NEW} https://$HOST:443/", parse_wrk),
    Mode("HTTPS, new connections, resumed", RESUMED, parse_s_time),
    Mode("HTTP/2", f"{H2LOAD} https://$HOST:443/", parse_h2load),
]


@dataclass(frozen=True)
class Work:
    """Work of a load balancer so far: microseconds of processor time of haproxy, of the log daemons and of all
    else, and lines in its access logs."""

    haproxy_us: int
    log_us: int
    rest_us: int
    lines: int

    def per_request(self, before: "Work", requests: int) -> Figures:
        """Return the figures of one request since then."""
        return {
            name: round((getattr(self, name) - getattr(before, name)) / max(requests, 1), 2)
            for name in ("haproxy_us", "log_us", "rest_us", "lines")
        }


def parse_work(said: str) -> Work:
    """Read what ask_work() has printed. A unit that the host does not have has no time."""
    times = re.findall(r"(?m)^Id=(\S+)\.service\nCPUUsageNSec=(\d+)$", said)
    found = {name: int(time) // 1000 for name, time in times}
    (everything,) = re.findall(r"(?m)^usage_usec (\d+)$", said)
    (lines,) = re.findall(r"(?m)^lines (\d+)$", said)
    haproxy, log = found.get("haproxy", 0), sum(found.get(name, 0) for name in LOG_DAEMONS)
    return Work(haproxy, log, int(everything) - haproxy - log, int(lines))


def ask_work(host: str) -> Work:
    """Ask a load balancer for its work, once its log daemon has written all that it has."""
    count = f"$(cat {LOGS} 2>/dev/null | wc -l)"
    show = "echo Id=$unit.service; systemctl show --property=CPUUsageNSec $unit"
    commands = [
        f"n=-1; until [ $n = {count} ]; do n={count}; sleep 0.3; done",
        f"for unit in haproxy {' '.join(LOG_DAEMONS)}; do {show}; done",
        "grep usage_usec /sys/fs/cgroup/cpu.stat",
        f"echo lines {count}",
    ]
    return parse_work(lab_host(host).check_output("; ".join(commands)))


@cache
def load_generator() -> str:
    """The image with the load generators, built from the lab's own."""
    image = f"{settings.RELEASE}-clients"
    subprocess.run([settings.ROOT / "tests/tools/image", image], check=True, capture_output=True)
    return f"evenkeel-lab:{image}"


def ask(lab: Lab, address: str, mode: Mode) -> Figures:
    """Let all clients ask as fast as they can; returns the rate in requests per second, the mean of their medians and
    the worst latencies."""
    name = f"{settings.LAB}-{lab.name}"
    words = [f"--network={name}", f"--label=evenkeel.lab={name}", f"--env=HOST={address}", load_generator()]
    bound = ["timeout", str(6 * SECONDS)]
    run = partial(docker, "run", "--rm", *words, *bound, "sh", "-c", f"{{ {mode.command}; }} 2>&1")
    with ThreadPoolExecutor(CLIENTS) as pool:
        found = [mode.parse(said) for said in pool.map(lambda _number: run(), range(CLIENTS))]
    total = {key: sum(one[key] for one in found) for key in ("requests", "rate", "failed")}
    if "p50_ms" in found[0]:
        total["p50_ms"] = round(sum(one["p50_ms"] for one in found) / CLIENTS, 3)
        total["p99_ms"] = max(one["p99_ms"] for one in found)
    return {**total, "rate": round(total["rate"])}


def measure(target: str, mode: Mode) -> Figures:
    """Return what clients got of a target, and the work of its load balancer for each request."""
    lab, address = TARGETS[target]
    lab.be_ready()
    holder = lab.become_well()
    for name in lab.hosts[2:]:
        lab_host(name).check_output(f"head -c {LARGE} /dev/zero > {PAGES[lab.name]}/large")
    before = ask_work(holder)
    found = ask(lab, address, mode)
    requests = found.pop("requests")
    work = ask_work(holder).per_request(before, requests) if address == lab.vip else {}
    return {**found, **work}


def plan() -> list[Measurement]:
    return [
        Measurement({"round": number, "target": target, "mode": mode.title}, partial(measure, target, mode))
        for number in range(1, settings.ROUNDS + 1)
        for mode in MODES
        for target in TARGETS
    ]
