"""Plots of the figures."""

from bench.ansible_runs import RUNS
from bench.chart import Bar, draw, linear, logarithmic
from bench.measured_faults import FAULTS
from bench.overload import CHOSEN
from bench.records import Record, Records
from bench.spread import spread, where
from bench.table import SIDES, TARGETS
from bench.throughput import MODES


def _bar(colour: int, found: list[Record], figure: str, form: str) -> Bar:
    value = spread(found, figure)
    return Bar(colour, value, form.format(value.middle) if value else "failed")


def _outage(colour: int, found: list[Record]) -> Bar:
    if any(record.get("over") is False for record in found):
        return Bar(colour, None, "not over", endless=True)
    return _bar(colour, found, "outage_ms", "{:,.0f} ms")


def failover(records: list[Record]) -> str:
    rows = []
    for fault in FAULTS:
        found = [where(records, fault=fault.title, side=side) for side in SIDES]
        if "outage_ms" in fault.figures and any(found):
            rows.append((fault.title, [_outage(colour, some) for colour, some in enumerate(found) if some]))
    scale = logarithmic(1, 10000, lambda value: f"{value:.0f} ms" if value < 1000 else f"{value / 1000:.0f} s")
    return draw("Outage that clients see (median, line: lowest to highest)", list(SIDES.values()), rows, scale)


def overload(records: list[Record]) -> str:
    sides = ("guides", "ours")
    rows = []
    for load in CHOSEN:
        found = [where(records, load=load.title, side=side) for side in sides]
        if any(found):
            rows.append(
                (load.title, [_bar(colour, some, "answered", "{:.1f} %") for colour, some in enumerate(found) if some])
            )
    title = "Requests of others that are answered (median, line: lowest to highest)"
    return draw(title, list(sides), rows, linear(100, lambda value: f"{value:g} %"))


def ansible(records: list[Record]) -> str:
    sizes = sorted({record["web_servers"] for record in records})
    rows = []
    for run, title in RUNS.items():
        found = [where(records, run=run, web_servers=size) for size in sizes]
        rows.append((title, [_bar(colour, some, "seconds", "{:.1f} s") for colour, some in enumerate(found) if some]))
    highest = max((record["seconds"] for record in records if "seconds" in record), default=1)
    legend = [f"{size} web servers" for size in sizes]
    return draw(
        "Ansible runs (median, line: lowest to highest)", legend, rows, linear(highest, lambda value: f"{value:g} s")
    )


def throughput(records: list[Record]) -> str:
    rows = []
    for title in [mode.title for mode in MODES]:
        found = [where(records, mode=title, target=target) for target in TARGETS]
        rows.append(
            (
                title,
                [_bar(colour, some, "rate", "{:,.0f}") for colour, some in enumerate(found) if some],
            )
        )
    highest = max((record["rate"] for record in records if "rate" in record), default=1)
    title = "Requests per second (median, line: lowest to highest)"
    return draw(title, list(TARGETS.values()), rows, linear(highest, lambda value: f"{value:,.0f}"))


def plots(records: Records) -> dict[str, str]:
    """File names and what stands in them."""
    drawings = {"failover": failover, "overload": overload, "throughput": throughput, "ansible": ansible}
    return {f"{part}.svg": render(found) for part, render in drawings.items() if (found := records.of(part))}
