# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The figures of a drill, and its limits."""

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._drill.measure import measure
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._drill.summary import (
    describe_fault,
    find_failures,
    list_problems,
    summary,
)
from samples.drill import drill, record


def test_of_anycast_addresses_the_journals_say_what_nodes_announce():
    journal = (
        "1000.25 lb1 python3[7]: announces last_resort, because of /run/keepalived-track/haproxy\n"
        "1003.5 lb1 python3[7]: announces ready"
    )
    found = measure({**record([], journals={"lb1": journal}), "anycast": True})
    assert [(change["at"], change["state"]) for change in found["transitions"]] == [(0.25, "FAULT"), (3.5, "MASTER")]
    assert found["took_over"] == ""
    assert describe_fault(found).endswith("served by web1 (100).")


def test_a_summary_adds_up():
    assert summary([measure(record([100])), measure(record([100, 101]))]) == {
        "faults": 2,
        "requests": 400,
        "lost": 3,
        "broken": 0,
        "noise": 0,
        "longest_ms": 32,
    }


@pytest.mark.parametrize(("limit", "wrong"), [(0, 0), (22, 0), (21, 1)])
def test_a_limit_is_a_limit(limit, wrong):
    assert len(find_failures(measure(record([100])), limit)) == wrong
    assert len(find_failures(measure(record([100], problem="lb1 did not come back")), limit)) == wrong + 1


@pytest.mark.parametrize(("limit", "problems"), [(-1.0, 0), (0.0, 0), (22.0, 0), (21.0, 1)])
def test_an_outage_that_is_too_long_is_a_problem_of_the_drill(limit, problems):
    found = list_problems(drill(record([100]), record([]), limit_ms=limit))
    assert found == ["HAProxy killed: the outage is longer than drill_max_outage_ms, 21 ms."][:problems]


def test_a_surprise_is_the_first_problem_of_a_drill():
    found = list_problems(drill(record([100]), surprise="lb1 did not come back", limit_ms=5.0))
    assert found == ["lb1 did not come back", "HAProxy killed: the outage is longer than drill_max_outage_ms, 5 ms."]
