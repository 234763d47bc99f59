# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Results of a web site's clients and the duration of an outage."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Result:
    """One request; times are in seconds, the start on the monotonic clock."""

    start: float
    latency: float
    ok: bool
    server: str = ""
    error: str = ""

    @property
    def end(self) -> float:
        """Time of the answer or of the failure."""
        return self.start + self.latency


@dataclass(frozen=True)
class Break:
    """The end of a connection that the server had not announced; the moment is on the monotonic clock.

    C(used) says whether the connection had been there before: one that could not be opened is no loss of a
    connection."""

    moment: float
    error: str
    used: bool


def outage(results: list[Result]) -> float:
    """Return the longest outage in milliseconds, 0 if no request failed.

    An outage lasts from the start of the last good request before a failed one
    to the answer of the first good request after it; without a good one on
    that side it reaches to the first or last result.
    """
    longest = 0.0
    ordered = sorted(results, key=lambda result: result.start)
    began = ordered[0].start if ordered else 0.0
    failing = False
    for result in ordered:
        if not result.ok:
            failing = True
            continue
        if failing:
            longest = max(longest, result.end - began)
        failing = False
        began = result.start
    if failing:
        longest = max(longest, ordered[-1].end - began)
    return longest * 1000
