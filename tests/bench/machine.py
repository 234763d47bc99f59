"""The machine that everything runs on: what it is, and whether it has something else to do."""

import hashlib
import os
import platform
import re
import subprocess
import time
from pathlib import Path

from bench.settings import RELEASE, ROOT

NOISY_BUSY = 25.0
"""Percent of the processors' time."""
NOISY_MS = 20.0
"""By how much a request without any fault may be late."""
PATIENCE = 30
"""Seconds to wait for others to be done."""
MEASURED = (
    "meta",
    "playbooks",
    "plugins",
    "roles",
    "inventories/lab",
    "site.yml",
    "ansible.cfg",
    "tests/bench",
    "tests/lab",
    "tests/tools",
    "molecule/shared",
)


def output(*command: str) -> str:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()


def state() -> str:
    """Identify the state of the collection and of the benchmark."""
    changes = output("git", "diff", "HEAD", "--", *MEASURED) + output(
        "git", "ls-files", "--others", "--exclude-standard", "--", *MEASURED
    )
    commit = output("git", "log", "-1", "--format=%h", "--", *MEASURED)
    return f"{commit} with changes {hashlib.sha256(changes.encode()).hexdigest()[:8]}" if changes else commit


def packages() -> str:
    """The daemons that the lab's hosts install."""
    show = "apt-cache show --no-all-versions haproxy keepalived nginx"
    said = output("docker", "run", "--rm", f"evenkeel-lab:{RELEASE}", *show.split())
    versions = zip(re.findall(r"(?m)^Package: (.*)", said), re.findall(r"(?m)^Version: (.*)", said))
    return ", ".join(f"{name} {version}" for name, version in versions)


def describe() -> dict[str, str | int]:
    """Describe the machine, for readers who compare figures."""
    models = [
        line.split(":", 1)[1].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    return {
        "cpu": models[0] if models else platform.machine(),
        "cores": os.cpu_count() or 0,
        "memory_gib": int(Path("/proc/meminfo").read_text().split()[1]) // 1024**2,
        "kernel": platform.release(),
        "release": RELEASE,
        "packages": packages(),
        "ansible": f"{output('ansible', '--version').splitlines()[0]}, Python {platform.python_version()}",
    }


def _ticks() -> tuple[int, int]:
    """All ticks so far, and those without work."""
    values = [int(word) for word in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    return sum(values), values[3] + values[4]


def busy(seconds: float = 1.0) -> float:
    """Measure the percentage of time in which processors work or are taken away, although nothing is being measured."""
    before = _ticks()
    time.sleep(seconds)
    total, idle = (now - then for now, then in zip(_ticks(), before))
    return round(100 * (total - idle) / max(total, 1), 1)


def become_quiet() -> float:
    """Wait until nothing else works, but not for ever; returns how busy the machine is then."""
    end = time.monotonic() + PATIENCE
    while (found := busy()) > NOISY_BUSY and time.monotonic() < end:
        pass
    return found
