# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A drill as a page of HTML that needs nothing but itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
from xml.etree.ElementTree import Element

from .._page.document import write_document
from .._page.markup import tag
from .chart import STATES, close_up, detail, whole
from .record import Drill, Fault
from .summary import describe_fault, find_failures, summary


def page(drill: Drill) -> str:
    """The whole page."""
    sections = [_section(drill, *numbered) for numbered in enumerate(drill["faults"], start=1)]
    parts = [*_header(drill), _table(drill), *sections, *_footer(drill)]
    return write_document(f"Failover drill: {drill['site']}", parts)


def _servers(drill: Drill) -> list[str]:
    return sorted({name for fault in drill["faults"] for name in fault["served"]})


def _header(drill: Drill) -> Iterator[Element]:
    total = summary(drill["faults"])
    moment = datetime.fromtimestamp(drill["began"], timezone.utc)
    yield tag("h1", f"Failover drill: {drill['site']}")
    yield tag("p", moment.strftime("%-d %B %Y, %H:%M UTC"), class_="dim")
    kept = "no kept connection broke" if not total["broken"] else _count(total["broken"], "kept connection") + " broke"
    share = f" ({100 * total['lost'] / total['requests']:.2g} %)" if total["lost"] else ""
    text = (
        f"{_count(total['faults'], 'fault')}, {_number(total['lost'])} of {_number(total['requests'])} requests lost"
        f"{share}, longest outage {_duration(total['longest_ms'])}, {kept}."
    )
    wrong = drill["surprise"] or any(find_failures(fault, drill["limit_ms"]) for fault in drill["faults"])
    if wrong:
        verdict = tag("span", "Not as it should be: ", class_="bad")
    elif total["lost"] or total["broken"]:
        verdict = tag("span", "The cluster recovered from every fault, with losses: ", class_="costly")
    else:
        verdict = tag("span", "Nothing was lost: ", class_="good")
    yield tag("p", verdict, text, class_="verdict")
    if drill["surprise"]:
        yield tag("section", tag("h2", "The drill has stopped"), tag("p", drill["surprise"]), class_="card")


COLUMNS = {
    "fault": None,
    "on": None,
    "outage": "number",
    "slowest answer": "number",
    "lost": "number",
    "kept connections broken": "number",
    "downloads": "number",
    "took over": None,
    "transitions": "number",
}
"""The columns of the table, with their classes."""


def _table(drill: Drill) -> Element:
    head = [tag("th", name, scope="col", class_=kind) for name, kind in COLUMNS.items()]
    rows = [_row(number, fault, drill["limit_ms"]) for number, fault in enumerate(drill["faults"], start=1)]
    return tag(
        "section",
        tag(
            "table",
            tag("caption", "What clients saw, fault by fault"),
            tag("thead", tag("tr", *head)),
            tag("tbody", *rows),
        ),
        class_="card wide",
    )


def _row(number: int, fault: Fault, limit_ms: float) -> Element:
    title = tag("a", fault["title"], href=f"#fault-{number}")
    cells = (
        fault["host"],
        _duration(fault["outage_ms"]),
        _duration(fault["slowest_ms"]),
        f"{_number(fault['lost'])} of {_number(fault['requests'])}",
        _number(fault["broken"]),
        _downloads(fault),
        "the others" if fault["anycast"] else fault["took_over"] or "nobody",
        str(len(fault["transitions"])),
    )
    return tag(
        "tr",
        tag("th", title, scope="row", class_="bad" if find_failures(fault, limit_ms) else None),
        *[tag("td", cell, class_=kind) for cell, kind in zip(cells, list(COLUMNS.values())[1:])],
    )


def _downloads(fault: Fault) -> str:
    if not fault["download_bytes"]:
        return "none"
    broken = sum(found["used"] for found in fault["download_breaks"])
    return f"{broken} broken" if broken else "whole"


