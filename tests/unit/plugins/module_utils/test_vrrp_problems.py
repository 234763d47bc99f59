# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.module_utils._vrrp_problems import interface_networks, problems
from vrrp_samples import NODES, declaration, group, instance, script, vip

ETH0 = {
    "device": "eth0",
    "ipv4": {"address": "192.0.2.11", "netmask": "255.255.255.0", "prefix": "24"},
    "ipv4_secondaries": [{"address": "203.0.113.5", "netmask": "255.255.255.255"}],
    "ipv6": [{"address": "2001:db8::11", "prefix": "64"}],
}
LAN = {"ipv4": {"address": "198.51.100.2", "netmask": "255.255.255.128"}}
# As Ansible names them: "-" becomes "_" in the key of an interface, "." stays.
FACTS = {
    "interfaces": ["lo", "eth0", "br-lan", "eth0.7"],
    "eth0": ETH0,
    "br_lan": LAN,
    "eth0.7": LAN,
    "lo": {},
    "all_ipv4_addresses": ["192.0.2.11", "203.0.113.5", "198.51.100.2"],
    "all_ipv6_addresses": ["2001:db8::11", "fe80::1"],
}
DUAL = [{**node, "address6": f"2001:db8::1{node['name'][-1]}"} for node in NODES]
SIX = [{"name": node["name"], "address": node["address6"]} for node in DUAL]
UP = {"notify_master": "/etc/keepalived/up.sh"}
PREEMPT = {"preempt": True}
GUIDE = {"preempt": True, "priorities": [110, 105, 100]}


def found(instances, facts=None, **keys):
    return problems(declaration(instances, **keys), FACTS if facts is None else facts)


GOOD = [
    ([], {}),
    ([instance()], {}),
    ([instance(virtual_router_id=1), instance(vip("192.0.2.20/24"), name="two", virtual_router_id=255)], {}),
    ([instance(), instance(vip("198.51.100.10/25"), name="lan", interface="br-lan")], {}),
    ([instance(vip("198.51.100.10/25", dev="br-lan"))], {}),
    ([instance(vip("198.51.100.10/25"), interface="eth0.7")], {}),
    ([instance(vip("192.0.2.10/32"))], {}),
    ([instance(vip("203.0.113.66/32", dev="lo"))], {}),
    ([instance(vip("fe80::10/64"), vip("2001:db8::10/64"))], {"nodes": DUAL}),
    ([instance(vip("2001:db8::10/64"))], {"nodes": SIX}),
    ([instance(vip("2001:db8::10/64"))], {"nodes": [{"name": "lb1", "address": "2001:DB8:0::11"}, SIX[1]]}),
    ([instance(), instance(vip("2001:db8::10/64"), name="six")], {"nodes": DUAL, "sync_groups": [group("web", "six")]}),
    ([instance(advert_int=0.01)], {}),
    ([instance(advert_int=0.29)], {}),
    ([instance(advert_int=40.95)], {}),
    ([instance(version=2, advert_int=1)], {}),
    ([instance(version=2)], {}),
    ([instance(version=2, advert_int=255, auth_pass="1 3#5!78")], {}),
    ([instance(version=2, auth_pass=12345678)], {}),
    ([instance(name=1)], {"scripts": [script(name=2)]}),
    ([instance(nodes=["lb2", "lb1"])], {}),
    ([instance(nodes=["lb2", "lb1"], priorities=[101, 100])], {}),
    ([instance(vip("198.51.100.10/25"), nodes=["lb2", "lb3"]), instance(name="b", virtual_router_id=52)], {}),
    ([instance(virtual_ipaddress=[], **UP)], {}),
    ([instance(virtual_ipaddress=[], notify="/bin/x")], {}),
    ([instance(virtual_ipaddress=[], virtual_ipaddress_excluded=["192.0.2.10/24"])], {}),
    (
        [instance(virtual_ipaddress=[]), instance(name="two", virtual_router_id=52)],
        {"sync_groups": [group("web", "two", **UP)]},
    ),
    ([instance(preempt_delay=60, **PREEMPT)], {}),
    ([instance(preempt_delay=0)], {}),
    ([instance(track_interface=["br-lan", "eth0"])], {}),
    ([instance(track_script=["well"], track_file=["haproxy"])], {"scripts": [script()], "reports": {"/run": ["haproxy"]}}),
    ([instance()], {"yields": {"/run": ["cut_off"]}}),
    ([instance(**PREEMPT)], {"scripts": [script(weight=-11)]}),
    ([instance(**GUIDE)], {"scripts": [script(weight=6)]}),
    ([instance(**GUIDE)], {"scripts": [script(weight=-6)], "track_files": [{"name": "f", "file": "/f", "weight": -1}]}),
    ([instance(track_script=["well weight 0"])], {"scripts": [script(weight=-2)]}),
    ([instance(track_script=["well weight -20 reverse"], **PREEMPT)], {"scripts": [script()]}),
]

