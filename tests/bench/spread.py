"""Median and extremes of what was measured several times, and how far it can be trusted."""

from statistics import median
from typing import NamedTuple

from bench.records import Record


class Spread(NamedTuple):
    middle: float
    low: float
    high: float

    def text(self, form: str = "{:,.0f}") -> str:
        """Median [lowest-highest]; the extremes are left out where they add nothing."""
        middle, low, high = map(form.format, self)
        return middle if low == high else f"{middle} [{low}\N{EN DASH}{high}]"


def spread(records: list[Record], figure: str) -> Spread | None:
    """Of a figure in the records that have it, None if there is none."""
    values = [record[figure] for record in records if figure in record]
    return Spread(median(values), min(values), max(values)) if values else None


def where(records: list[Record], **wanted: object) -> list[Record]:
    """The records with these values."""
    return [record for record in records if record.items() >= wanted.items()]


def doubts(records: list[Record]) -> str:
    """Give the reason why a row cannot be trusted, for its cell; empty if it can."""
    counts = {
        "noisy": sum(record.get("noisy", False) for record in records),
        "failed": sum("error" in record for record in records),
    }
    words = [f"{word} {count}/{len(records)}" for word, count in counts.items() if count]
    return f" **({', '.join(words)})**" if words else ""
