"""Sequences of faults: drawn from a seed, written down so that they can be replayed, and made shorter while they still
fail.

A sequence is written as "fault@host other_fault@host+third_fault@host": the steps one after the other, with the faults
of a step that are there together between plus signs."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

TOGETHER = 0.35
"""The part of the steps that have two faults."""


class Kind(Protocol):
    """Properties of a fault that drawing a sequence needs."""

    name: str
    on: str
    """The group of hosts on one of which it happens; C(cluster) for what a whole playbook does."""
    alone: bool
    """Whether its host can have no other fault at the same time, because nobody could heal that."""
    weight: float
    """How often it is drawn, compared with others."""


class Place(NamedTuple):
    """A fault and the host where it happens."""

    fault: str
    host: str

    def __str__(self) -> str:
        return f"{self.fault}@{self.host}"


Step = tuple[Place, ...]


def draw(seed: int, count: int, kinds: Sequence[Kind], hosts: Mapping[str, Sequence[str]]) -> list[Step]:
    """Return so many steps. The same seed draws the same steps from the same table, and a longer sequence begins as a
    shorter one does."""
    chance = random.Random(seed)
    return [_step(chance, kinds, hosts) for _number in range(count)]


def _step(chance: random.Random, kinds: Sequence[Kind], hosts: Mapping[str, Sequence[str]]) -> Step:
    found = [_place(chance, kinds, hosts)]
    if chance.random() < TOGETHER:
        known = {kind.name: kind for kind in kinds}
        while len(found) == 1:
            second = _place(chance, kinds, hosts)
            if _fit(known[found[0].fault], found[0], known[second.fault], second):
                found.append(second)
    return tuple(found)


def _place(chance: random.Random, kinds: Sequence[Kind], hosts: Mapping[str, Sequence[str]]) -> Place:
    (kind,) = chance.choices(kinds, [kind.weight for kind in kinds])
    return Place(kind.name, chance.choice(hosts[kind.on]))


def _fit(kind: Kind, place: Place, other: Kind, second: Place) -> bool:
    """Tell whether two faults can be there together: one playbook at a time, and nothing else on a host that cannot be
    healed."""
    if place.host == second.host:
        return place.fault != second.fault and not kind.alone and not other.alone
    return True


def show(steps: Iterable[Step]) -> str:
    """Return the sequence as a text, which parse() reads."""
    return " ".join("+".join(map(str, step)) for step in steps)


def parse(text: str, kinds: Iterable[Kind], hosts: Mapping[str, Sequence[str]]) -> list[Step]:
    """Read a sequence. Raises ValueError for a fault or a host that does not exist."""
    known = {kind.name: kind for kind in kinds}
    steps = [tuple(Place(*word.partition("@")[::2]) for word in step.split("+")) for step in text.split()]
    for place in (place for step in steps for place in step):
        if place.fault not in known:
            raise ValueError(f"there is no fault '{place.fault}'")
        if place.host not in hosts[known[place.fault].on]:
            raise ValueError(
                f"{place.fault} happens on {' or '.join(hosts[known[place.fault].on])}, not on '{place.host}'"
            )
    return steps


def shrink(steps: Sequence[Step], fails: Callable[[list[Step]], bool], attempts: int) -> list[Step]:
    """Return a shorter sequence that fails as well, or the same one; C(fails) runs a sequence, and is called
    C(attempts) times at most.

    What has failed last mostly fails alone, so that is tried first. Then parts are left out (Zeller's ddmin), and at
    last one of two faults that are there together."""
    left = attempts

    def still(candidate: list[Step]) -> bool:
        nonlocal left
        if left <= 0 or not candidate:
            return False
        left -= 1
        return fails(candidate)

    found = list(steps)
    size = 1
    while size < len(found):
        if still(found[-size:]):
            found = found[-size:]
            break
        size *= 2
    return _without_companions(_without_parts(found, still), still)


def _without_parts(steps: list[Step], still: Callable[[list[Step]], bool]) -> list[Step]:
    parts = 2
    while len(steps) > 1:
        size = -(-len(steps) // parts)
        for start in range(0, len(steps), size):
            rest = steps[:start] + steps[start + size :]
            if still(rest):
                steps, parts = rest, max(parts - 1, 2)
                break
        else:
            if parts >= len(steps):
                break
            parts = min(2 * parts, len(steps))
    return steps


def _without_companions(steps: list[Step], still: Callable[[list[Step]], bool]) -> list[Step]:
    for number, step in enumerate(steps):
        for place in step if len(step) > 1 else ():
            fewer = [*steps[:number], (place,), *steps[number + 1 :]]
            if still(fewer):
                steps = fewer
                break
    return steps
