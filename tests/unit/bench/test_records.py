"""A run that is ended loses nothing, and the next one goes on with it."""

from __future__ import annotations

import pytest
from bench.records import Records

KEY = {"round": 1, "fault": "host dead"}


@pytest.fixture
def records(tmp_path):
    found = Records(tmp_path / "results.jsonl", "first")
    found.begin(machine="a")
    found.add("failover", KEY, outage_ms=280)
    return found


def test_the_same_machine_goes_on(records):
    records.begin(machine="a")
    assert records.has("failover", KEY)
    assert not records.has("failover", {**KEY, "round": 2})
    assert not records.has("throughput", KEY)


def test_another_machine_begins_anew_and_the_old_run_is_kept(records):
    before = records.path.read_text()
    records.begin(machine="b")
    assert [path.read_text() for path in records.path.parent.glob("results.*.jsonl")] == [before]
    assert records.of("failover") == []


def test_another_state_of_the_collection_measures_anew_and_the_other_parts_keep_theirs(records):
    records.add("servers", KEY, seconds=4)
    later = Records(records.path, "second")
    later.begin(machine="a")
    assert not later.has("failover", KEY)
    assert later.of("failover") == [{**KEY, "outage_ms": 280}]
    later.add("failover", {**KEY, "round": 2}, outage_ms=30)
    assert later.of("failover") == [{**KEY, "round": 2, "outage_ms": 30}]
    assert (later.measured("failover"), later.measured("servers"), later.measured("ansible")) == ("second", "first", "")


def test_what_failed_is_measured_again(records):
    records.add("failover", KEY, error="not well")
    assert not records.has("failover", KEY)
    records.add("failover", KEY, outage_ms=290)
    assert records.of("failover") == [{**KEY, "outage_ms": 290}]


def test_half_a_line_is_no_record(records):
    with records.path.open("a") as stream:
        stream.write('{"part": "failover", "key": {"rou')
    records.begin(machine="a")
    assert records.of("failover") == [{**KEY, "outage_ms": 280}]
    records.add("failover", {**KEY, "round": 2}, outage_ms=270)
    assert len(records.of("failover")) == 2
