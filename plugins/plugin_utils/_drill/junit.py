# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A drill as JUnit XML, and as lines for a terminal."""

from __future__ import annotations

from datetime import datetime, timezone

from .._page.markup import tag, xml
from .record import Drill
from .summary import describe_fault, find_failures


def junit(drill: Drill) -> str:
    """A test case a fault, in seconds, with what it has cost as its output; the surprise is a case of its own."""
    cases = []
    for fault in drill["faults"]:
        wrong = find_failures(fault, drill["limit_ms"])
        cases.append(
            tag(
                "testcase",
                *[tag("failure", text, message=text) for text in wrong],
                tag("system-out", describe_fault(fault)),
                classname="drill_failover",
                name=f"{fault['title']} ({fault['host']})",
                time=f"{max(0, fault['ended']):.3f}",
            )
        )
    if drill["surprise"] and not any(fault["problem"] for fault in drill["faults"]):
        text = drill["surprise"]
        cases.append(
            tag("testcase", tag("failure", text, message=text), classname="drill_failover", name="the drill itself")
        )
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
    lines = [f"{fault['title']} on {fault['host']}: {describe_fault(fault)}" for fault in drill["faults"]] + [
        drill["surprise"]
    ]
    return "\n".join(line for line in lines if line)


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