# what is wrong, the instances, further keys of the declaration, what the problem says
BAD = [
    ("name twice", [instance(), instance(vip("192.0.2.20/24"), virtual_router_id=52)], {}, ["keepalived_instances: the name web", "once"]),
    ("a name of two words", [instance(name="my vip")], {}, ["keepalived_instances: the name 'my vip' is no single word"]),
    ("a name with a brace", [instance()], {"scripts": [script(name="a{")]}, ["keepalived_scripts: the name 'a{' is no single word"]),
    (
        "script twice",
        [instance(track_script=["well"])],
        {"scripts": [script(), script()]},
        ["keepalived_scripts: the name well is used 2 times"],
    ),
    (
        "a file that is watched already",
        [instance()],
        {"reports": {"/run/a": ["haproxy"]}, "track_files": [{"name": "haproxy", "file": "/run/b", "weight": 0}]},
        ["keepalived_track_files, _watched_units, _watched_urls and _yield_urls: the name haproxy is used 2 times"],
    ),
    (
        "a file with two meanings",
        [instance()],
        {"reports": {"/run": ["haproxy"]}, "yields": {"/run": ["haproxy"]}},
        ["_watched_urls and _yield_urls: the name haproxy is used 2 times"],
    ),
    (
        "a file to give way with, as if it was a failure",
        [instance(track_file=["cut_off"])],
        {"yields": {"/run": ["cut_off"]}},
        ["web: track_file has 'cut_off', which does not exist"],
    ),
    (
        "router id twice on one interface",
        [instance(), instance(vip("192.0.2.20/24"), name="two", interface="eth0")],
        {},
        ["keepalived_instances: the virtual_router_id on an interface 51 (eth0, IPv4)", "once"],
    ),
    (
        "address twice",
        [instance(), instance(vip("192.0.2.10/32"), name="two", virtual_router_id=52)],
        {},
        ["keepalived_instances: the virtual_ipaddress 192.0.2.10 is used 2 times"],
    ),
    ("a time to live of 0", [instance()], {"numbers": {"firewall_min_ttl": 0}}, ["keepalived_firewall_min_ttl is 0: allowed are 1-255"]),
    ("a priority above all", [instance()], {"numbers": {"rt_priority": 100}}, ["keepalived_rt_priority is 100: allowed are 0-99"]),
    ("router id 0", [instance(virtual_router_id=0)], {}, ["keepalived_instances: web: virtual_router_id is 0", "1-255"]),
    ("router id 256", [instance(virtual_router_id=256)], {}, ["keepalived_instances: web: virtual_router_id is 256", "1-255"]),
    ("version", [instance(version=4)], {}, ["keepalived_instances: web: version is 4", "versions 2 and 3"]),
    ("adverts too often", [instance(advert_int=0.001)], {}, ["web: advert_int is 0.001", "version 3 allows 0.01-40.95 seconds"]),
    ("adverts too rarely", [instance(advert_int=41)], {}, ["web: advert_int is 41", "0.01-40.95"]),
    ("thousandths", [instance(advert_int=0.015)], {}, ["web: advert_int is 0.015", "hundredths"]),
    ("half seconds", [instance(version=2, advert_int=1.5)], {}, ["web: advert_int is 1.5", "whole seconds"]),
    ("version 2 too often", [instance(version=2, advert_int=0.1)], {}, ["web: advert_int is 0.1", "version 2 allows 1-255 seconds"]),
    ("version 2 too rarely", [instance(version=2, advert_int=256)], {}, ["web: advert_int is 256", "1-255"]),
    ("a delay without preemption", [instance(preempt_delay=60)], {}, ["web: preempt_delay is 60 and preempt is false", "preempt: true"]),
    ("password in version 3", [instance(auth_pass="word")], {}, ["web: auth_pass is set with version 3", "only VRRP version 2"]),
    ("long password", [instance(version=2, auth_pass="123456789")], {}, ["web: auth_pass has 9 bytes", "at most 8"]),
    ("a quotation mark", [instance(version=2, auth_pass='a"b')], {}, ["web: auth_pass has a quotation mark"]),
    ("no VIP", [instance(vip(""))], {}, ["web: virtual_ipaddress is ''", "such as 192.0.2.10/24"]),
    ("no prefix", [instance(vip("192.0.2.10"))], {}, ["web: virtual_ipaddress is '192.0.2.10'", "with its prefix"]),
    ("no address", [instance(vip("vip/24"))], {}, ["web: virtual_ipaddress is 'vip/24'", "an IPv4 or IPv6 address with prefix"]),
    ("no such prefix", [instance(vip("192.0.2.10/33"))], {}, ["web: virtual_ipaddress is '192.0.2.10/33'", "with prefix is needed"]),
    ("no such interface", [instance(interface="eth7")], {}, ["web: interface is 'eth7'", "it has br-lan, eth0, eth0.7, lo"]),
    ("no such device", [instance(vip("192.0.2.10/24", dev="eth7"))], {}, ["web: interface is 'eth7'", "it has br-lan, eth0, eth0.7, lo"]),
    ("no such watched interface", [instance(track_interface=["eth8 weight 0"])], {}, ["web: interface is 'eth8'", "does not have"]),
    (
        "outside the subnets",
        [instance(vip("198.51.100.10/24"))],
        {},
        ["web: virtual_ipaddress 198.51.100.10/24 is outside every subnet of eth0", "192.0.2.0/24, 2001:db8::/64", "has the prefix /32"],
    ),
    ("a subnet of one address", [instance(vip("203.0.113.5/24"))], {}, ["203.0.113.5/24 is outside every subnet of eth0"]),
    ("no subnet at all", [instance(interface="lo")], {}, ["192.0.2.10/24 is outside every subnet of lo", "its subnets are none"]),
    ("second VIP", [instance(vip("192.0.2.10/24"), vip("vip"))], {}, ["web: virtual_ipaddress is 'vip'", "with its prefix"]),
    ("no VIP and nobody told", [instance(virtual_ipaddress=[])], {}, ["web: virtual_ipaddress is empty and there is no notify_master"]),
    (
        "IPv4 and IPv6 in one instance",
        [instance(vip("192.0.2.10/24"), vip("2001:db8::10/64"))],
        {"nodes": DUAL},
        ["web: virtual_ipaddress has IPv4 and IPv6 addresses", "an instance for each", "keepalived_sync_groups"],
    ),
    ("IPv6 in version 2", [instance(vip("2001:db8::10/64"), version=2)], {"nodes": DUAL}, ["web: version is 2", "use version 3"]),
    (
        "a node without IPv6",
        [instance(vip("2001:db8::10/64"))],
        {"nodes": [DUAL[0], NODES[1], DUAL[2]]},
        ["web: node lb2 has no IPv6 address", "set its address6"],
    ),
    (
        "a node without IPv4",
        [instance()],
        {"nodes": [NODES[0], SIX[1], NODES[2]]},
        ["web: node lb2 has no IPv4 address", "set its address"],
    ),
    ("unknown node", [instance(nodes=["lb1", "lb22"])], {}, ["web: nodes has 'lb22'", "not in keepalived_nodes; did you mean lb2?"]),
    ("a stranger as node", [instance(nodes=["lb1", "x"])], {}, ["web: nodes has 'x'", "there are lb1, lb2, lb3"]),
    ("one node of three", [instance(nodes=["lb1"])], {}, ["web: nodes is lb1: a VIP needs at least two"]),
    ("a node twice in an instance", [instance(nodes=["lb1", "lb2", "lb1"])], {}, ["web: nodes: the name lb1 is used 2 times"]),
    ("priorities for some", [instance(priorities=[101, 100])], {}, ["web: priorities has 2 values for the 3 nodes lb1, lb2, lb3"]),
    ("priority 255", [instance(priorities=[255, 254, 253])], {}, ["web: priorities has 255: allowed are 1-254"]),
    ("priority 0", [instance(priorities=[2, 1, 0])], {}, ["web: priorities has 0: allowed are 1-254"]),
    (
        "priorities that go up",
        [instance(priorities=[100, 101, 99])],
        {},
        ["web: priorities are 100, 101, 99 for the nodes lb1, lb2, lb3: they have to go down"],
    ),
    ("equal priorities", [instance(priorities=[100, 100, 99])], {}, ["web: priorities are 100, 100, 99", "have to go down"]),
    ("nothing for this node", [instance(nodes=["lb2", "lb3"])], {}, ["keepalived_instances: no instance names the node lb1"]),
    ("unknown script", [instance(track_script=["wel"])], {"scripts": [script()]}, ["web: track_script has 'wel'", "did you mean well?"]),
    ("unknown file", [instance(track_file=["x weight 0"])], {}, ["web: track_file has 'x', which does not exist; there are none"]),
    ("unknown process", [instance(track_process=["nginx"])], {}, ["web: track_process has 'nginx', which does not exist"]),
    (
        "a weight without preemption",
        [instance()],
        {"scripts": [script(weight=-20)]},
        ["web: the weights of well -20 together with preempt: false would keep the addresses"],
    ),
    (
        "a weight with a delay",
        [instance(preempt_delay=5, **PREEMPT)],
        {"scripts": [script(weight=2)]},
        ["web: the weights of well +2 together with preempt_delay"],
    ),
    (
        "a weight that only the entry says",
        [instance(track_interface=["br-lan weight -3"])],
        {},
        ["web: the weights of br-lan -3 together with preempt: false"],
    ),
    (
        "a weight that is not larger than the gap",
        [instance(preempt=True, priorities=[150, 100, 99])],
        {"scripts": [script(weight=-50)]},
        ["web: the weight -50 of well is not larger than the gap of 50", "150 of lb1 and 100 of lb2", "at least 51"],
    ),
    (
        "a positive weight that is not larger than the gap",
        [instance(preempt=True, priorities=[102, 101, 99])],
        {"scripts": [script(weight=2)]},
        ["web: the weight +2 of well", "gap of 2", "101 of lb2 and 99 of lb3", "at least 3"],
    ),
    (
        "a weight that keepalived cuts at the top",
        [instance(**PREEMPT)],
        {"scripts": [script(weight=11)]},
        ["web: the priorities 254-234 with weights of +11 and +0 leave the range 1-254", "[101, 100]"],
    ),
    (
        "a weight that keepalived cuts at the bottom",
        [instance(preempt=True, priorities=[3, 2, 1])],
        {"scripts": [script(weight=-2)]},
        ["web: the priorities 3-1 with weights of +0 and -2 leave the range 1-254"],
    ),
    (
        "a weight in a group",
        [instance(**PREEMPT), instance(vip("192.0.2.20/24"), name="two", virtual_router_id=52, track_script=[], **PREEMPT)],
        {"scripts": [script(weight=-20)], "sync_groups": [group("web", "two")]},
        ["web: the weights of well -20 would be ignored in a group"],
    ),
    ("a group of one", [instance()], {"sync_groups": [group("web")]}, ["keepalived_sync_groups: both: instances has 1", "at least two"]),
    (
        "a group with a stranger",
        [instance()],
        {"sync_groups": [group("web", "wbe")]},
        ["keepalived_sync_groups: both: instances has 'wbe'", "did you mean web?"],
    ),
    (
        "a group that disagrees on the nodes",
        [instance(), instance(vip("192.0.2.20/24"), name="two", virtual_router_id=52, nodes=["lb2", "lb1", "lb3"])],
        {"sync_groups": [group("web", "two")]},
        ["keepalived_sync_groups: both: the instances web, two differ in nodes, priorities or preempt"],
    ),
    (
        "a group that disagrees on preemption",
        [instance(), instance(vip("192.0.2.20/24"), name="two", virtual_router_id=52, **PREEMPT)],
        {"sync_groups": [group("web", "two")]},
        ["keepalived_sync_groups: both: the instances web, two differ"],
    ),
    (
        "two groups with one instance",
        [instance(), instance(vip("192.0.2.20/24"), name="two", virtual_router_id=52)],
        {"sync_groups": [group("web", "two"), group("web", "two", name="again")]},
        ["keepalived_sync_groups: the instance web is used 2 times", "the instance two is used 2 times"],
    ),
    (
        "address twice in another spelling",
        [instance(vip("2001:db8::10/64")), instance(vip("2001:DB8:0::10/64"), name="two", virtual_router_id=52)],
        {"nodes": SIX},
        ["keepalived_instances: the virtual_ipaddress 2001:db8::10 is used 2 times"],
    ),
    ("two global lines in one", [instance()], {"texts": {"global_lines": ["a", "b\n"]}}, ["keepalived_global_lines[1] has a line break"]),
    ("two lines in one", [instance(lines=["debug 1\ndebug 2"])], {}, ["keepalived_instances[web].lines[0] has a line break"]),
    ("a line break in a notify command", [instance(notify_master="/bin/a\n")], {}, ["keepalived_instances[web].notify_master has a"]),
    ("a line break in a script", [instance()], {"scripts": [script(script="/bin/a\n")]}, ["keepalived_scripts[well].script has a"]),
]

