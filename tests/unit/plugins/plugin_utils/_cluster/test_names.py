# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._cluster.names import (
    PREFIXES,
    VARIABLES,
    find_group_problems,
    find_misspelt_variables,
)

ROOT = Path(__file__).parents[5]
FULL = {"load_balancers": ["lb1"], "web_servers": ["web1"], "all": ["lb1", "web1"], "ungrouped": []}


BOTH = (
    "The inventory groups load_balancers and web_servers are empty or missing: put at least one host into one of them."
)


@pytest.mark.parametrize(
    ("groups", "problems"),
    [
        (FULL, []),
        ({**FULL, "web_servers": []}, []),
        ({"web_servers": ["web1"]}, []),
        ({**FULL, "load_balancers": [], "load_balancer": [], "app_servers": ["app1"], "database": ["db1"]}, []),
        (
            {"load_balancers": ["lb1"], "webservers": ["web1"]},
            [
                "The inventory group web_servers is empty or missing, but there is webservers: rename webservers to "
                "web_servers."
            ],
        ),
        (
            {"loadbalancers": ["lb1"], "web_servers": ["web1"]},
            [
                "The inventory group load_balancers is empty or missing, but there is loadbalancers: rename "
                "loadbalancers to load_balancers."
            ],
        ),
        ({}, [BOTH]),
        ({"load_balancers": [], "web_servers": [], "all": ["db1"], "ungrouped": ["db1"]}, [BOTH]),
    ],
)
def test_misspelt_and_missing_groups(groups, problems):
    assert find_group_problems(groups) == problems


@pytest.mark.parametrize(
    ("names", "meant"),
    [
        (VARIABLES, ""),
        (["cluster_vpi"], "cluster_vip"),
        (["cluster_drain_timout"], "cluster_drain_timeout"),
        (["drill_second"], "drill_seconds"),
        (["cluster_vip_address", "cluster_name", "cluster_domain", "clustering", "web_vip"], ""),
        (["cluster_vip", "cluster_vip6", "cluster_vips", "cluster_vip4"], ""),
        (["upgrade_rebot"], "upgrade_reboot"),
    ],
)
def test_misspelt_variables(names, meant):
    hostvars = {"lb1": {}, "web1": dict.fromkeys(names, 1), "web2": dict.fromkeys(names, 1)}
    found = find_misspelt_variables(["lb1", "web1", "web2"], hostvars)
    assert found == ([f"web1: {names[0]} is not a variable of the playbooks; did you mean {meant}?"] if meant else [])


def test_these_are_the_variables_of_the_playbooks():
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "playbooks").rglob("*.yml")]
    texts.append((ROOT / "plugins/plugin_utils/_cluster/nodes.py").read_text(encoding="utf-8"))
    words = {word for text in texts for word in re.findall(rf"(?<![\w.])(?:{'|'.join(PREFIXES)})\w+", text)}
    files = {path.stem for path in (ROOT / "playbooks").rglob("*.yml")}
    assert words - files - {"check_mode"} | {"upgrade_packages"} == set(VARIABLES)
