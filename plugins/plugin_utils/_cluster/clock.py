# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Offset of another clock from this one, from a few exchanges.

One that is asked between two moments of this clock answers with a moment of its own. So its offset lies between the
differences of the answer to both, however the time was spent on the way. What all exchanges leave is the result."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Exchange:
    """Asked and told on this clock, the answer on the other one; seconds since 1970."""

    asked: float
    answer: float
    told: float


@dataclass(frozen=True)
class Offset:
    """Seconds by which the other clock is ahead, with the maximum error."""

    seconds: float
    uncertainty: float

    @property
    def corrects(self) -> float:
        """The seconds to take from its times. Clocks that may agree as far as the exchanges can tell are taken to
        agree."""
        return self.seconds if abs(self.seconds) > self.uncertainty else 0.0


def offset(exchanges: Iterable[Exchange]) -> Offset:
    """Intersect the bounds of all exchanges. Raises ValueError if there are none.

    A clock that was set in between leaves nothing; then the last exchange counts."""
    asked = list(exchanges)
    if not asked:
        raise ValueError("no exchange")
    low = max(one.answer - one.told for one in asked)
    high = min(one.answer - one.asked for one in asked)
    if low > high:
        low, high = asked[-1].answer - asked[-1].told, asked[-1].answer - asked[-1].asked
    return Offset((low + high) / 2, (high - low) / 2)
