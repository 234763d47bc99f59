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
    find_empty_groups,
    find_misspelt_variables,
)

ROOT = Path(__file__).parents[5]
FULL = {"load_balancers": ["lb1"], "web_servers": ["web1"], "all": ["lb1", "web1"], "ungrouped": []}


@pytest.mark.parametrize(
    ("groups", "problems"),
    [
        ({}, []),
        (
            {"web_servers": []},
            ["The inventory group web_servers is empty or missing: put at least one host into it."],
        ),
        (
            {"web_servers": [], "webservers": ["web1"], "load_balancers": []},
            [
                "The inventory group load_balancers is empty or missing: put at least one host into it.",
                "The inventory group web_servers is empty or missing: put at least one host into it, or rename "
                "webservers, if that is meant.",
            ],
        ),
        (
            {"load_balancers": [], "load_balancer": [], "database": ["db1"]},
            ["The inventory group load_balancers is empty or missing: put at least one host into it."],
        ),
    ],
)
def test_empty_groups(groups, problems):
    assert find_empty_groups({**FULL, **groups}) == problems


def test_a_missing_group():
    (problem,) = find_empty_groups({"load_balancers": ["lb1"]})
    assert problem.startswith("The inventory group web_servers is empty or missing")


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
