"""What the runs of the scenario chaos judge by."""

from __future__ import annotations

import os

import pytest

for name in ("LAB_NAME", "LAB_PREFIX", "MOLECULE_EPHEMERAL_DIRECTORY"):
    os.environ.setdefault(name, "/nonexistent")
from chaos.clients import Request
from chaos.run import Ledger, ViolationError, is_served, lost, summary
from chaos.table import NOBODY, UNREPEATABLE

GOOD = [
    Request(100 + number / 5, 0.1, f"new {vip}:80", f"{vip}{number}") for number in range(20) for vip in ("one", "two")
]


def test_a_fault_excuses_the_clients_that_it_costs_something_and_no_others():
    requests = [
        *(Request(1, 1, "new one:80", "1", "status 503"), Request(1, 1, "unsafe kept one:80", "2", "status 502")),
        *(Request(1, 1, "kept one:80", "3"), Request(1, 1, "websocket one", "4", "closed before the end")),
    ]
    assert [request.number for request in lost(requests, NOBODY)] == ["1", "2", "4"]
    assert [request.number for request in lost(requests, UNREPEATABLE)] == ["1"]


@pytest.mark.parametrize(
    ("requests", "served"),
    [
        pytest.param(GOOD, True, id="both are served"),
        pytest.param([request for request in GOOD if "one" in request.client], False, id="nothing is known of one"),
        pytest.param([*GOOD, Request(102, 0.1, "new two:443", "x", "Connection refused")], False, id="one was lost"),
        pytest.param(
            [*GOOD, Request(90, 12, "new two:443", "x", "no answer in time")],
            False,
            id="one was lost that began before",
        ),
        pytest.param([*GOOD, Request(90, 5, "new two:443", "x", "no answer in time")], True, id="one was lost before"),
        pytest.param(
            [*GOOD, Request(102, 0.1, "unsafe two:443", "x", "status 502")], True, id="only new clients that read count"
        ),
        pytest.param([], False, id="nothing is known"),
    ],
)
def test_whether_vips_are_served(requests, served):
    assert is_served(requests, ["one", "two"], 104, 3) is served


def test_a_ledger_takes_each_line_once_and_whole():
    ledger = Ledger()
    ledger.read({"web1": "a-1\na-2\na-", "web2": "a-4\n"})
    assert ledger.seen == {"web1": 8, "web2": 4}
    ledger.read({"web1": "a-3\n", "web2": ""})
    assert ledger.executed == ["a-1", "a-2", "a-4", "a-3"]
    assert ledger.seen == {"web1": 12, "web2": 4}


def test_a_violation_tells_its_place():
    assert str(ViolationError("two owners", 7, "step 7 (hang@lb1)")) == "step 7 (hang@lb1): two owners"
    assert ViolationError("old workers").step == 0


def test_a_summary_counts_by_client_and_cause():
    requests = [Request(1, 1, "new one:80", str(number), "status 503") for number in range(3)] + [
        Request(1, 1, "kept one:80", "9", "reset")
    ]
    assert summary(requests) == "3 of new one:80: status 503; 1 of kept one:80: reset"
