"""Part (a): what clients see of every fault, with the guides' configuration and with the collection's, in turn."""

import time
from functools import partial
from itertools import pairwise

from faults import on_machine
from owners import Owners, two_owners
from prober import Prober, Result, outage

from bench import settings
from bench.lab import LOAD_BALANCERS, Lab
from bench.machine import NOISY_MS
from bench.measured_faults import FAULTS, Fault, Scene
from bench.measurement import Figures, Measurement
from bench.sides import FAST, GUIDES, OURS

LABS = [GUIDES, OURS]
SIDES: dict[str, tuple[Lab, Figures]] = {"guides": (GUIDES, {}), "ours": (OURS, {}), "fast": (OURS, FAST)}
SERVED = 2.0
"""So many seconds without a failure after which a fault is over; a request takes one second at the most."""
QUIET = 1.0
"""Seconds before a fault and after its end in which nothing should happen."""


def noise(results: list[Result], interval: float) -> float:
    """The longest time, in milliseconds, that an answer took or a request came late although there was no fault."""
    late = [
        after.start - before.start - interval
        for before, after in pairwise(sorted(results, key=lambda result: result.start))
    ]
    return 1000 * max([result.latency for result in results if result.ok] + late, default=QUIET)


def await_service(prober: Prober, fault: Fault) -> bool:
    """Wait until requests are answered again, as long as the fault wants; tells whether they are."""
    began = time.monotonic()
    while (elapsed := time.monotonic() - began) < fault.most:
        time.sleep(0.05)
        if elapsed >= fault.least and prober.good_since(began, SERVED):
            return True
    return False


def measure(fault: Fault, lab: Lab, variables: Figures) -> Figures:
    """Do the fault under load and heal it; the cluster is well before and after."""
    lab.be_ready(**variables)
    try:
        return observe(fault, lab)
    except Exception:
        lab.restart()
        raise


def observe(fault: Fault, lab: Lab) -> Figures:
    scene = Scene(lab, lab.become_well())
    # What the fault before has left in the client's neighbour table is not this one's.
    on_machine(scene.holder, f"ip neighbour flush to {lab.vip}")
    clock = time.time() - time.monotonic()
    with Owners(LOAD_BALANCERS, lab.vip) as owners, Prober(lab.vip) as prober:
        time.sleep(QUIET)
        begin = time.monotonic()
        time.sleep(QUIET)
        broken = time.monotonic()
        with fault.happens(scene):
            over = await_service(prober, fault)
            healing = time.monotonic()
        healed = scene.healed or clock + healing
        lab.become_well()
        well = time.monotonic()
        time.sleep(QUIET)
        end = time.monotonic()

    def between(first: float, last: float) -> list[Result]:
        return [result for result in prober.results if first <= result.start < last]

    seen = between(broken - 0.1, healing)
    owned = [
        two_owners(scene.holder, owners.changes, *moments)
        for moments in ((clock + broken, clock + healing), (healed, clock + well))
    ]
    figures = {
        "outage_ms": outage(seen),
        "lost": sum(not result.ok for result in seen),
        "slowest_ms": 1000 * max((result.latency for result in seen if result.ok), default=0.0),
        "two_owners_ms": 1000 * owned[0],
        "healing_two_owners_ms": 1000 * owned[1],
    }
    quiet = between(begin, broken)
    late = max(noise(results, prober.interval) for results in (quiet, between(well, end)))
    return {
        **{name: round(figures[name], 1) for name in fault.figures},
        "requests": len(seen),
        "over": over,
        # A cluster that looks well may still lose some.
        "healing_lost": sum(not result.ok for result in between(healing, end)),
        "noise_ms": round(late, 1),
        "noisy": late > NOISY_MS or not all(result.ok for result in quiet),
    }


def plan() -> list[Measurement]:
    """All faults of the first two sides in turn, then those of the third, in every round."""
    faults = [fault for fault in FAULTS if settings.FAULT in fault.title]
    pairs = [(fault, side) for fault in faults for side in ("guides", "ours")] + [
        (fault, "fast") for fault in faults if fault.timed
    ]
    return [
        Measurement({"round": number, "side": side, "fault": fault.title}, partial(measure, fault, *SIDES[side]))
        for number in range(1, settings.ROUNDS + 1)
        for fault, side in pairs
    ]
