# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report on a cluster as a page of HTML that needs nothing but itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timezone
from typing import Any
from xml.etree.ElementTree import Element

from .._page.document import write_document
from .._page.markup import tag
from .finding import format_duration, join_names
from .table import Report, list_commands, list_tables

STYLE = """
.tier { display: flex; flex-wrap: wrap; justify-content: center; gap: 10px; margin: 0; padding: 0; list-style: none }
.arrow { text-align: center; color: var(--dim); line-height: 1.2; margin: 4px 0 }
.box { border: 1px solid var(--line); border-left: 5px solid var(--flow); border-radius: 8px; padding: 6px 12px;
  min-width: 120px; overflow-wrap: anywhere }
.box b { display: block; font-weight: 600 }
.box.holder, .box.up { border-left-color: var(--green) }
.box.down { border-left-color: var(--red) }
.box.out { border-left-color: var(--s3); border-left-style: dashed }
.group { text-align: center; margin: 10px 0 4px }
.findings { margin: 0; padding: 0; list-style: none }
.findings li { margin: 0 0 10px }
.findings .remedy { display: block; color: var(--dim) }
pre { margin: 10px 0 0; white-space: pre-wrap; overflow-wrap: anywhere; font-size: 13px }
"""
"""Rules for the picture of the cluster and for findings."""

WIDTH, LEFT, LANE = 960, 140, 26
MINUTES = (10, 30, 60, 120, 360, 720, 1440, 2880, 10080, 43200)
"""Lengths of the time line."""

NODES = {"MASTER": "holder", "BACKUP": "standby"}
WORDS = {"up": "in rotation", "down": "down", "out": "taken out of rotation"}


def build_page(
    report: Report, title: str = "Cluster", moment: float = 0, folder: str = "", inventories: Iterable[str] = ()
) -> str:
    """The page. C(moment) is when the hosts were asked, in seconds since 1970; C(folder) has the playbooks."""
    parts = [
        *_header(report, title, moment),
        _findings(report, list_commands(report, folder, list(inventories))),
        _picture(report),
        _time_line(report),
        *_tables(report),
    ]
    return write_document(title, [part for part in parts if part is not None], STYLE)


def _header(report: Report, title: str, moment: float) -> Iterator[Element]:
    yield tag("h1", title)
    yield tag("p", datetime.fromtimestamp(moment, timezone.utc).strftime("%-d %B %Y, %H:%M:%S UTC"), class_="dim")
    wrong = sum(not finding["harmless"] for finding in report["findings"])
    notes = len(report["findings"]) - wrong
    verdict = "No problems found" if not wrong else f"{wrong} finding{'s' * (wrong > 1)} to mend"
    more = f", {notes} note{'s' * (notes > 1)}" if notes else ""
    yield tag("p", tag("span", verdict, class_="bad" if wrong else "good"), f"{more}.", class_="verdict")


def _findings(report: Report, commands: list[str]) -> Element | None:
    if not report["findings"]:
        return None
    items = [
        tag(
            "li",
            tag("span", "note" if finding["harmless"] else "wrong", class_="dim" if finding["harmless"] else "bad"),
            f" {join_names(finding['hosts'])}: {finding['what']}",
            tag("span", finding["remedy"], class_="remedy"),
        )
        for finding in report["findings"]
    ]
    return tag(
        "section",
        tag("h2", "Findings"),
        tag("ul", *items, class_="findings"),
        tag("pre", "\n".join(commands)) if commands else None,
        class_="card",
    )


def _picture(report: Report) -> Element:
    """The cluster from clients to servers, one tier below the other."""
    vips = [
        _box(
            " ".join(vip["addresses"]) or vip["instance"],
            f"{vip['instance']}, held by {join_names(vip['holders'] or ['nobody'])}",
            "holder" if len(vip["holders"]) == 1 else "down",
        )
        for vip in report["vips"]
    ]
    nodes = [_node(host, node, report["vips"]) for host, node in report["load_balancers"].items()]
    parts = [_tier([_box("Clients", "", "")]), *([_arrow(), _tier(vips)] if vips else [])]
    parts += [_arrow(), _tier(nodes)] if nodes else []
    for backend, servers in report["servers"].items():
        parts += [_arrow(), tag("p", f"backend {backend}", class_="group dim")]
        parts.append(_tier([_server(name, states) for name, states in servers.items()]))
    managed = {name: node for name, node in report["web_servers"].items() if node["managed"]}
    known = {name for servers in report["servers"].values() for name in servers}
    others = [
        _box(name, "nginx runs" if node["running"] else "nginx is stopped", "up" if node["running"] else "down")
        for name, node in managed.items()
        if name not in known
    ]
    parts += [_arrow(), tag("p", "web servers", class_="group dim"), _tier(others)] if others else []
    return tag("section", tag("h2", "The cluster"), *parts, class_="card")


def _arrow() -> Element:
    return tag("div", "\u2193", class_="arrow", aria_hidden="true")


def _tier(boxes: list[Element]) -> Element:
    return tag("ul", *boxes, class_="tier")


