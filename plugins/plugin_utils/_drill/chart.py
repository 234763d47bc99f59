# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The picture of one fault: requests, failures, connections and who held the VIP, on one axis of time. Colours are the
page's."""

from __future__ import annotations

import math
from collections.abc import Iterator
from xml.etree.ElementTree import Element

from .._page.markup import tag
from .record import Fault, Moment
from .summary import describe_fault

WIDTH, LEFT, RIGHT = 960, 118, 26
PLOT, LANE, GAP = 96, 14, 8
TOP, AXIS = 22, 24
STATES = {
    False: {"master": "held the VIP", "backup": "waited", "fault": "was in FAULT"},
    True: {"master": "was announced", "backup": "was drained", "fault": "was announced as the last resort"},
}
"""The words for a node's state, by whether all nodes have the addresses."""
COLOURS = 6
"""Number of servers with a colour of their own."""
STEPS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120)


def step(span: float, most: int) -> float:
    """The smallest round number of seconds that divides the span into so many parts at most."""
    return next((size for size in STEPS if span / size <= most), STEPS[-1])


def window(fault: Fault) -> tuple[float, float]:
    """From when to when there is something to see."""
    starts = [row[0] for row in fault["seen"]] or [0.0]
    return min(-0.5, starts[0]), max(1.0, starts[-1])


def close_up(fault: Fault) -> tuple[float, float] | None:
    """The part around the moment when requests were lost or the VIP moved, if it is so short that the whole hides
    it."""
    begin, end = window(fault)
    edges = [row[0] for row in fault["seen"] if row[2] is None and row[0] >= 0]
    edges += [change["at"] for change in fault["transitions"] if change["state"] == "MASTER"][:1]
    if not edges:
        return None
    last = max(edges)
    pad = max(0.06, 0.3 * last)
    found = (-pad, last + pad)
    return found if found[1] - found[0] < (end - begin) / 4 else None


def whole(fault: Fault, servers: list[str]) -> Element:
    """Everything, as bars of requests; C(servers) says whose colour is which."""
    return _Picture(fault, servers, window(fault), False).draw(f"{fault['title']}: all requests")


def detail(fault: Fault, servers: list[str], part: tuple[float, float]) -> Element:
    """A part, in which every request is to be seen."""
    return _Picture(fault, servers, part, True).draw(f"{fault['title']}: close-up, every request")


