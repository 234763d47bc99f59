"""A seed draws the same faults always, a text replays them, and a sequence that fails becomes as short as can be."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from chaos.sequence import Place, draw, parse, show, shrink


@dataclass(frozen=True)
class Kind:
    name: str
    on: str
    alone: bool = False
    weight: float = 1.0


KINDS = [
    Kind("hang", "lb"),
    Kind("flush", "lb"),
    Kind("power", "lb", alone=True),
    Kind("slow", "web"),
    Kind("deploy", "cluster", True, 0.1),
]
HOSTS = {"lb": ["lb1", "lb2", "lb3"], "web": ["web1", "web2"], "cluster": ["all"]}


def test_a_seed_draws_the_same_steps_and_more_of_them_begin_alike():
    steps = draw(7, 50, KINDS, HOSTS)
    assert draw(7, 50, KINDS, HOSTS) == steps
    assert draw(7, 80, KINDS, HOSTS)[:50] == steps
    assert draw(8, 50, KINDS, HOSTS) != steps


def test_every_fault_is_drawn_on_each_of_its_hosts_and_rare_ones_are_rare():
    places = [place for step in draw(1, 2000, KINDS, HOSTS) for place in step]
    assert set(places) == {Place(kind.name, host) for kind in KINDS for host in HOSTS[kind.on]}
    counts = {kind.name: sum(place.fault == kind.name for place in places) for kind in KINDS}
    assert counts["deploy"] * 4 < min(counts[name] for name in counts if name != "deploy")


def test_two_at_a_time_are_two_and_a_host_that_cannot_be_healed_has_one():
    alone = {kind.name for kind in KINDS if kind.alone}
    steps = draw(2, 2000, KINDS, HOSTS)
    pairs = [step for step in steps if len(step) > 1]
    assert {len(step) for step in steps} == {1, 2}
    assert 500 < len(pairs) < 900
    for one, other in pairs:
        assert one != other
        assert one.host != other.host or not {one.fault, other.fault} & alone
    assert any(one.host == other.host for one, other in pairs)


def test_a_sequence_can_be_replayed():
    steps = draw(3, 40, KINDS, HOSTS)
    assert parse(show(steps), KINDS, HOSTS) == steps
    assert (
        show([(Place("hang", "lb1"),), (Place("slow", "web2"), Place("power", "lb3"))])
        == "hang@lb1 slow@web2+power@lb3"
    )


@pytest.mark.parametrize(
    ("text", "problem"), [("hung@lb1", "no fault 'hung'"), ("hang@web1", "on lb1 or lb2 or lb3"), ("hang", "not on ''")]
)
def test_what_cannot_be_replayed_is_refused(text, problem):
    with pytest.raises(ValueError, match=problem):
        parse(text, KINDS, HOSTS)


class Failing:
    """Fails when it has all of some places, in this order of their steps; counts how often it was run."""

    def __init__(self, *places: str) -> None:
        self.places = places
        self.runs = 0

    def __call__(self, steps) -> bool:
        self.runs += 1
        left = list(self.places)
        for step in steps:
            here = set(map(str, step))
            while left and left[0] in here:
                here.discard(left.pop(0))
        return not left


def sequence(count: int, **special: str) -> list:
    """Steps of which none matters, but those that are named by their number."""
    texts = {int(name.removeprefix("at")): text for name, text in special.items()}
    return parse(" ".join(texts.get(number, "slow@web1") for number in range(count)), KINDS, HOSTS)


@pytest.mark.parametrize(
    ("steps", "places", "shortest"),
    [
        pytest.param(sequence(40, at39="hang@lb1"), ["hang@lb1"], "hang@lb1", id="the last one"),
        pytest.param(sequence(40, at39="slow@web2+hang@lb1"), ["hang@lb1"], "hang@lb1", id="with another one"),
        pytest.param(
            sequence(40, at3="flush@lb2", at39="hang@lb1"),
            ["flush@lb2", "hang@lb1"],
            "flush@lb2 hang@lb1",
            id="far apart",
        ),
        pytest.param(
            sequence(40, at3="flush@lb2", at20="power@lb3", at39="hang@lb1"),
            ["flush@lb2", "power@lb3", "hang@lb1"],
            "flush@lb2 power@lb3 hang@lb1",
            id="three",
        ),
        pytest.param(
            sequence(9, at4="hang@lb1+flush@lb2"),
            ["hang@lb1", "flush@lb2"],
            "hang@lb1+flush@lb2",
            id="two that have to be there together",
        ),
    ],
)
def test_a_sequence_that_fails_becomes_as_short_as_can_be(steps, places, shortest):
    fails = Failing(*places)
    assert show(shrink(steps, fails, 200)) == shortest
    assert fails.runs < 60


def test_no_more_attempts_than_there_may_be_and_what_is_found_by_then_fails():
    steps = sequence(64, at3="flush@lb2", at20="power@lb3", at63="hang@lb1")
    fails = Failing("flush@lb2", "power@lb3", "hang@lb1")
    found = shrink(steps, fails, 20)
    assert fails.runs == 20
    assert len(found) < len(steps)
    assert fails(found)


def test_what_fails_by_chance_is_not_made_shorter():
    steps = sequence(5)
    assert shrink(steps, lambda candidate: False, 50) == steps
