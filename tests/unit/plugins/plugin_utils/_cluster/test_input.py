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
        "cluster_address6 is 'web1.example.com': an IPv6 address is needed, such as 2001:db8::11",
    ),
    ({"cluster_address6": "192.0.2.11"}, "cluster_address6 is '192.0.2.11': an IPv6 address is needed"),
    ({"cluster_address": "192.0.2.11/24"}, "cluster_address is '192.0.2.11/24': an IPv4 or IPv6 address is needed"),
    ({"cluster_vip": "192.0.2.10"}, "cluster_vip is '192.0.2.10': write it with its prefix"),
    ({"cluster_vip": "vip.example.com/24"}, "cluster_vip is 'vip.example.com/24': an IPv4 or IPv6 address with prefix"),
    ({"cluster_vip": "192.0.2.300/24"}, "cluster_vip is '192.0.2.300/24': an IPv4 or IPv6 address with prefix"),
    ({"cluster_vip": "fe80::10%eth0/64"}, "cluster_vip is 'fe80::10%eth0/64': an IPv4 or IPv6 address with prefix"),
    (
        {"cluster_vip": "192.0.2.10/255.255.255.0"},
        "cluster_vip is '192.0.2.10/255.255.255.0': write its prefix instead of a netmask, 192.0.2.10/24",
    ),
    ({"cluster_vip": "192.0.2.10/0"}, "cluster_vip is '192.0.2.10/0': the prefix of its network is needed"),
    ({"cluster_vip": "192.0.2.0/24"}, "cluster_vip 192.0.2.0/24 is the address of the network 192.0.2.0/24 itself"),
    ({"cluster_vip": "192.0.2.255/24"}, "cluster_vip 192.0.2.255/24 is the broadcast address of the network"),
    ({"cluster_vip": "2001:db8::/64"}, "cluster_vip 2001:db8::/64 is the address of the network 2001:db8::/64 itself"),
    ({"cluster_vips": ["192.0.2.13/24", "127.0.0.1/8"]}, "cluster_vips 127.0.0.1/8 is a loopback, multicast"),
    ({"cluster_vip": "::ffff:192.0.2.10/120"}, "cluster_vip ::ffff:192.0.2.10/120 is the IPv4 address 192.0.2.10"),
    (
        {"cluster_vip": "192.0.2.10/24", "cluster_vip6": "192.0.2.12/24"},
        "cluster_vip6 is '192.0.2.12/24': an IPv6 address is needed",
    ),
    ({"cluster_vip6": "2001:db8::10/64"}, "cluster_vip6 is '2001:db8::10/64' and cluster_vip is empty"),
    (
        {"cluster_vip": "2001:db8::10/64", "cluster_vip6": "2001:db8::12/64"},
        "cluster_vip is '2001:db8::10/64' and cluster_vip6 is '2001:db8::12/64': the address of the same service in "
        "IPv4 is needed as cluster_vip; further VIPs belong into cluster_vips",
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
    ({"cluster_node_tasks": ["reboot.yml"]}, "cluster_node_tasks is a list: a single value is needed"),
    ({"move_vip_to": False}, "move_vip_to is false: YAML makes that of words such as yes, no, on and off"),
    ({"move_vip_instance": 2}, "move_vip_instance is 2: YAML may have changed a number's digits"),
    ({"check_cluster_json": True}, "check_cluster_json is true: YAML makes that of words"),
    ({"reboot_timeout": "10m"}, "reboot_timeout is '10m': a number from 0"),
    ({"shut_down_timeout": "2m"}, "shut_down_timeout is '2m': a number from 0"),
    ({"shut_down_confirmed": "y"}, "shut_down_confirmed is 'y': true or false is needed"),
    ({"upgrade_reboot": "y"}, "upgrade_reboot is 'y': true or false is needed"),
    ({"upgrade_packages": ["nginx", 1.10]}, "upgrade_packages[1] is 1.1: YAML may have changed a number's digits"),
    ({"upgrade_packages": None}, "upgrade_packages has no value"),
    ({"cluster_servers": "192.0.2.31"}, "cluster_servers is '192.0.2.31': a list is needed, even for one item"),
    ({"cluster_servers": ["app1:8080"]}, "cluster_servers has 'app1:8080': an address is needed"),
    ({"cluster_haproxy": "never"}, "cluster_haproxy is 'never': true or false is needed"),
    ({"check_cluster_certificate_days": "2w"}, "check_cluster_certificate_days is '2w': a number from 0"),
]
NO_VIP = {"cluster_keepalived": False}
RIGHT = [
    {"cluster_vip": "192.0.2.10/24"},
    {
        "cluster_address": "192.0.2.11",
        "cluster_address6": "2001:db8::11",
        "cluster_vip": "192.0.2.10/24",
        "cluster_vips": [],
        "cluster_vip6": "2001:db8::10/64",
    },
    {"cluster_vip": "2001:db8::10/64", "cluster_vips": ["2001:db8::12/128", "192.0.2.10/24"]},
    {
        **NO_VIP,
        "upgrade_packages": "nginx",
        "upgrade_reboot": "true",
        "reboot_timeout": "600",
        "shut_down_confirmed": True,
    },
    {**NO_VIP, "upgrade_packages": ["nginx", "haproxy"], "move_vip_to": "lb2"},
    {"cluster_vip": "192.0.2.10/32", "cluster_vips": ["192.0.2.0/31", "192.0.2.255/16"]},
    {
        "cluster_address": "",
        "cluster_vip": "",
        "cluster_keepalived": "no",
        "cluster_move_interval": "1.5",
        "check_cluster_certificate_days": "14",
    },
]