class _Picture:
    def __init__(self, fault: Fault, servers: list[str], part: tuple[float, float], dots: bool) -> None:
        self.fault = fault
        self.servers = servers
        self.begin, self.end = part
        self.dots = dots

    def x(self, moment: float) -> float:
        inside = min(max(moment, self.begin), self.end)
        return round(LEFT + (WIDTH - LEFT - RIGHT) * (inside - self.begin) / (self.end - self.begin), 1)

    def draw(self, title: str) -> Element:
        lanes = list(self._lanes())
        bottom = TOP + PLOT + sum(LANE + GAP for _lane in lanes) + GAP
        placed = [
            tag(
                "g",
                tag("text", label, class_="label", x=LEFT - 10, y=LANE - 3, text_anchor="end"),
                *marks,
                transform=f"translate(0 {y})",
            )
            for y, (label, marks) in zip(range(TOP + PLOT + 2 * GAP, bottom + LANE, LANE + GAP), lanes)
        ]
        return tag(
            "svg",
            tag("title", title),
            tag("desc", f"On {self.fault['host']}: {describe_fault(self.fault)}"),
            *self._back(bottom),
            tag("g", *(self._requests() if self.dots else self._bars()), transform=f"translate(0 {TOP})"),
            *placed,
            viewBox=f"0 0 {WIDTH} {bottom + AXIS}",
            role="img",
            class_="chart",
        )

    def _back(self, bottom: float) -> Iterator[Element]:
        """The span of the fault, and the axis of time."""
        left, right = self.x(0), self.x(self.fault["ended"])
        if right > left:
            yield tag("rect", class_="during", x=left, y=TOP - 6, width=round(right - left, 1), height=bottom - TOP + 6)
        size = step(self.end - self.begin, 11)
        for number in range(math.ceil(self.begin / size), math.floor(self.end / size) + 1):
            moment = number * size
            yield tag("path", class_="grid", d=f"M{self.x(moment)} {TOP}V{bottom}")
            text = f"{moment:g} s" if size >= 0.1 else f"{round(moment * 1000)} ms"
            yield tag("text", text, class_="mark", x=self.x(moment), y=bottom + 16, text_anchor="middle")
        yield tag("path", class_="begin", d=f"M{left} {TOP - 8}V{bottom}")
        yield tag("text", self.fault["title"], class_="event", x=left + 5, y=12)
        if self.begin < self.fault["ended"] < self.end and right - left > 190:
            yield tag("path", class_="begin", d=f"M{right} {TOP - 8}V{bottom}")
            yield tag("text", "over", class_="event", x=right + 5, y=12)

    def _colour(self, server: str) -> str:
        return f"s{min(self.servers.index(server), COLOURS - 1)}"

    def _bars(self) -> Iterator[Element]:
        # So many requests in each that their shares say something.
        size = step(self.end - self.begin, max(10, min(180, len(self.fault["seen"]) // 9)))
        bars: dict[int, dict[str | None, int]] = {}
        for start, _latency, server, _error in self.fault["seen"]:
            counts = bars.setdefault(math.floor(start / size), {})
            counts[server] = counts.get(server, 0) + 1
        yield from _scale("requests", f"per {_duration(size)}")
        width = round(max(1.0, (self.x(self.begin + size) - LEFT) - 0.7), 1)
        # Of the bars at both ends, a part is missing.
        for number, counts in sorted(bars.items())[1:-1]:
            # Shares, so that a bar that was counted a moment longer is no higher.
            total, y = sum(counts.values()), 0.0
            for server in [*self.servers, None]:
                if count := counts.get(server, 0):
                    height = round((PLOT - 14) * count / total, 1)
                    y += height
                    colour = "lost" if server is None else self._colour(server)
                    yield tag(
                        "rect", class_=colour, x=self.x(number * size), y=round(PLOT - y, 1), width=width, height=height
                    )

    def _requests(self) -> Iterator[Element]:
        """Every request where it began, the higher the longer it took; those that were lost stand on top as crosses."""
        rows = [row for row in self.fault["seen"] if self.begin <= row[0] <= self.end]
        slowest = max([row[1] for row in rows if row[2] is not None] or [0.01])
        top = next((size for size in STEPS if size >= slowest), slowest)
        yield from _scale("answered after", f"up to {_duration(top)}")
        yield tag("path", class_="grid", d=f"M{LEFT} {PLOT}H{WIDTH - RIGHT}")
        for start, latency, server, _error in rows:
            x = self.x(start)
            if server is None:
                yield tag("path", class_="cross", d=f"M{x - 3} 3l6 6m0 -6l-6 6")
            else:
                y = round(PLOT - 2 - (PLOT - 20) * min(1.0, latency / top), 1)
                yield tag("circle", class_=self._colour(server), cx=x, cy=y, r=2.4)

    def _lanes(self) -> Iterator[tuple[str, list[Element]]]:
        fault = self.fault
        if fault["kept"]:
            marks = [self._span(self.begin, self.end, "quiet")]
            yield (
                f"{fault['kept']} kept",
                marks + self._crosses(fault["breaks"]),
            )
        if fault["download_spans"]:
            marks = [self._span(begin, end, "flow") for begin, end in fault["download_spans"]]
            yield "download", marks + self._crosses(fault["download_breaks"])
        for node in fault["nodes"]:
            yield node, [self._span(*span) for span in self._states(node)]

    def _states(self, node: str) -> Iterator[tuple[float, float, str]]:
        serves = self.fault["anycast"] or node == self.fault["holder"]
        state, since = ("master" if serves else "backup"), self.begin
        for change in self.fault["transitions"]:
            if change["host"] != node:
                continue
            if change["at"] > since:
                yield since, change["at"], state
                since = change["at"]
            state = change["state"].lower()
        yield since, self.end, state

    def _span(self, begin: float, end: float, kind: str) -> Element:
        left, right = self.x(begin), self.x(end)
        thin = kind in ("backup", "quiet", "init", "stop")
        shape = {"y": LANE / 2 - 1, "height": 2} if thin else {"y": 1, "height": LANE - 2}
        words = STATES[self.fault["anycast"]].get(kind)
        return tag(
            "rect",
            tag("title", words) if words else None,
            class_=kind,
            x=left,
            width=round(max(0.0, right - left), 1),
            rx=1.5,
            **shape,
        )

    def _crosses(self, breaks: list[Moment]) -> list[Element]:
        """Mark the ends of connections in use."""
        moments = [found["at"] for found in breaks if found["used"] and self.begin <= found["at"] <= self.end]
        return [tag("path", class_="cross", d=f"M{self.x(at) - 4} {LANE / 2 - 4}l8 8m0 -8l-8 8") for at in moments]


def _scale(what: str, most: str) -> Iterator[Element]:
    yield tag("text", what, class_="label", x=LEFT - 10, y=PLOT / 2 - 2, text_anchor="end")
    yield tag("text", most, class_="mark", x=LEFT - 10, y=PLOT / 2 + 14, text_anchor="end")


def _duration(seconds: float) -> str:
    return f"{seconds:g} s" if seconds >= 1 else f"{round(1000 * seconds)} ms"
