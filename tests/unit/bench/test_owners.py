"""Who had the address when, from what "ip monitor" says."""

from __future__ import annotations

import pytest
from owners import Change, changes, two_owners

LB1_GOES = Change(4.5, "lb1", False)
LB2_COMES = Change(4.0, "lb2", True)
LB2_GOES = Change(6.0, "lb2", False)


@pytest.mark.parametrize(
    ("told", "begin", "end", "seconds"),
    [
        pytest.param([LB2_COMES, LB1_GOES], 0.0, 9.0, 0.5, id="both for a while"),
        pytest.param([LB1_GOES, LB2_COMES], 0.0, 9.0, 0.5, id="told in another order"),
        pytest.param([LB2_COMES, LB1_GOES], 4.25, 9.0, 0.25, id="only after the first moment"),
        pytest.param([LB2_COMES, LB1_GOES], 0.0, 4.25, 0.25, id="only before the second moment"),
        pytest.param([LB2_COMES, LB1_GOES], 5.0, 9.0, 0.0, id="it was before"),
        pytest.param([LB2_COMES], 0.0, 9.0, 5.0, id="to the end"),
        pytest.param([LB2_COMES, LB2_GOES], 0.0, 9.0, 2.0, id="the new one gives it back"),
        pytest.param([Change(3.0, "lb1", False), LB2_COMES], 0.0, 9.0, 0.0, id="nobody for a while"),
    ],
)
def test_time_with_two_owners(told, begin, end, seconds):
    assert two_owners("lb1", told, begin, end) == seconds


def test_only_the_address_counts():
    said = r"""
[1970-01-01T00:00:01.250000] 2: eth0    inet 10.60.0.240/24 scope global secondary eth0\       valid_lft forever
[1970-01-01T00:00:02.000000] 2: eth0    inet 10.60.0.24/24 scope global secondary eth0\       valid_lft forever
[1970-01-01T00:00:03.500000] Deleted 2: eth0    inet 10.60.0.240/24 scope global secondary eth0\       valid_lft forever
"""
    assert changes("lb2", said, "10.60.0.240") == [Change(1.25, "lb2", True), Change(3.5, "lb2", False)]