@pytest.mark.parametrize(("variables", "said"), WRONG)
def test_what_is_wrong_is_said_of_the_first_host_that_reads_it(variables, said):
    hostvars = dict.fromkeys(["lb1", "lb2", "web1"], variables)
    told = problems(["lb1", "lb2"], ["web1"], hostvars)
    assert told
    assert told[0].startswith(f"lb1: {said}")
    assert [problem for problem in told if not problem.startswith("lb1: ")] == []
    elsewhere = [problem for problem in problems([], ["web1"], hostvars) if "load_balancers is empty" not in problem]
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
        (
            {"cluster_vip": "192.0.2.10/24", "cluster_vip6": "2001:DB8:0::22/64"},
            "cluster_vip6: 2001:DB8:0::22/64 is the address of 2001:db8::22",
        ),
        (
            {"cluster_vip": "192.0.2.10/24", "cluster_vip6": "2001:db8::11/64", "cluster_address6": "2001:db8::11"},
            "cluster_vip6: 2001:db8::11/64 is the address of lb1",
        ),
        (
            {"cluster_vip": "192.0.2.10/24", "cluster_vips": ["192.0.2.10/32"]},
            "cluster_vips: 192.0.2.10/32 is in cluster_vip already: leave it out in one of them",
        ),
    ],
)
def test_a_vip_is_no_hosts_address(variables, said):
    hostvars = {
        "lb1": {"ansible_host": "192.0.2.11", "cluster_vip": "192.0.2.13/24", **variables},
        "web1": {"cluster_address": "192.0.2.21", "ansible_host": "192.0.2.99"},
        "2001:db8::22": {},
    }
    (problem,) = problems(["lb1"], ["web1", "2001:db8::22"], hostvars)
    assert problem.startswith(said)


@pytest.mark.parametrize("variables", [{"ansible_host": "127.0.0.1"}, {"cluster_address": "::1"}])
def test_a_loopback_address_is_no_address_for_others(variables):
    balancer = {"ansible_host": "192.0.2.11", "cluster_vip": "192.0.2.10/24"}
    (problem,) = problems(["lb1"], ["web1"], {"lb1": balancer, "web1": variables})
    assert problem.startswith(
        f"web1: its address is {next(iter(variables.values()))}, by which every host means itself"
    )
    assert problem.endswith("set cluster_address to the address at which other hosts reach it")


@pytest.mark.parametrize(
    ("address", "what"),
    [
        ("0.0.0.0", "a multicast, broadcast or unspecified one"),
        ("::", "a multicast, broadcast or unspecified one"),
        ("224.0.0.18", "a multicast, broadcast or unspecified one"),
        ("ff02::12", "a multicast, broadcast or unspecified one"),
        ("255.255.255.255", "a multicast, broadcast or unspecified one"),
        ("::ffff:192.0.2.21", "the IPv4 address 192.0.2.21 in IPv6"),
        ("fe80::21", "known on one link only"),
    ],
)
@pytest.mark.parametrize("name", ["ansible_host", "cluster_address"])
def test_an_address_that_is_no_single_hosts_is_refused(name, address, what):
    balancer = {"ansible_host": "192.0.2.11", "cluster_vip": "192.0.2.10/24"}
    (problem,) = problems(["lb1"], ["web1"], {"lb1": balancer, "web1": {name: address}})
    assert problem.startswith(f"web1: its address is {address}, which is {what}: set cluster_address")


