# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What has changed between two looks at a cluster."""

from __future__ import annotations

from copy import deepcopy

from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._status.changes import list_changes
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._status.report import build_report
from samples.cluster import cluster, haproxy, instance, keepalived


def report(**hosts):
    return build_report({**cluster(), **hosts})


def test_the_first_look_shows_the_state():
    lines = list_changes(report())
    assert lines[:3] == ["web is held by lb1", "web on lb1 is MASTER 254", "web on lb2 is BACKUP 244"]
    assert "shop on lb1 has 2 up" in lines


def test_nothing_has_changed_but_time():
    later = deepcopy(cluster())
    later["lb1"]["keepalived"]["instances"][0]["seconds_in_state"] = 305.0
    later["lb1"]["haproxy"]["seconds_in_generation"] = 305
    assert list_changes(build_report(later), report()) == []


def test_a_node_has_failed_and_comes_back():
    fault = {
        "lb1": {
            "keepalived": keepalived("lb1", instances=[instance(state="FAULT", seconds_in_state=2)]),
            "haproxy": haproxy(running=False, backends=[]),
        }
    }
    failed = report(**fault)
    lines = list_changes(failed, report())
    assert lines[:2] == ["web is held by nobody (was lb1)", "web on lb1 is FAULT 254 (was MASTER 254)"]
    assert "shop on lb1 has nothing any more (was 2 up)" in lines
    assert [line for line in lines if line.startswith("WRONG lb1: haproxy does not run: systemctl start haproxy")]
    later = deepcopy(fault)
    later["lb1"]["keepalived"]["instances"][0]["seconds_in_state"] = 90
    assert list_changes(report(**later), failed) == []
    back = list_changes(report(), failed)
    assert back[0] == "web is held by lb1 (was nobody)"
    assert "OVER lb1: haproxy does not run" in back
