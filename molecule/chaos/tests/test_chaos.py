"""Random faults leave nothing behind, and cost clients no more than each of them may.

CHAOS_SEED draws the faults, CHAOS_STEPS says how many steps; CHAOS_REPLAY has a sequence as a failure prints it. A
sequence that fails is made shorter by CHAOS_SHRINK further runs at most."""

from __future__ import annotations

import os
import random
import subprocess
import time

import pytest
from chaos.run import Run, ViolationError
from chaos.sequence import Step, draw, parse, show, shrink
from chaos.table import TABLE, Lab
from cluster import container, lab_host

PREFIX = os.environ["LAB_PREFIX"]
LAB = Lab(
    {"cluster_vip": f"{PREFIX}.240", "cluster_vip_2": f"{PREFIX}.241"},
    {f"lb{number}": f"{PREFIX}.1{number}" for number in (1, 2, 3)},
    {f"web{number}": f"{PREFIX}.2{number}" for number in (1, 2, 3)},
)
SEED = int(os.environ.get("CHAOS_SEED") or random.randrange(1_000_000))
STEPS = int(os.environ.get("CHAOS_STEPS") or 60)
REPLAY = os.environ.get("CHAOS_REPLAY", "")
SHRINK = int(os.environ.get("CHAOS_SHRINK") or 12)
CONTENT = random.Random(7).randbytes(4 * 1024 * 1024)


def say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)


@pytest.fixture
def run(tmp_path) -> Run:
    """The cluster as the deployment has left it, with something to download."""
    file = tmp_path / "content"
    file.write_bytes(CONTENT)
    for name in LAB.web_servers:
        subprocess.run(["docker", "cp", "--quiet", file, f"{container(name)}:/var/www/web/content"], check=True)
        lab_host(name).check_output("chmod a+r /var/www/web/content")
    return Run(LAB, CONTENT)


def test_random_faults_leave_nothing_behind(run):
    steps = parse(REPLAY, TABLE, LAB.groups) if REPLAY else draw(SEED, STEPS, TABLE, LAB.groups)
    say(f"CHAOS_SEED={SEED} CHAOS_STEPS={STEPS}" if not REPLAY else f"CHAOS_REPLAY='{REPLAY}'")

    def fails(candidate: list[Step]) -> bool:
        say(f"once more, {len(candidate)} steps: {show(candidate)}")
        run.recover()
        try:
            run.play(candidate, say)
        except ViolationError as problem:
            say(f"fails as well: {problem}")
            return True
        return False

    try:
        run.play(steps, say)
    except ViolationError as problem:
        say(f"VIOLATION in {problem}")
        done = steps[: problem.step] if problem.step else steps
        shortest = shrink(done, fails, SHRINK)
        pytest.fail(f"seed {SEED}: {problem}\nCHAOS_REPLAY='{show(shortest)}' make molecule SCENARIO=chaos")
