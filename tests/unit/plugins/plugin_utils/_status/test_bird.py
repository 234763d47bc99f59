# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._status.bird import list_findings
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._status.report import build_report
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._status.table import table
from samples.cluster import cluster

HANGS = "/run/keepalived-watch/haproxy_hangs"
STANDBY = "/run/keepalived-track/standby_cluster_anycast"


def peer(**keys):
    said = {"address": "192.0.2.1", "as": 65000, "established": True, "exported": 1, "bfd": True, "problem": ""}
    return {**said, **keys}


def node(*peers, **keys):
    said = {
        "running": True,
        "answers": True,
        "announced": "ready",
        "unwell": [],
        "standing_by": [],
        "guarded": True,
        "peers": list(peers) or [peer()],
        "configuration": {"digest": "0123456789", "pending": "", "unconfined": False},
    }
    return {**said, **keys}


CASES = [
    ("it does not run", node(running=False, announced=""), "bird does not run", False),
    ("it does not answer", node(answers=False), "bird runs and does not answer", False),
    ("no session", node(peer(problem="the session with 192.0.2.1 does not stand: Idle")), "does not stand", False),
    ("no BFD", node(peer(bfd=False)), "BFD does not find the router alive", False),
    ("drained", node(announced="drain", standing_by=[STANDBY]), "the node is drained", True),
    ("unwell", node(announced="last_resort", unwell=[HANGS]), "the last resort only", False),
    ("not yet", node(announced="last_resort"), "not announced yet", True),
]


@pytest.mark.parametrize(("said", "part", "harmless"), [row[1:] for row in CASES], ids=[row[0] for row in CASES])
def test_what_keeps_a_node_from_being_announced(said, part, harmless):
    (found,) = list_findings({"lb1": said, "lb2": node()}, {})
    assert (found.hosts, found.harmless) == (("lb1",), harmless)
    assert part in found.what


def test_nothing_is_wrong():
    assert list(list_findings({"lb1": node(), "lb2": node(peer(bfd=None))}, {})) == []
    assert list(list_findings({}, {})) == []


def test_nodes_that_are_all_unwell_are_a_finding_of_their_own():
    unwell = node(announced="last_resort", unwell=[HANGS])
    found = [finding for finding in list_findings({"lb1": unwell, "lb2": unwell}, {}) if len(finding.hosts) == 2]
    assert [finding.what.split(":")[0] for finding in found] == ["no node announces its addresses as one that is well"]


@pytest.mark.parametrize(
    ("connections", "uneven"),
    [
        pytest.param({"lb1": 99, "lb2": 200}, [], id="half of a share and more"),
        pytest.param({"lb1": 49, "lb2": 151}, ["lb1"], id="less than half"),
        pytest.param({"lb1": 0, "lb2": 199}, [], id="few"),
        pytest.param({"lb2": 500}, [], id="haproxy of a node does not answer"),
    ],
)
def test_a_share_that_is_uneven(connections, uneven):
    found = list(list_findings({"lb1": node(), "lb2": node()}, connections))
    assert [finding.hosts for finding in found] == [(host,) for host in uneven]
    assert all(finding.harmless for finding in found)


def test_a_drained_node_has_no_share():
    drained = node(announced="drain", standing_by=[STANDBY])
    found = list_findings({"lb1": node(), "lb2": drained}, {"lb1": 500, "lb2": 0})
    assert [finding.what.split(",")[0] for finding in found] == ["the node is drained"]


def test_the_table_shows_what_nodes_announce():
    asked = cluster()
    asked["lb1"]["bird"] = node(peer(), peer(address="2001:db8::1", exported=2, bfd=False))
    asked["lb2"]["bird"] = node()
    for host, sessions in (("lb1", 300), ("lb2", 100)):
        asked[host]["haproxy"]["frontends"] = [{"name": "http", "status": "OPEN", "sessions": sessions, "limit": 4096}]
    lines = table(build_report(asked))
    (number,) = [number for number, line in enumerate(lines) if line.startswith("ANNOUNCED BY")]
    assert lines[number + 1].split() == [
        "lb1",
        "ready",
        "2",
        "of",
        "2",
        "1",
        "2",
        "1",
        "of",
        "2",
        "75",
        "%",
        "of",
        "400",
    ]


def test_a_cluster_without_anycast_has_no_such_table():
    assert not any("ANNOUNCED BY" in line for line in table(build_report(cluster())))
