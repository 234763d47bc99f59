# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A drill as a page of HTML that needs nothing but itself, and as JUnit XML."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from typing import Any
from xml.etree.ElementTree import Element

from ansible_collections.evenkeel.ha_web.plugins.module_utils._drill import failures, summary
from ansible_collections.evenkeel.ha_web.plugins.module_utils._drill_chart import close_up, describe, detail, whole
from ansible_collections.evenkeel.ha_web.plugins.module_utils._markup import html, tag, xml

Drill = Mapping[str, Any]
"""C(site) (what it is called), C(began) (seconds since 1970), C(faults) (as _drill.measure gives them), C(surprise), C(limit_ms),
C(settings) and C(versions) (names with texts, the latter by host), C(clocks) (what clock_offset has returned, by host)."""

STYLE = """
:root { color-scheme: light dark; --back: #fbfbfa; --card: #fff; --ink: #1c2128; --dim: #5c6670; --line: #dfe3e8;
  --red: #c62a2f; --green: #1a7a3c; --during: #f6e3d3; --master: #2b6cb0; --flow: #8896a5;
  --s0: #4c8bd6; --s1: #2aa79b; --s2: #8f74d2; --s3: #c79a2b; --s4: #6f9e3f; --s5: #98a2ad }
@media screen and (prefers-color-scheme: dark) { :root { --back: #0f1318; --card: #171c23; --ink: #e8ecf1; --dim: #9aa5b1; --line: #2b333d;
  --red: #ff6b6b; --green: #57c97f; --during: #3b2c1f; --master: #6aa9f0; --flow: #6c7a89;
  --s0: #5d9df0; --s1: #3dbfb1; --s2: #a68cf0; --s3: #dcb04a; --s4: #8cc255; --s5: #7d8894 } }
* { box-sizing: border-box }
body { margin: 0; background: var(--back); color: var(--ink); font: 15px/1.5 system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif }
main { max-width: 1040px; margin: 0 auto; padding: 32px 20px 56px }
h1 { font-size: 26px; line-height: 1.2; margin: 0 0 4px; letter-spacing: -.01em }
h2 { font-size: 18px; margin: 0 0 2px }
h3 { font-size: 15px; margin: 24px 0 6px }
p { margin: 4px 0 }
.dim, caption, .note { color: var(--dim) }
.verdict { font-size: 17px; margin: 14px 0 22px }
.bad { color: var(--red); font-weight: 600 }
.good { color: var(--green); font-weight: 600 }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 18px 20px; margin: 0 0 20px;
  break-inside: avoid }
.wide { overflow-x: auto }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums }
caption { text-align: left; padding-bottom: 6px }
th, td { text-align: left; padding: 6px 14px 6px 0; border-bottom: 1px solid var(--line); vertical-align: top }
tbody tr:last-child > * { border-bottom: 0 }
thead th { color: var(--dim); font-weight: 500; font-size: 13px; vertical-align: bottom }
tbody th { font-weight: 500 }
.number { text-align: right }
td.number { white-space: nowrap }
a { color: inherit; text-decoration-color: var(--line); text-underline-offset: 3px }
.chart { display: block; width: 100%; height: auto; margin: 12px 0 4px }
.chart text { font: 12px system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; fill: var(--ink) }
.chart text.mark, .key { fill: var(--dim); color: var(--dim) }
.chart text.mark { font-size: 11px }
.chart text.event { font-size: 11px; font-weight: 600; fill: var(--red) }
.grid { stroke: var(--line); fill: none }
.begin { stroke: var(--red); stroke-dasharray: 3 3; fill: none }
.during { fill: var(--during) }
.lost { fill: var(--red) }
.cross { stroke: var(--red); stroke-width: 2; fill: none }
.master { fill: var(--master) }
.backup, .quiet, .init, .stop { fill: var(--flow) }
.flow { fill: var(--flow) }
.fault { fill: none; stroke: var(--red); stroke-width: 1.5 }
.s0 { fill: var(--s0) } .s1 { fill: var(--s1) } .s2 { fill: var(--s2) } .s3 { fill: var(--s3) }
.s4 { fill: var(--s4) } .s5 { fill: var(--s5) }
.key { font-size: 13px; display: flex; flex-wrap: wrap; gap: 4px 18px; margin: 10px 0 0; padding: 0; list-style: none }
.key svg { width: 18px; height: 12px; vertical-align: -1px; margin-right: 6px }
ul.errors { margin: 6px 0 0; padding-left: 20px }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 18px; margin: 0 } dd { margin: 0; overflow-wrap: anywhere }
dt { color: var(--dim) }
@media print { :root { color-scheme: light } body { background: #fff; font-size: 11px } main { max-width: none; padding: 0 }
  h1 { font-size: 20px } h2, .verdict { font-size: 14px } thead th, .key { font-size: 10px }
  .card { border: 0; padding: 0 } * { print-color-adjust: exact; -webkit-print-color-adjust: exact } }
"""


