# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._cluster.tiers import find_tiers

LB, WEB = "load_balancers", "web_servers"
TWO = {"edge": ["e1", "e2"], "shop": ["s1"], "staging_edge": ["e9"], "staging_shop": ["s9"]}


def member(host, tier):
    return {"host": host, "tier": tier}


@pytest.mark.parametrize(
    ("groups", "names", "members"),
    [
        ({LB: ["lb1"], WEB: ["web1"]}, (LB, WEB), []),
        (TWO, ("edge", "shop"), [member("e1", LB), member("e2", LB), member("s1", WEB)]),
        (TWO, ("staging_edge", "staging_shop"), [member("e9", LB), member("s9", WEB)]),
        ({**TWO, WEB: ["web1"]}, ("edge", WEB), [member("e1", LB), member("e2", LB)]),
        # As the run itself has made them.
        ({**TWO, LB: ["e1", "e2"]}, ("edge", WEB), [member("e1", LB), member("e2", LB)]),
    ],
)
def test_members_are_those_of_the_named_groups(groups, names, members):
    assert find_tiers(groups, *names) == {"members": members, "problems": []}


@pytest.mark.parametrize(
    ("groups", "names", "problem"),
    [
        (
            TWO,
            ("edgy", WEB),
            "cluster_load_balancer_group is 'edgy': the inventory has no such group; did you mean edge?",
        ),
        (
            {**TWO, WEB: ["web1"]},
            (LB, "shop"),
            "cluster_web_server_group is 'shop', and the group web_servers has other hosts (web1): rename the group",
        ),
        ({**TWO, "empty": []}, ("empty", "empty"), "The inventory groups load_balancers and web_servers are empty"),
        (
            {"load_balancer": ["lb1"], WEB: ["web1"]},
            (LB, WEB),
            "The inventory group load_balancers is empty or missing",
        ),
    ],
)
def test_what_cannot_be(groups, names, problem):
    (found,) = find_tiers(groups, *names)["problems"]
    assert found.startswith(problem)
