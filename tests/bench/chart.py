"""Bar charts as SVG, readable on light and dark pages; the template prints what is computed here."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from jinja2 import Environment, FileSystemLoader

from bench.settings import HERE
from bench.spread import Spread

LEFT, RIGHT, TOP, BOTTOM, WIDTH = 245, 115, 60, 30, 800
THICKNESS, GAP = 12, 10


@dataclass(frozen=True)
class Bar:
    """One value; "endless" stands for one that is not known but larger than all others."""

    colour: int
    value: Spread | None
    text: str
    endless: bool = False


@dataclass(frozen=True)
class Scale:
    """Positions of values between 0 and 1, and the marked ones."""

    place: Callable[[float], float]
    marks: list[float]
    unit: Callable[[float], str]

    def x(self, value: float) -> float:
        return round(LEFT + (WIDTH - LEFT - RIGHT) * min(1.0, self.place(value)), 1)


def logarithmic(lowest: float, highest: float, unit: Callable[[float], str]) -> Scale:
    """Powers of ten; what is smaller than the lowest stands there."""
    decades = math.log10(highest / lowest)
    marks = [lowest * 10**power for power in range(math.floor(decades) + 1)]
    return Scale(lambda value: math.log10(max(value, lowest) / lowest) / decades, marks, unit)


def linear(highest: float, unit: Callable[[float], str]) -> Scale:
    """From zero, with about five round marks."""
    step = 10 ** math.floor(math.log10(max(highest, 1e-9) / 4))
    step *= next(factor for factor in (1, 2, 5, 10) if highest / (step * factor) <= 6)
    return Scale(lambda value: value / highest, [step * number for number in range(int(highest / step) + 1)], unit)


def place(one: Bar, y: int, scale: Scale) -> dict[str, object]:
    """Position of a bar, of the line of its spread and of its text."""
    low, middle, high = LEFT, LEFT, LEFT
    if one.endless:
        middle = WIDTH - RIGHT
    elif one.value:
        middle, low, high = map(scale.x, one.value)
    return {
        "colour": one.colour,
        "y": y,
        "width": round(middle - LEFT, 1),
        "low": low,
        "high": high,
        "end": max(middle, high) + 5,
        "text": one.text,
    }


def draw(title: str, legend: list[str], rows: list[tuple[str, list[Bar]]], scale: Scale) -> str:
    """The chart: a row a label, with a bar for each of its values."""
    top = TOP
    drawn = []
    for label, bars in rows:
        placed = [place(one, top + number * (THICKNESS + 1), scale) for number, one in enumerate(bars)]
        drawn.append({"text": label, "y": top + len(bars) * (THICKNESS + 1) / 2 + 4, "bars": placed})
        top += len(bars) * (THICKNESS + 1) + GAP
    template = Environment(loader=FileSystemLoader(HERE), autoescape=True, trim_blocks=True).get_template(
        "chart.svg.j2"
    )
    return template.render(
        title=title,
        width=WIDTH,
        height=top + BOTTOM,
        left=LEFT,
        thickness=THICKNESS,
        # A letter takes about 7 pixels.
        legend=[
            {"text": text, "x": 12 + sum(40 + 7 * len(before) for before in legend[:number])}
            for number, text in enumerate(legend)
        ],
        marks=[{"x": scale.x(value), "text": scale.unit(value)} for value in scale.marks],
        rows=drawn,
    )
