"""Which unanswered requests count as lost, and who has had an address when."""

from __future__ import annotations

import time

import pytest
from observed import NO_ANSWER, Fullness, Observation, Sample
from owners import Change, Owners
from prober import Prober, Result
from story import Cluster

FULL = [Sample(second, second + 0.1, 4096, 4096) for second in range(20)]
ROOM = Sample(9.5, 9.6, 3800, 4096)
VIP = "192.0.2.10"


def seen(samples: list[Sample] = (), results: list[Result] = (), moves: list[Change] = ()) -> Observation:
    """What was seen of two load balancers, of which lb1 had the address at first."""
    clock = time.time() - time.monotonic()
    fullness, prober, owners = Fullness("lb1"), Prober(VIP), Owners(["lb1", "lb2"], VIP)
    fullness.samples = [
        Sample(clock + sample.began, clock + sample.ended, sample.connections, sample.limit) for sample in samples
    ]
    prober.results, owners.changes = list(results), list(moves)
    cluster = Cluster(["lb1", "lb2"], {"vip": VIP})
    return Observation(cluster, 0.0, {"vip": ["lb1"]}, {"vip": owners}, {"lb1": fullness}, {"port 80": prober})


@pytest.mark.parametrize(
    ("samples", "result", "lost"),
    [
        pytest.param([], Result(5.0, 30.0, True), False, id="late"),
        pytest.param(
            [], Result(5.0, 10.0, False, "", NO_ANSWER), True, id="no answer, and nobody knows whether haproxy was full"
        ),
        pytest.param(FULL, Result(5.0, 10.0, False, "", NO_ANSWER), False, id="no answer of a haproxy that was full"),
        pytest.param([*FULL, ROOM], Result(5.0, 10.0, False, "", NO_ANSWER), True, id="haproxy had room meanwhile"),
        pytest.param([*FULL, ROOM], Result(10.0, 5.0, False, "", NO_ANSWER), False, id="haproxy had room before"),
        pytest.param(FULL, Result(5.0, 0.1, False, "", "Connection refused"), True, id="refused by a full haproxy"),
        pytest.param(
            FULL, Result(5.0, 0.1, False, "", "HTTP/1.1 503 Service Unavailable"), True, id="an error of a full haproxy"
        ),
    ],
)
def test_only_a_full_haproxy_may_leave_a_request_without_an_answer(samples, result, lost):
    assert bool(seen(samples, [result]).failures()) is lost


@pytest.mark.parametrize(
    ("moves", "tenures"),
    [
        pytest.param([], [["lb1"]], id="nothing has moved"),
        pytest.param([Change(3.0, "lb1", True)], [["lb1"]], id="said once more"),
        pytest.param(
            [Change(3.0, "lb1", False), Change(3.5, "lb2", True)], [["lb1"], [], ["lb2"]], id="nobody for a while"
        ),
        pytest.param(
            [Change(3.5, "lb1", False), Change(3.0, "lb2", True)],
            [["lb1"], ["lb1", "lb2"], ["lb2"]],
            id="both for a while",
        ),
        pytest.param([Change(3.0, "lb1", False), Change(3.1, "lb1", True)], [["lb1"], [], ["lb1"]], id="gone and back"),
    ],
)
def test_every_holder_is_known(moves, tenures):
    assert [hosts for _moment, hosts in seen(moves=moves).tenures("vip")] == tenures


def test_a_change_of_state_is_told_with_what_has_led_to_it():
    found = seen([*FULL[:5], ROOM], [Result(5.0, 0.1, False, "", "Connection refused")], [Change(3.0, "lb1", False)])
    found.mark("reload")
    found.journals["lb1"] = "6.5 lb1 haproxy[7]: Server web/web1 is DOWN"
    timeline = found.timeline()
    for text in (
        "reload",
        "vip is held by nobody",
        "Connection refused",
        "lb1 has 4096 of 4096 connections",
        "web/web1 is DOWN",
    ):
        assert text in timeline
