"""A run measures what is missing, notes what goes wrong, and goes on."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from bench import __main__ as bench
from bench.measurement import Measurement
from bench.records import Records


def fine():
    return {"rate": 5}


def broken():
    raise AssertionError("not well")


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs a part that consists of these measurements, and gives its records."""
    records = Records(tmp_path / "results.jsonl")
    records.begin(machine="a")
    monkeypatch.setattr(bench.machine, "become_quiet", lambda: 5.0)
    monkeypatch.setattr(bench.machine, "busy", lambda: 90.0)
    monkeypatch.setattr(bench.report, "write", lambda _records: None)

    def measured(*measures):
        plan = [Measurement({"round": number}, measure) for number, measure in enumerate(measures)]
        monkeypatch.setitem(bench.ALL, "part", SimpleNamespace(LABS=[], plan=lambda: plan))
        bench.run(records, "part")
        return records.of("part")

    return measured


def test_a_failure_is_noted_and_does_not_keep_the_rest_from_being_measured(run):
    failed, measured = run(broken, fine)
    assert failed == {"round": 0, "error": "not well"}
    assert measured["rate"] == 5


def test_what_was_measured_on_a_busy_machine_is_noisy(run):
    assert run(fine)[0]["noisy"]


def test_the_next_run_measures_only_what_is_missing_or_has_failed(run):
    run(fine, broken)
    assert [record["rate"] for record in run(broken, fine)] == [5, 5]


def test_many_failures_one_after_the_other_end_the_part(run):
    assert len(run(*[broken] * 9)) == bench.PATIENCE
