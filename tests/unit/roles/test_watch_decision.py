"""What keepalived's watch decides from evidence and time: a process that hangs is a failure, one that is busy is
not."""

from __future__ import annotations

import importlib.util
import itertools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

WATCH = Path(__file__).parents[3] / "roles/keepalived/files/watch.py"
SPEC = importlib.util.spec_from_file_location("watch", WATCH)
watch = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(watch)
Evidence, Decision = watch.Evidence, watch.Decision
GOOD, REFUSED, STUCK, ASLEEP, RUNS, UNKNOWN = Evidence

INTERVAL, TIMEOUT, RISE = 0.05, 0.3, 5
STEP = TIMEOUT / watch.STEPS


def decision(now=0.0):
    """One with the default profile's values."""
    return Decision(INTERVAL, TIMEOUT, RISE, now)


def tell(decided, story, now=0.0):
    """Give it evidence, as pairs of what and for how many seconds, at every step; gives the moments at which the
    verdict has changed."""
    changes, verdict = [], decided.verdict
    for evidence, seconds in story:
        for _number in range(round(seconds / STEP)):
            now += STEP
            decided.take(evidence, now)
            if decided.verdict != verdict:
                verdict = decided.verdict
                changes.append((round(now, 3), verdict))
    return changes


STORIES = {
    "it answers": ([(GOOD, 1)], ["well"]),
    "it is stopped": ([(GOOD, 1), (STUCK, 1)], ["well", "failed"]),
    "it is stopped for less than the time-out": ([(GOOD, 1), (STUCK, 0.25), (GOOD, 1)], ["well"]),
    "it is stopped and goes on": ([(GOOD, 1), (STUCK, 1), (GOOD, 1)], ["well", "failed", "well"]),
    "it has ended": ([(GOOD, 1), (REFUSED, 1)], ["well", "failed"]),
    "one answer is another status": ([(GOOD, 1), (REFUSED, 0.05), (GOOD, 1)], ["well"]),
    "it is busy": ([(GOOD, 1), (RUNS, 60)], ["well", "busy"]),
    "it is busy and is stopped": ([(GOOD, 1), (RUNS, 5), (STUCK, 1)], ["well", "busy", "failed"]),
    "it gets on a little again and again": ([(GOOD, 1), *[(STUCK, 0.1), (RUNS, 0.05)] * 50], ["well", "busy"]),
    "it is busy and then answers": ([(GOOD, 1), (RUNS, 2), (GOOD, 1)], ["well", "busy", "well"]),
    "some answers of a busy one are in time": ([(GOOD, 1), *[(RUNS, 0.5), (GOOD, 0.15)] * 20], ["well", "busy"]),
    "nobody is known to listen": ([(GOOD, 1), (UNKNOWN, 600)], ["well", "busy"]),
    "it sleeps for a second and answers": ([(GOOD, 1), (ASLEEP, 1), (GOOD, 1)], ["well", "busy", "well"]),
    "it sleeps for ever": ([(GOOD, 1), (ASLEEP, 3)], ["well", "busy", "failed"]),
    "it has not been started": ([(REFUSED, 5)], ["failed"]),
    "it is started": ([(REFUSED, 5), (GOOD, 1)], ["failed", "well"]),
    "it is busy when the watch starts": ([(RUNS, 5)], ["busy"]),
    "it is stopped when the watch starts": ([(STUCK, 5)], ["failed"]),
    "it goes on under a load that lets no answer be in time": (
        [(GOOD, 1), (STUCK, 1), (RUNS, 5)],
        ["well", "failed", "busy"],
    ),
}


@pytest.mark.parametrize(("story", "verdicts"), STORIES.values(), ids=STORIES)
def test_the_verdicts_of_a_story(story, verdicts):
    assert [verdict for _moment, verdict in tell(decision(), story)] == verdicts


FAILURES = [(STUCK, TIMEOUT, TIMEOUT), (REFUSED, TIMEOUT, TIMEOUT), (ASLEEP, 4 * TIMEOUT, 6 * TIMEOUT)]


@pytest.mark.parametrize(("evidence", "least", "most"), FAILURES, ids=[row[0].name for row in FAILURES])
def test_how_long_a_failure_takes_to_be_seen(evidence, least, most):
    decided = decision()
    tell(decided, [(GOOD, 1)])
    moments = {verdict: moment for moment, verdict in tell(decided, [(evidence, 10)], now=1.0)}
    assert least <= round(moments["failed"] - 1.0, 3) <= most