def _box(name: str, text: str, kind: str) -> Element:
    return tag("li", tag("b", name), text, class_=f"box {kind}".strip())


def _node(host: str, node: Mapping[str, Any], vips: list[Mapping[str, Any]]) -> Element:
    if not node["reachable"]:
        return _box(host, "unreachable", "down")
    states = {vip["instance"]: vip["nodes"].get(host, {}).get("state", "") for vip in vips}
    held = [name for name, state in states.items() if state == "MASTER"]
    failed = [f"{name} is in {state}" for name, state in states.items() if state not in ("", *NODES)]
    stopped = [name for name in ("haproxy", "keepalived") if node[name]["managed"] and node[name]["running"] is False]
    said = [*(f"{name} is stopped" for name in stopped), *failed]
    if said:
        return _box(host, ", ".join(said), "down")
    if held:
        return _box(host, f"holds {join_names(held)}", "holder")
    return _box(host, "standby" if vips else "serves", "standby" if vips else "up")


def _server(name: str, states: Mapping[str, str]) -> Element:
    """A server, in the worst of its states on the load balancers."""
    kind = next((kind for kind in ("down", "out", "up") if kind in states.values()), "out")
    hosts = [host for host, state in states.items() if state == kind]
    everywhere = len(hosts) == len(states)
    return _box(name, WORDS[kind] + ("" if everywhere else f" on {join_names(hosts)}"), kind)


def _time_line(report: Report) -> Element | None:
    """Who has held each VIP for as long as the changes are known."""
    changes = [change["seconds_ago"] for vip in report["vips"] for change in vip["changes"]]
    if not changes:
        return None
    span = next((60 * size for size in MINUTES if 60 * size >= 1.02 * max(changes)), 60 * MINUTES[-1])
    nodes = list(report["load_balancers"])
    last = [
        f"{change['host']} took {vip['instance']} {format_duration(change['seconds_ago'])} ago"
        for vip in report["vips"]
        for change in vip["changes"][-3:]
    ]
    return tag(
        "section",
        tag("h2", "Who has held the VIPs"),
        _draw_holders(report["vips"], nodes, span, "; ".join(last)),
        _draw_key(nodes),
        tag("ul", *[tag("li", text) for text in last], class_="errors"),
        class_="card",
    )


def _place(seconds: float, span: float) -> float:
    """Where a moment of the time line is drawn, which was that long ago."""
    return round(LEFT + (WIDTH - LEFT - 10) * (1 - min(seconds, span) / span), 1)


def _draw_holders(vips: list[dict[str, Any]], nodes: list[str], span: float, description: str) -> Element:
    lanes = [_draw_lane(number, vip, nodes, span) for number, vip in enumerate(vips)]
    bottom = len(lanes) * LANE
    ticks = [
        tag(
            "text",
            f"{format_duration(span * part / 4)} ago" if part else "now",
            class_="mark",
            x=_place(span * part / 4, span),
            y=bottom + 16,
            text_anchor="end" if not part else "middle",
        )
        for part in range(4)
    ]
    return tag(
        "svg",
        tag("title", "Holders of the VIPs"),
        tag("desc", description),
        *lanes,
        *ticks,
        viewBox=f"0 0 {WIDTH} {bottom + 24}",
        role="img",
        class_="chart",
    )


def _draw_lane(number: int, vip: dict[str, Any], nodes: list[str], span: float) -> Element:
    """The holders of one VIP, each in its colour."""
    ends = [change["seconds_ago"] for change in vip["changes"][1:]] + [0]
    marks = [
        tag(
            "rect",
            tag("title", f"{change['host']}, from {format_duration(change['seconds_ago'])} ago"),
            class_=f"s{min(nodes.index(change['host']), 5) if change['host'] in nodes else 5}",
            x=(start := _place(change["seconds_ago"], span)),
            y=4,
            width=max(1.0, round(_place(end, span) - start, 1)),
            height=LANE - 8,
        )
        for change, end in zip(vip["changes"], ends)
    ]
    label = tag("text", vip["instance"], x=LEFT - 10, y=LANE - 9, text_anchor="end")
    return tag("g", label, *marks, transform=f"translate(0 {number * LANE})")


def _draw_key(nodes: list[str]) -> Element:
    marks = [tag("rect", class_=f"s{min(number, 5)}", x=1, y=1, width=16, height=10) for number in range(len(nodes))]
    return tag(
        "ul",
        *[tag("li", tag("svg", mark, viewBox="0 0 18 12"), host) for mark, host in zip(marks, nodes)],
        class_="key",
    )


def _tables(report: Report) -> Iterator[Element]:
    """The tables of the terminal."""
    for head, *rows in list_tables(report):
        if rows:
            yield tag(
                "section",
                tag(
                    "table",
                    tag("thead", tag("tr", *[tag("th", cell.capitalize(), scope="col") for cell in head])),
                    tag(
                        "tbody",
                        *[
                            tag("tr", tag("th", row[0], scope="row"), *[tag("td", cell) for cell in row[1:]])
                            for row in rows
                        ],
                    ),
                ),
                class_="card wide",
            )
