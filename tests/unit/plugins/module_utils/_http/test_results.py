# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.module_utils._http.results import Result, outage


def result(start, ok, latency=0.002):
    return Result(start, latency, ok)


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        ([], 0),
        ([result(0, True)], 0),
        ([result(0, True), result(1, False), result(2, True)], 2002),
        ([result(2, True), result(1, False), result(0, True)], 2002),
        ([result(0, False), result(1, True)], 1002),
        ([result(0, True), result(1, False, 0.5)], 1500),
        ([result(0, True), result(1, False), result(2, True), result(3, False), result(9, True)], 7002),
    ],
)
def test_an_outage_is_from_good_to_good(results, expected):
    assert outage(results) == pytest.approx(expected)