def test_each_failure_needs_more_proof_up_to_a_bound_until_it_is_forgotten():
    decided, now, took = decision(), 0.0, []
    for quiet in (2, 5, 5, 5, 5, 5, watch.QUIET + 5):
        tell(decided, [(GOOD, quiet)], now)
        now += quiet
        moments = {verdict: moment for moment, verdict in tell(decided, [(STUCK, 5)], now)}
        took.append(round(moments["failed"] - now, 2))
        now += 5
    assert took == pytest.approx([0.3, 0.6, 1.2, 2.4, 2.4, 2.4, 0.3], abs=1.1 * STEP)


def test_each_busy_time_needs_more_answers_to_end_up_to_a_bound_until_it_is_forgotten():
    decided, now, took = decision(), 0.0, []
    for quiet in (1, 20, 20, 20, 20, 20, 20, 20, 20, watch.QUIET + 20):
        moments = {verdict: moment for moment, verdict in tell(decided, [(GOOD, quiet)], now)}
        took.append(round((moments["well"] - now) / STEP))
        now += quiet
        tell(decided, [(RUNS, 1)], now)
        now += 1
    assert took == [5, 5, 10, 20, 40, 80, 160, 320, 320, 320]
    tell(decided, [(GOOD, 1)], now)
    assert decided.busy_times == 1


def test_a_time_in_which_the_watch_did_not_run_is_no_evidence():
    decided = decision()
    tell(decided, [(GOOD, 1)])
    decided.take(STUCK, 100.0)
    assert decided.verdict == "well"


def test_slow_questions_need_more_than_one_look():
    """An interval that is longer than the time-out does not make one look enough."""
    decided = Decision(10, TIMEOUT, 1, 0.0)
    decided.take(GOOD, 0.1)
    decided.take(STUCK, 10.1)
    assert decided.verdict == "well"


def test_each_failure_lasts_as_long_as_its_proof():
    decided = decision()
    tell(decided, [(GOOD, 1), (STUCK, 1), (GOOD, 1), (STUCK, 2)])
    assert decided.verdict == "failed"
    assert tell(decided, [(GOOD, 5)], now=5.0) == [(5.0 + RISE * STEP, "well")]


ANY = st.lists(st.tuples(st.sampled_from(list(Evidence)), st.floats(0.001, 2)), max_size=300)
"""Evidence, and how many seconds later than the one before it comes: late, because the host is crowded, or early."""
SLOW = st.lists(st.tuples(st.sampled_from([GOOD, RUNS, UNKNOWN]), st.floats(0.001, 5)), max_size=300)


def play(decided, pieces):
    """The moments at which it has changed whether the node may hold a VIP, and whether it is busy."""
    now, holding, busy, before = 0.0, [], [], (decided.well, decided.busy)
    for evidence, later in pieces:
        now += later
        decided.take(evidence, now)
        holding += [now] if decided.well is not before[0] else []
        busy += [(now, decided.busy)] if decided.busy is not before[1] else []
        before = (decided.well, decided.busy)
    return holding, busy


@given(ANY)
def test_no_two_decisions_come_within_the_time_out(pieces):
    holding, _busy = play(decision(), pieces)
    assert all(later - earlier >= TIMEOUT * 0.999 for earlier, later in itertools.pairwise(holding))


@given(SLOW)
def test_slowness_alone_keeps_no_node_out_whenever_it_is_looked_at(pieces):
    decided = decision()
    for number in range(1, len(pieces) + 1):
        play(decided, pieces[number - 1 : number])
        assert decided.verdict != "failed"


@given(ANY)
def test_a_node_that_runs_is_not_kept_out_by_slowness_for_ever(pieces):
    decided = decision()
    play(decided, pieces)
    tell(decided, [(RUNS, 2 * watch.MAX_PATIENCE * TIMEOUT + 1)], now=decided.last)
    assert decided.verdict == "busy"


@given(ANY)
def test_a_failure_has_been_looked_at_for_half_of_the_time_out(pieces):
    """Whatever came before: the pieces of evidence since the process last got on cover the time, each of them at most
    two steps of it."""
    decided = decision()
    now, still, before = 0.0, 0, None
    for evidence, later in pieces:
        now += later
        decided.take(evidence, now)
        still = still + 1 if evidence.weight else 0
        if decided.well is False and before is not False:
            assert still * 2 * STEP >= TIMEOUT / 2
        before = decided.well


@given(ANY)
def test_a_node_that_answers_is_well_in_the_end(pieces):
    decided = decision()
    play(decided, pieces)
    tell(decided, [(GOOD, RISE * watch.MAX_CALM * STEP + watch.MAX_PATIENCE * TIMEOUT)], now=decided.last)
    assert decided.verdict == "well"