def page(drill: Drill) -> str:
    """The whole page."""
    body = [
        tag(
            "main",
            *_header(drill),
            _table(drill),
            *[_section(drill, *numbered) for numbered in enumerate(drill["faults"], start=1)],
            *_footer(drill),
        )
    ]
    head = [
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        # Whatever stands in it, this page loads nothing and runs nothing.
        tag("meta", http_equiv="Content-Security-Policy", content="default-src 'none'; style-src 'unsafe-inline'; img-src data:"),
        tag("link", rel="icon", href="data:,"),
        tag("title", f"Failover drill: {drill['site']}"),
        tag("style", STYLE),
    ]
    return html(tag("html", tag("head", *head), tag("body", *body), lang="en"))


def junit(drill: Drill) -> str:
    """A test case a fault, in seconds, with what it has cost as its output; the surprise is a case of its own."""
    cases = []
    for fault in drill["faults"]:
        wrong = failures(fault, drill["limit_ms"])
        cases.append(
            tag(
                "testcase",
                *[tag("failure", text, message=text) for text in wrong],
                tag("system-out", describe(fault)),
                classname="drill_failover",
                name=f"{fault['title']} ({fault['host']})",
                time=f"{max(0, fault['ended']):.3f}",
            )
        )
    if drill["surprise"] and not any(fault["problem"] for fault in drill["faults"]):
        text = drill["surprise"]
        cases.append(tag("testcase", tag("failure", text, message=text), classname="drill_failover", name="the drill itself"))
    failed = sum(case.find("failure") is not None for case in cases)
    return xml(
        tag(
            "testsuite",
            *cases,
            name=f"failover drill of {drill['site']}",
            tests=len(cases),
            failures=failed,
            timestamp=_iso(drill["began"]),
        )
    )


def text(drill: Drill) -> str:
    """A line a fault, and one for the surprise."""
    lines = [f"{fault['title']} on {fault['host']}: {describe(fault)}" for fault in drill["faults"]] + [drill["surprise"]]
    return "\n".join(line for line in lines if line)


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def _servers(drill: Drill) -> list[str]:
    return sorted({name for fault in drill["faults"] for name in fault["served"]})


def _header(drill: Drill) -> Iterator[Element]:
    total = summary(drill["faults"])
    moment = datetime.fromtimestamp(drill["began"], timezone.utc)
    yield tag("h1", f"Failover drill: {drill['site']}")
    yield tag("p", moment.strftime("%-d %B %Y, %H:%M UTC"), class_="dim")
    kept = "no kept connection broke" if not total["broken"] else _count(total["broken"], "kept connection") + " broke"
    text = (
        f"{_count(total['faults'], 'fault')}, {_number(total['lost'])} of {_number(total['requests'])} requests lost,"
        f" longest outage {_duration(total['longest_ms'])}, {kept}."
    )
    wrong = drill["surprise"] or any(failures(fault, drill["limit_ms"]) for fault in drill["faults"])
    verdict = tag("span", "Not as it should be: " if wrong else "The cluster came through: ", class_="bad" if wrong else "good")
    yield tag("p", verdict, text, class_="verdict")
    if drill["surprise"]:
        yield tag("section", tag("h2", "The drill has stopped"), tag("p", drill["surprise"]), class_="card")


