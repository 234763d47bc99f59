# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._cluster.input import OPTIONS, problems

# variables of every host, what is said of the first
WRONG = [
    (
        {"cluster_address": "web1.example.com"},
        "cluster_address is 'web1.example.com': an IPv4 or IPv6 address is needed",
    ),
    (
        {"cluster_address6": "web1.example.com"},
        "cluster_address6 is 'web1.example.com': an IPv4 or IPv6 address is needed",
    ),
    (
        {"cluster_address": 5},
        "cluster_address is 5: YAML may have changed a number's digits; put it in quotation marks",
    ),
    ({"cluster_address": None}, "cluster_address has no value"),
    ({"cluster_address": "192.0.2.1\n"}, "cluster_address has a line break"),
    ({"cluster_vip": ["192.0.2.10/24"]}, "cluster_vip is a list: a single value is needed"),
    ({"cluster_vips": "192.0.2.10/24"}, "cluster_vips is '192.0.2.10/24': a list is needed, even for one item"),
    ({"cluster_move_interval": "1m"}, "cluster_move_interval is '1m': a number from 0"),
    ({"check_cluster_certificate_days": "2w"}, "check_cluster_certificate_days is '2w': a number from 0"),
]
RIGHT = [
    {},
    {
        "cluster_address": "192.0.2.11",
        "cluster_address6": "2001:db8::11",
        "cluster_vip": "192.0.2.10/24",
        "cluster_vips": [],
    },
    {"cluster_address": "", "cluster_vip": "", "cluster_move_interval": "1.5", "check_cluster_certificate_days": "14"},
]


@pytest.mark.parametrize(("variables", "said"), WRONG)
def test_what_is_wrong_is_said_of_the_first_host_that_reads_it(variables, said):
    hostvars = dict.fromkeys(["lb1", "lb2", "web1"], variables)
    told = problems(["lb1", "lb2"], ["web1"], hostvars)
    assert told
    assert told[0].startswith(f"lb1: {said}")
    assert [problem for problem in told if not problem.startswith("lb1: ")] == []
    elsewhere = problems([], ["web1"], hostvars)
    assert elsewhere == ([] if OPTIONS.keys() & variables else [problem.replace("lb1", "web1", 1) for problem in told])


@pytest.mark.parametrize("variables", RIGHT)
def test_nothing_is_wrong(variables):
    assert problems(["lb1"], ["web1"], {"lb1": variables, "web1": variables}) == []


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        (
            {"cluster_vip": "192.0.2.21/24"},
            "cluster_vip: 192.0.2.21/24 is the address of web1: choose an address that no host has",
        ),
        ({"cluster_vips": ["192.0.2.10/24", "192.0.2.11/24"]}, "cluster_vips: 192.0.2.11/24 is the address of lb1"),
        ({"cluster_vip6": "2001:DB8:0::22/64"}, "cluster_vip6: 2001:DB8:0::22/64 is the address of 2001:db8::22"),
    ],
)
def test_a_vip_is_no_hosts_address(variables, said):
    hostvars = {
        "lb1": {"ansible_host": "192.0.2.11", **variables},
        "web1": {"cluster_address": "192.0.2.21", "ansible_host": "192.0.2.99"},
        "2001:db8::22": {},
    }
    (problem,) = problems(["lb1"], ["web1", "2001:db8::22"], hostvars)
    assert problem.startswith(said)