# what is wrong, the nodes, what the problem says
BAD_NODES = [
    ("one node", NODES[:1], ["keepalived_nodes has 1 node(s)", "at least two"]),
    ("name twice", [*NODES, {**NODES[1], "address": "192.0.2.14"}], ["keepalived_nodes: the name lb2 is used 2 times", "once"]),
    ("address twice", [*NODES, {**NODES[0], "name": "lb4"}], ["keepalived_nodes: the address 192.0.2.11 is used 2 times", "once"]),
    (
        "address6 twice",
        [DUAL[0], {**DUAL[1], "address6": DUAL[0]["address6"]}],
        ["keepalived_nodes: the address 2001:db8::11 is used 2 times", "once"],
    ),
    (
        "a name for an address",
        [*NODES, {"name": "lb4", "address": "lb4"}],
        ["keepalived_nodes: the address of lb4 is 'lb4'", "IPv4 or IPv6"],
    ),
    (
        "an IPv4 address as the IPv6 one",
        [NODES[0], {**NODES[1], "address6": "192.0.2.99"}],
        ["keepalived_nodes: the address6 of lb2 is '192.0.2.99'", "an IPv6 address"],
    ),
    ("this host is missing", NODES[1:], ["keepalived_nodes does not name this host", "'lb1'", "the nodes are lb2, lb3"]),
    (
        "an address that is translated on the way",
        [{"name": "lb1", "address": "203.0.113.99"}, NODES[1]],
        [
            "keepalived_nodes: lb1 has the address 203.0.113.99",
            "this host does not have; it has 192.0.2.11, 203.0.113.5",
            "cluster_address",
        ],
    ),
    (
        "an IPv6 address that this host does not have",
        [{**NODES[0], "address6": "2001:db8::99"}, NODES[1]],
        ["keepalived_nodes: lb1 has the address 2001:db8::99", "which this host does not have"],
    ),
    (
        "more nodes than priorities",
        [NODES[0], *({"name": f"n{number}", "address": f"10.0.0.{number}"} for number in range(1, 255))],
        ["keepalived_nodes has 255 nodes", "254"],
    ),
]


