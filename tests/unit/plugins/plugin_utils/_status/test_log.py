# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Logged changes of all hosts in one table."""

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.filter.cluster_report import describe_cluster
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._status.report import build_report
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._status.table import table
from samples.cluster import cluster


def entry(**keys):
    return {
        "time": "2026-11-30T15:59:01Z",
        "by": "root from 192.0.2.9",
        "operator": "alice",
        "daemon": "haproxy",
        "state": "present",
        "outcome": "live",
        "files": ["haproxy.cfg"],
        "further_files": 0,
        **keys,
    }


def show_changes(entries):
    """The table of a playbook that has read nothing but the log."""
    return describe_cluster({host: {"changes": {"changes": logged}} for host, logged in entries.items()})["log"]


def test_the_latest_change_of_all_hosts_comes_first():
    lines = show_changes({"lb1": [entry(time="2026-11-30T10:00:00Z")], "lb2": [entry(daemon="keepalived")]})
    assert [line[:44] for line in lines[1:]] == [
        "2026-11-30 15:59:01  lb2  keepalived  alice ",
        "2026-11-30 10:00:00  lb1  haproxy     alice ",
    ]


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        ({"operator": ""}, "haproxy  root from 192.0.2.9  live"),
        ({"state": "previous"}, "rolled back, live"),
        ({"files": []}, "  -"),
        ({"files": list("abcde"), "further_files": 2}, "a, b, c and 4 more"),
    ],
)
def test_a_row(keys, text):
    assert text in show_changes({"lb1": [entry(**keys)]})[1]


def test_the_report_has_the_last_change_of_each_host():
    asked = cluster()
    asked["lb1"]["changes"] = {"changes": [entry(), entry(daemon="keepalived")]}
    report = build_report(asked)
    assert report["last_changes"] == {"lb1": [entry()]}
    assert [line for line in table(report) if "2026-11-30 15:59:01  lb1  haproxy" in line]
