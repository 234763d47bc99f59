# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a fault has cost."""

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._drill.measure import measure
from samples.drill import record


@pytest.mark.parametrize(
    ("lost", "outage", "noise"),
    [
        ([], 0, 0),
        ([100], 22, 0),
        ([100, 101], 32, 0),
        ([100, 150], 22, 0),
        # The clocks are not quite right.
        ([60], 22, 0),
        ([20], 0, 1),
        ([185], 0, 1),
        ([20, 21, 100, 185], 22, 3),
    ],
)
def test_a_fault_costs_what_was_lost_until_the_recovery(lost, outage, noise):
    """An outage lasts from a good request to a good answer. What was lost before or afterwards is noise."""
    found = measure(record(lost))
    cost = len(lost) - noise
    assert (found["lost"], found["outage_ms"], found["noise"]) == (cost, outage, noise)
    assert found["requests"] == 200
    assert sum(found["served"].values()) == 200 - len(lost)
    assert found["errors"] == ({"timeout": cost} if cost else {})


def test_all_that_is_lost_counts_while_the_cluster_has_not_recovered():
    assert measure({**record([185]), "recovered": 0.0})["lost"] == 1


def test_times_are_the_controllers_and_count_from_the_beginning():
    """lb2 is 10 s ahead, and the clients 3 s behind."""
    journal = (
        "1010.250000 lb2 Keepalived_vrrp[7]: (vip) Entering MASTER STATE\n1010.2 lb2 x: (other) Entering MASTER STATE"
    )
    found = measure(
        record([], journals={"lb1": "", "lb2": journal}, ahead={"lb2": 10.0, "clients": -3.0}, clients=-3.0)
    )
    assert found["transitions"] == [{"at": 0.25, "host": "lb2", "state": "MASTER"}]
    assert found["seen"][0][0] == -1.0
    assert found["took_over"] == "lb2"


@pytest.mark.parametrize(
    ("journals", "took_over"),
    [
        ({}, ""),
        ({"lb2": "999.0 lb2 k[1]: (vip) Entering MASTER STATE"}, ""),
        ({"lb2": "1000.1 lb2 k[1]: (vip) Entering MASTER STATE"}, "lb2"),
        # The clocks are not quite right.
        ({"lb2": "999.9 lb2 k[1]: (vip) Entering MASTER STATE"}, "lb2"),
        # It was given back.
        (
            {
                "lb2": "1000.1 lb2 k[1]: (vip) Entering MASTER STATE",
                "lb1": "1002.1 lb1 k[1]: (vip) Entering MASTER STATE",
            },
            "lb2",
        ),
    ],
)
def test_the_first_other_node_that_has_the_vip_has_taken_over(journals, took_over):
    assert measure(record([], journals=journals))["took_over"] == took_over


def test_a_connection_that_could_not_be_opened_is_not_a_broken_one():
    breaks = [{"at": 1000.1, "error": "reset", "used": True}, {"at": 1000.2, "error": "refused", "used": False}]
    found = measure(record([], breaks=breaks))
    assert found["broken"] == 1
    assert [one["at"] for one in found["breaks"]] == [0.1, 0.2]


@pytest.mark.parametrize(("moment", "broken"), [(999.2, 0), (1000.1, 1), (1000.84, 1), (1000.9, 0)])
def test_a_connection_that_breaks_without_a_fault_is_noise(moment, broken):
    """One that hangs breaks once the client has lost patience, which may be after the recovery."""
    found = measure(record([], breaks=[{"at": moment, "error": "reset", "used": True}]))
    assert (found["broken"], found["noise"]) == (broken, 1 - broken)


def test_a_download_stalls_where_nothing_comes():
    found = measure(record([], pieces=[999.5, 999.6, 1000.9, 1001.0]))
    assert found["download_stall_ms"] == 1300
    assert found["download_spans"] == [[-0.5, -0.4], [0.9, 1.0]]
