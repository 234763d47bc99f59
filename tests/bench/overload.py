"""Part (e): what many clients beside busy processors cost others: moves of the address, and requests without an
answer."""

import time
from functools import partial

from faults import saturated
from loads import LOADS, Load, loaded
from owners import Change, Owners
from prober import Prober
from traffic import any_certificate

from bench import settings
from bench.lab import LOAD_BALANCERS, Lab
from bench.measurement import Figures, Measurement
from bench.sides import GUIDES, OURS

LABS = [GUIDES, OURS]
SIDES = {"guides": GUIDES, "ours": OURS}
LOOPS = 4
"""Busy loops for each core, on the holder."""
SECONDS = 20
PATIENCE = 10.0
"""Seconds after which a client gives up."""
ALONE = Load("busy loops alone", "sleep 60")
CHOSEN = (ALONE, *LOADS)


def seconds_without(holder: str, told: list[Change], begin: float, end: float) -> float:
    """Return how many seconds between the two moments (since 1970) no host had the address, which the holder had at
    first."""
    owners, since, total = {holder}, begin, 0.0
    for change in [*sorted(told), Change(end, "", True)]:
        if not owners:
            total += change.time - since
        (owners.add if change.has else owners.discard)(change.host)
        since = change.time
    return total


def measure(load: Load, lab: Lab) -> Figures:
    """Put the load on the address for a while; the cluster is well before and after."""
    lab.be_ready()
    try:
        return observe(load, lab)
    except Exception:
        lab.restart()
        raise


def observe(load: Load, lab: Lab) -> Figures:
    holder = lab.become_well()
    with Owners(LOAD_BALANCERS, lab.vip) as owners:
        begin = time.time()
        with (
            Prober(lab.vip, 443, interval=0.05, timeout=PATIENCE, tls=any_certificate()) as prober,
            saturated(holder, loops=LOOPS),
            loaded(load, lab.vip),
        ):
            time.sleep(SECONDS)
        end = time.time()
    lab.become_well()
    good = [result.latency for result in prober.results if result.ok]
    return {
        "moves": sum(change.has for change in owners.changes if begin <= change.time <= end),
        "no_holder_ms": round(1000 * seconds_without(holder, owners.changes, begin, end), 1),
        "requests": len(prober.results),
        "answered": round(100 * len(good) / len(prober.results), 2),
        "slowest_ms": round(1000 * max(good, default=PATIENCE), 1),
    }


def plan() -> list[Measurement]:
    return [
        Measurement({"round": number, "side": side, "load": load.title}, partial(measure, load, lab))
        for number in range(1, settings.ROUNDS + 1)
        for load in CHOSEN
        if settings.LOAD in load.title
        for side, lab in SIDES.items()
    ]
