"""Part (b): how long Ansible takes, beside what no playbook could be faster than."""

from functools import partial

from bench import settings
from bench.lab import Lab
from bench.measurement import Figures, Measurement
from bench.sides import BARE

LABS = list(BARE.values())
PLAYBOOKS = settings.HERE / "playbooks"
RUNS = {
    "floor": "packages alone, bare hosts",
    "first": "first run, bare hosts",
    "second": "run without a change",
    "changed": "run with one changed value",
    "ping": "play of one ping",
}


def measure(lab: Lab, run: str) -> Figures:
    """Run it on bare hosts, or on hosts that are deployed."""
    for other in LABS:
        if other is not lab:
            other.remove()
    if run in ("floor", "first"):
        lab.create()
    else:
        lab.be_ready()
    if run == "first":
        figures = lab.deploy()
        lab.deployed = {}
        return figures
    if run == "changed":
        return lab.deploy_change()
    return lab.play(PLAYBOOKS / f"{run}.yml") if run in ("floor", "ping") else lab.play(lab.playbook)


def plan() -> list[Measurement]:
    return [
        Measurement({"round": number, "run": run, "web_servers": size}, partial(measure, lab, run))
        for number in range(1, settings.ROUNDS + 1)
        for size, lab in BARE.items()
        for run in RUNS
    ]