def test_a_single_host_may_be_known_by_its_loopback_address():
    host = {"ansible_host": "127.0.0.1", "cluster_vip": "192.0.2.10/24"}
    assert problems(["all_in_one"], ["all_in_one"], {"all_in_one": host}) == []


@pytest.mark.parametrize(
    ("name", "values", "said"),
    [
        (
            "cluster_vip",
            ["192.0.2.10/24", "192.0.2.12/24"],
            "cluster_vip is 192.0.2.10/24 on lb1 and 192.0.2.12/24 on lb2",
        ),
        ("cluster_vip", ["192.0.2.10/24", ""], "cluster_vip is 192.0.2.10/24 on lb1 and empty on lb2"),
        (
            "cluster_vips",
            [["192.0.2.10/24"], ["192.0.2.10/24", "192.0.2.12/24"]],
            "cluster_vips is 192.0.2.10/24 on lb1 and 192.0.2.10/24, 192.0.2.12/24 on lb2",
        ),
    ],
)
def test_all_load_balancers_have_the_same_vips(name, values, said):
    (problem,) = problems(["lb1", "lb2"], ["web1"], {"lb1": {name: values[0]}, "lb2": {name: values[1]}, "web1": {}})
    assert problem.startswith(f"{said}: set it for the group load_balancers")


VIP = {"cluster_vip": "192.0.2.10/24"}
ANYCAST = {"cluster_anycast": ["198.51.100.80/32"]}
PEERS = {"bgp_peers": [{"address": "192.0.2.1", "as": 65000}]}
SERVERS = {"cluster_servers": ["192.0.2.31:8080", "[2001:db8::31]:8080", "2001:db8::32"]}


@pytest.mark.parametrize(
    ("variables", "load_balancers", "web_servers"),
    [
        (VIP, ["lb1", "lb2"], ["web1"]),
        ({**VIP, **SERVERS}, ["lb1", "lb2"], []),
        ({**VIP, "haproxy_backends": []}, ["lb1", "lb2"], []),
        ({**VIP, "haproxy_listens": []}, ["lb1", "lb2"], []),
        ({**VIP, "cluster_haproxy": False}, ["lb1", "lb2"], []),
        ({**ANYCAST, **PEERS}, ["lb1", "lb2"], ["web1"]),
        ({**ANYCAST, "cluster_vips": ["192.0.2.10/24", "192.0.2.11/24"]}, ["lb1", "lb2"], ["web1"]),
        ({"keepalived_instances": []}, ["lb1", "lb2"], ["web1"]),
        ({"cluster_keepalived": False}, ["lb1", "lb2"], ["web1"]),
        ({"cluster_keepalived": False, **SERVERS}, ["lb1"], []),
        ({}, [], ["web1"]),
    ],
)
def test_a_cluster_may_lack_a_tier(variables, load_balancers, web_servers):
    hostvars = {name: variables for name in load_balancers + web_servers}
    assert problems(load_balancers, web_servers, hostvars) == []


@pytest.mark.parametrize(
    ("variables", "load_balancers", "web_servers", "said"),
    [
        (VIP, [], ["web1"], "the group load_balancers is empty or missing, and there is a VIP"),
        ({**ANYCAST, **PEERS}, [], ["web1"], "the group load_balancers is empty or missing, and there is a VIP"),
        (VIP, ["lb1"], [], "the group web_servers is empty or missing, so haproxy has no servers"),
        ({**VIP, "cluster_servers": []}, ["lb1"], [], "the group web_servers is empty or missing"),
        ({**VIP, **SERVERS}, ["lb1"], ["web1"], "cluster_servers is set and the group web_servers has hosts"),
        ({}, ["lb1"], ["web1"], "there is no VIP: set cluster_vip"),
        (ANYCAST, ["lb1", "lb2"], ["web1"], "cluster_anycast is set, and no router can learn of it"),
        (
            {**ANYCAST, **PEERS, "cluster_keepalived": False},
            ["lb1"],
            ["web1"],
            "cluster_anycast is set and cluster_keepalived",
        ),
        ({"cluster_haproxy": False, "cluster_keepalived": "no"}, ["lb1"], [], "cluster_haproxy and cluster_keepalived"),
    ],
)
def test_what_a_cluster_lacks_is_said(variables, load_balancers, web_servers, said):
    (problem,) = problems(load_balancers, web_servers, {name: variables for name in load_balancers + web_servers})
    assert problem.startswith(said)
