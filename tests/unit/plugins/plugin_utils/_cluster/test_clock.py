# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How far another clock is, as exchanges tell."""

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._cluster.clock import Exchange, offset


@pytest.mark.parametrize(
    ("exchanges", "seconds", "uncertainty", "corrects"),
    [
        ([(100, 100.5, 101)], 0.0, 0.5, 0.0),
        ([(100, 105.5, 101)], 5.0, 0.5, 5.0),
        ([(100, 94.5, 101)], -6.0, 0.5, -6.0),
        # The answer came late in one exchange and early in the other: both are limits.
        ([(100, 100.9, 101), (200, 200.1, 201)], 0.0, 0.1, 0.0),
        ([(100, 102.9, 101), (200, 202.1, 201)], 2.0, 0.1, 2.0),
        # The clock was set in between.
        ([(100, 100.5, 101), (200, 260.5, 201)], 60.0, 0.5, 60.0),
    ],
)
def test_an_offset_is_what_all_exchanges_allow(exchanges, seconds, uncertainty, corrects):
    found = offset(Exchange(*one) for one in exchanges)
    assert (found.seconds, found.uncertainty) == pytest.approx((seconds, uncertainty))
    assert found.corrects == pytest.approx(corrects)


def test_without_an_exchange_nothing_is_known():
    with pytest.raises(ValueError, match="no exchange"):
        offset([])
