"""How long an address had no holder."""

from __future__ import annotations

import pytest
from bench.overload import seconds_without
from owners import Change

GOES = Change(4.0, "lb1", False)
COMES = Change(4.5, "lb2", True)


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        pytest.param([], 0.0, id="nothing has moved"),
        pytest.param([GOES, COMES], 0.5, id="nobody for a while"),
        pytest.param([COMES, GOES], 0.5, id="told in another order"),
        pytest.param([Change(3.0, "lb2", True), GOES], 0.0, id="both for a while"),
        pytest.param([GOES], 5.0, id="nobody to the end"),
    ],
)
def test_time_without_a_holder(told, seconds):
    assert seconds_without("lb1", told, 0.0, 9.0) == seconds
