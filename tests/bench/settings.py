"""Settings of the benchmark, from the environment or make's command line."""

import os
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
OUTPUT = ROOT / "tests" / "output" / "bench"


def words(name: str) -> list[str]:
    return os.environ.get(name, "").replace(",", " ").split()


LAB = os.environ.get("BENCH_LAB") or "evenkeel-bench"
"""The beginning of the names of all hosts and networks."""
NETWORK = os.environ.get("BENCH_NETWORK") or "10.60"
"""The first half of all addresses."""
RELEASE = os.environ.get("LAB_RELEASE") or "bookworm"
ROUNDS = int(os.environ.get("BENCH_ROUNDS") or 5)
SIZES = [int(word) for word in words("BENCH_SIZES")] or [3, 10, 20]
"""How many web servers Ansible has to deploy."""
FAULT = os.environ.get("BENCH_FAULT", "")
"""Only faults whose titles have this text."""
LOAD = os.environ.get("BENCH_LOAD", "")
"""Only loads whose titles have this text."""
PARTS = words("PARTS")
PUBLISH = bool(os.environ.get("PUBLISH"))
KEEP = bool(os.environ.get("BENCH_KEEP"))
"""Whether the hosts stay, to look at them."""