def _table(drill: Drill) -> Element:
    head = ("fault", "on", "outage", "slowest answer", "lost", "kept connections broken", "downloads", "took over", "transitions")
    numbers = ("outage", "slowest answer", "lost", "kept connections broken", "downloads")
    rows = []
    for number, fault in enumerate(drill["faults"], start=1):
        wrong = failures(fault, drill["limit_ms"])
        cells = (
            _duration(fault["outage_ms"]),
            _duration(fault["slowest_ms"]),
            f"{_number(fault['lost'])} of {_number(fault['requests'])}",
            _number(fault["broken"]),
            _downloads(fault),
        )
        rows.append(
            tag(
                "tr",
                tag("th", tag("a", fault["title"], href=f"#fault-{number}"), scope="row", class_="bad" if wrong else None),
                tag("td", fault["host"]),
                *[tag("td", cell, class_="number") for cell in cells],
                tag("td", fault["took_over"] or "nobody"),
                tag("td", str(len(fault["transitions"])), class_="number"),
            )
        )
    return tag(
        "section",
        tag(
            "table",
            tag("caption", "What clients saw, fault by fault"),
            tag(
                "thead",
                tag("tr", *[tag("th", name, scope="col", class_="number" if name in (*numbers, "transitions") else None) for name in head]),
            ),
            tag("tbody", *rows),
        ),
        class_="card wide",
    )


def _downloads(fault: Mapping[str, Any]) -> str:
    if not fault["download_bytes"]:
        return "none"
    broken = sum(found["used"] for found in fault["download_breaks"])
    return f"{broken} broken" if broken else "whole"


def _section(drill: Drill, number: int, fault: Mapping[str, Any]) -> Element:
    servers = _servers(drill)
    part = close_up(fault)
    notes: list[Element] = [tag("p", text, class_="bad") for text in failures(fault, drill["limit_ms"])]
    if fault["lost_before"]:
        text = f"{_count(fault['lost_before'], 'request')} had been lost before the fault: what was measured has noise."
        notes.append(tag("p", text, class_="bad"))
    errors = [tag("li", f"{_count(count, 'request')} lost: {error}") for error, count in fault["errors"].items()]
    ends = {found["error"] for found in (*fault["breaks"], *fault["download_breaks"]) if found["used"]}
    errors += [tag("li", f"connection broken: {error}") for error in sorted(ends)]
    return tag(
        "section",
        tag("h2", f"{number}. {fault['title'][:1].upper()}{fault['title'][1:]}", id=f"fault-{number}"),
        tag("p", f"On {fault['host']}: {describe(fault)}", class_="dim"),
        *notes,
        whole(fault, servers),
        tag("p", "Close-up: every request, the higher the longer it took.", class_="note") if part else None,
        detail(fault, servers, part) if part else None,
        _key(fault, servers),
        tag("ul", *errors, class_="errors") if errors else None,
        class_="card",
    )


def _key(fault: Mapping[str, Any], servers: list[str]) -> Element:
    """What the colours mean; it names what is there only."""
    shown = [(f"s{min(place, 5)}", f"answered by {name or 'a server'}") for place, name in enumerate(servers) if name in fault["served"]]
    shown += [("lost", "lost")] if fault["lost"] else []
    shown += [("during", "the fault"), ("master", "holds the VIP"), ("backup", "waits")]
    shown += [("fault", "in FAULT")] if any(change["state"] == "FAULT" for change in fault["transitions"]) else []
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
            *[tag("td", _milliseconds(clock[name]), class_="number") for name in ("offset", "uncertainty", "correction")],
        )
        for host, clock in drill["clocks"].items()
    ]
    yield tag(
        "section",
        tag("h2", "How it was measured"),
        tag("dl", *[part for name, value in drill["settings"].items() for part in (tag("dt", name), tag("dd", str(value)))]),
        tag("h3", "Clocks"),
        tag(
            "p",
            "Requests and moments of other hosts stand on the controller's time. An offset is corrected only if it is larger than the"
            " uncertainty, which is also how exactly a transition can be placed beside a request.",
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
