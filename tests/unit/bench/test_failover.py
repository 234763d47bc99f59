"""When a fault is over, and what counts as noise."""

from __future__ import annotations

import time

import pytest
from bench.failover import await_service, noise
from bench.measured_faults import Fault
from prober import Prober, Result


def results(*starts: float, latency: float = 0.001, ok: bool = True) -> list[Result]:
    return [Result(start, latency, ok) for start in starts]


@pytest.mark.parametrize(
    ("found", "milliseconds"),
    [
        (results(0, 0.005, 0.010), 1),
        (results(0.010, 0.005, 0), 1),
        (results(0, 0.005, 0.050), 40),
        ([*results(0, 0.005), *results(0.010, latency=0.030)], 30),
        ([*results(0, 0.005), *results(0.010, latency=1, ok=False)], 1),
        ([], 1000),
    ],
)
def test_noise_is_what_is_late_without_a_fault(found, milliseconds):
    assert noise(found, 0.005) == pytest.approx(milliseconds)


@pytest.mark.parametrize(("ok", "over"), [(True, True), (False, False)])
def test_a_fault_is_over_when_requests_are_answered_again(ok, over):
    prober = Prober("192.0.2.1")
    prober.results = results(*[time.monotonic() + number / 100 for number in range(300)], ok=ok)
    assert await_service(prober, Fault("a fault", lambda scene: None, most=2.3)) is over
