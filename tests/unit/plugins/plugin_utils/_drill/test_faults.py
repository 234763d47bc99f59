# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a drill does, and what speaks against it."""

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._drill.faults import plan


@pytest.mark.parametrize(
    ("faults", "settings", "problem"),
    [
        (["haproxy_kiled"], {}, "drill_faults has 'haproxy_kiled'; did you mean haproxy_killed?"),
        ([], {}, "drill_faults is []: a list of faults is needed, out of vip_moved, "),
        ("haproxy_killed", {}, "drill_faults is 'haproxy_killed': a list"),
        ([7], {}, "drill_faults has '7'; there are "),
        ([{"name": "haproxy_hung"}], {}, "drill_faults has '{'name': 'haproxy_hung'}'"),
        (["haproxy_hung"], {"drill_seconds": 0.0}, "drill_seconds is 0: more than 0 seconds are needed"),
    ],
)
def test_what_cannot_be_done_is_refused(faults, settings, problem):
    assert plan(faults, settings)["problems"][0].startswith(problem)


@pytest.mark.parametrize(
    ("fault", "anycast", "problem"),
    [
        ("vip_moved", True, "drill_faults has 'vip_moved', but all nodes have the anycast addresses"),
        ("node_drained", False, "drill_faults has 'node_drained', but drill_instance has no anycast addresses"),
        ("bird_hung", False, "drill_faults has 'bird_hung', but drill_instance has no anycast addresses"),
    ],
)
def test_a_fault_needs_its_kind_of_addresses(fault, anycast, problem):
    assert plan([fault, "haproxy_hung"], {}, not anycast)["problems"] == []
    (found,) = plan([fault, "haproxy_hung"], {}, anycast)["problems"]
    assert found.startswith(problem)


def test_faults_are_done_in_their_order():
    planned = plan(["web_server_killed", "haproxy_hung", "haproxy_hung"], {"drill_seconds": 5.0})
    assert planned["problems"] == []
    assert [(fault["name"], fault["on"], fault["unit"]) for fault in planned["faults"]] == [
        ("web_server_killed", "web", "nginx"),
        ("haproxy_hung", "holder", "haproxy"),
        ("haproxy_hung", "holder", "haproxy"),
    ]