@pytest.mark.parametrize(("instances", "keys"), GOOD)
def test_no_problem(instances, keys):
    assert found(instances, **keys) == []


@pytest.mark.parametrize(("instances", "keys", "parts"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_problem(instances, keys, parts):
    said = found(instances, **keys)
    # Every part has been said, and nothing but the parts.
    assert [part for part in parts if not any(part in problem for problem in said)] == []
    assert [problem for problem in said if not any(part in problem for part in parts)] == []


@pytest.mark.parametrize(("nodes", "parts"), [row[1:] for row in BAD_NODES], ids=[row[0] for row in BAD_NODES])
def test_problem_of_nodes(nodes, parts):
    (problem,) = found([instance()], nodes=nodes)
    assert [part for part in parts if part not in problem] == []


def test_no_nodes():
    assert found([instance()], nodes=[]) == [
        "keepalived_nodes has 0 node(s): a VIP needs at least two that can hold it",
        "keepalived_nodes does not name this host: keepalived_node_name is 'lb1', the nodes are none",
    ]


def test_facts_without_interfaces():
    (address, interface) = found([instance()], facts={})
    assert address.startswith("keepalived_nodes: lb1 has the address 192.0.2.11, which this host does not have; it has none.")
    assert interface.endswith("interface is 'eth0', which this host does not have; it has none that are known")


def test_the_interfaces_of_other_nodes_are_not_looked_for_here():
    elsewhere = instance(vip("203.0.113.66/24"), name="other", virtual_router_id=52, interface="eth7", nodes=["lb2", "lb3"])
    assert found([instance(), elsewhere]) == []


def test_a_password_is_never_shown():
    assert "unutterable" not in str(found([instance(version=2, auth_pass="unutterable")]))


@pytest.mark.parametrize(
    ("interface", "networks"),
    [
        ({}, []),
        ({"ipv4": {}}, []),
        (ETH0, ["192.0.2.0/24", "2001:db8::/64"]),
        (LAN, ["198.51.100.0/25"]),
        ({**LAN, "ipv4_secondaries": [{"address": "198.51.100.3", "netmask": "255.255.255.128"}]}, ["198.51.100.0/25"]),
    ],
)
def test_interface_networks(interface, networks):
    assert [str(network) for network in interface_networks(interface)] == networks
