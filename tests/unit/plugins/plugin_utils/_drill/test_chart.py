# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._drill.chart import close_up, step, window


@pytest.mark.parametrize(("span", "most", "size"), [(0.16, 11, 0.02), (10, 11, 1), (9, 180, 0.05), (1000, 11, 120)])
def test_an_axis_has_round_steps(span, most, size):
    assert step(span, most) == size


def test_a_close_up_is_of_what_the_whole_hides():
    short = {"seen": [[n / 100, 0.001, "web1", None] for n in range(-100, 800)], "transitions": []}
    assert close_up(short) is None
    short["seen"][110][2] = None
    begin, end = close_up(short)
    assert begin < 0.1 < end
    assert end - begin < (window(short)[1] - window(short)[0]) / 4
    short["seen"][700][2] = None
    assert close_up(short) is None
