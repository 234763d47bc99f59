# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether the cluster is well."""

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._drill.health import health
from samples.drill import seen, servers

NORMAL = {"lb1": ["web/web1", "web/web2"], "lb2": ["web/web1", "web/web2"]}


@pytest.mark.parametrize(
    ("states", "up", "problems"),
    [
        ({"lb1": "MASTER", "lb2": "BACKUP"}, ["web1", "web2"], []),
        ({"lb1": "BACKUP", "lb2": "MASTER"}, ["web1", "web2", "web3"], []),
        ({"lb1": "MASTER", "lb2": "MASTER"}, ["web1", "web2"], ["vip is held by lb1 and lb2"]),
        ({"lb1": "BACKUP", "lb2": "BACKUP"}, ["web1", "web2"], ["vip is held by nobody"]),
        ({"lb1": "MASTER", "lb2": "FAULT"}, ["web1", "web2"], ["vip is in state FAULT on lb2"]),
        ({"lb1": "MASTER", "lb2": ""}, ["web1", "web2"], ["keepalived does not answer on lb2"]),
        (
            {"lb1": "MASTER", "lb2": "BACKUP"},
            ["web2"],
            ["lb1 gives no requests to web/web1", "lb2 gives no requests to web/web1"],
        ),
    ],
)
def test_a_cluster_is_well_when_all_is_as_before(states, up, problems):
    assert health(seen(states), servers(up), NORMAL)["problems"] == problems


def test_a_load_balancer_that_does_not_answer_gives_no_requests():
    found = health(
        seen({"lb1": "MASTER", "lb2": "BACKUP"}),
        [*servers(["web1", "web2"])[:1], {"__node": "lb2", "unreachable": True}],
        NORMAL,
    )
    assert found["problems"] == ["lb2 gives no requests to web/web1, web/web2"]


@pytest.mark.parametrize(
    ("announced", "problems"),
    [
        ([{"__node": "lb1", "announced": "ready", "peers": [{"problem": ""}]}], []),
        ([{"__node": "lb1", "announced": "drain", "peers": []}], ["lb1 announces 'drain'"]),
        ([{"__node": "lb1", "unreachable": True}], ["lb1 announces ''"]),
        (
            [{"__node": "lb1", "announced": "ready", "peers": [{"problem": "the session with 192.0.2.1 is down"}]}],
            ["lb1: the session with 192.0.2.1 is down"],
        ),
    ],
)
def test_nodes_announce_their_addresses(announced, problems):
    states = {"lb1": "MASTER", "lb2": "BACKUP"}
    assert health(seen(states), servers(["web1", "web2"]), NORMAL, announced)["problems"] == problems
