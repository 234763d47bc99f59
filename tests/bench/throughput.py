"""Part (c): requests per second and latency through the virtual address, and of nginx asked directly; processor time
and log lines of each request on the load balancer."""

import json
import re
from dataclasses import dataclass
from functools import cache, partial

from cluster import lab_host
from faults import docker

from bench import settings
from bench.lab import Lab
from bench.measurement import Figures, Measurement
from bench.sides import GUIDES, LOGGED, OURS

LABS = [GUIDES, LOGGED, OURS]
IMAGE = f"{settings.LAB}-wrk"
CONNECTIONS = 50
SECONDS = 5
TARGETS: dict[str, tuple[Lab, str]] = {
    "guides": (GUIDES, GUIDES.vip),
    "logged": (LOGGED, LOGGED.vip),
    "ours": (OURS, OURS.vip),
    "nginx": (OURS, f"{OURS.prefix}.21"),
}
KINDS = [(scheme, connections) for scheme in ("http", "https") for connections in ("kept", "new")]


LOG_DAEMONS = ("haproxy-access-log", "rsyslog", "systemd-journald")
LOGS = "/var/log/haproxy/access.log* /var/log/haproxy.log"


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
    """The image that has wrk, built from the lab's own."""
    proxies = [f"--build-arg={name}" for name in ("http_proxy", "https_proxy", "no_proxy")]
    base = f"--build-arg=BASE=evenkeel-lab:{settings.RELEASE}"
    # The machine's own network reaches the package mirror in any case.
    docker("build", "--network=host", *proxies, base, f"--tag={IMAGE}", str(settings.HERE / "wrk"))
    return IMAGE


def measure(lab: Lab, address: str, scheme: str, connections: str) -> Figures:
    """Have wrk ask as fast as it can; rate in requests per second."""
    lab.be_ready()
    holder = lab.become_well()
    new = ["--header", "Connection: close"] if connections == "new" else []
    # With the port: the image knows no services by name.
    url = f"{scheme}://{address}:{443 if scheme == 'https' else 80}/"
    wrk = [
        "wrk",
        "--threads=1",
        f"--connections={CONNECTIONS}",
        f"--duration={SECONDS}s",
        "--script=/result.lua",
        *new,
        url,
    ]
    before = ask_work(holder)
    found = json.loads(docker("run", "--rm", "--network=host", load_generator(), *wrk).splitlines()[-1])
    requests = found.pop("requests")
    work = ask_work(holder).per_request(before, requests) if address == lab.vip else {}
    return {"rate": round(requests / found.pop("seconds")), **found, **work}


def plan() -> list[Measurement]:
    return [
        Measurement(
            {"round": number, "target": target, "scheme": scheme, "connections": connections},
            partial(measure, *TARGETS[target], scheme, connections),
        )
        for number in range(1, settings.ROUNDS + 1)
        for scheme, connections in KINDS
        for target in TARGETS
    ]