def _section(drill: Drill, number: int, fault: Fault) -> Element:
    servers = _servers(drill)
    part = close_up(fault)
    notes: list[Element] = [tag("p", text, class_="bad") for text in find_failures(fault, drill["limit_ms"])]
    if fault["noise"]:
        text = (
            f"Noise: {_count(fault['noise'], 'request')} or connections failed before the fault or after the recovery."
            " No figure counts them, but something else disturbs the cluster or the clients."
        )
        notes.append(tag("p", text, class_="costly"))
    errors = [tag("li", f"{_count(count, 'request')} lost: {error}") for error, count in fault["errors"].items()]
    ends = {found["error"] for found in (*fault["breaks"], *fault["download_breaks"]) if found["used"]}
    errors += [tag("li", f"connection broken: {error}") for error in sorted(ends)]
    return tag(
        "section",
        tag("h2", f"{number}. {fault['title'][:1].upper()}{fault['title'][1:]}", id=f"fault-{number}"),
        tag("p", f"On {fault['host']}: {describe_fault(fault)}", class_="dim"),
        *notes,
        whole(fault, servers),
        tag("p", "Close-up: every request, the higher the longer it took.", class_="note") if part else None,
        detail(fault, servers, part) if part else None,
        _key(fault, servers),
        tag("ul", *errors, class_="errors") if errors else None,
        class_="card",
    )


def _key(fault: Fault, servers: list[str]) -> Element:
    """Build the legend of the colours; it names only those that are used."""
    shown = [
        (f"s{min(place, 5)}", f"answered by {name or 'a server'}")
        for place, name in enumerate(servers)
        if name in fault["served"]
    ]
    shown += [("lost", "lost")] if fault["lost"] else []
    words, entered = STATES[fault["anycast"]], {change["state"].lower() for change in fault["transitions"]}
    usual = {"master"} if fault["anycast"] else {"master", "backup"}
    shown += [("during", "the fault"), *((kind, words[kind]) for kind in words if kind in usual | entered)]
    shape = {"backup": {"y": 5, "height": 2}}
    items = []
    for kind, text in shown:
        mark = tag("rect", class_=kind, x=1, width=16, **shape.get(kind, {"y": 1, "height": 10}))
        items.append(tag("li", tag("svg", mark, viewBox="0 0 18 12", aria_hidden="true"), text))
    return tag("ul", *items, class_="key")


def _footer(drill: Drill) -> Iterator[Element]:
    clocks = [
        tag(
            "tr",
            tag("th", host, scope="row"),
            *[
                tag("td", _milliseconds(clock[name]), class_="number")
                for name in ("offset", "uncertainty", "correction")
            ],
        )
        for host, clock in drill["clocks"].items()
    ]
    yield tag(
        "section",
        tag("h2", "How it was measured"),
        tag(
            "dl",
            *[part for name, value in drill["settings"].items() for part in (tag("dt", name), tag("dd", str(value)))],
        ),
        tag("h3", "Clocks"),
        tag(
            "p",
            "Requests and moments of other hosts stand on the controller's time. An offset is corrected only if it is "
            "larger than the uncertainty, which is also how exactly a transition can be placed beside a request.",
            class_="note",
        ),
        tag(
            "table",
            tag(
                "thead",
                tag(
                    "tr",
                    *[
                        tag("th", name, scope="col", class_="number" if name != "host" else None)
                        for name in ("host", "offset", "uncertainty", "corrected by")
                    ],
                ),
            ),
            tag("tbody", *clocks),
        ),
        class_="card",
    )
    yield tag(
        "section",
        tag("h2", "Versions"),
        tag("dl", *[part for host, text in drill["versions"].items() for part in (tag("dt", host), tag("dd", text))]),
        class_="card",
    )


def _milliseconds(seconds: float) -> str:
    return f"{1000 * seconds:.1f} ms"


def _duration(milliseconds: float) -> str:
    return f"{milliseconds:.0f} ms" if milliseconds < 10000 else f"{milliseconds / 1000:.1f} s"


def _number(value: int) -> str:
    return f"{value:,}".replace(",", "\u202f")


def _count(value: int, what: str) -> str:
    return f"{_number(value)} {what}{'' if value == 1 else 's'}"
