# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from samples.keepalived import DUAL, NODES, SIX, found, group, instance, mistaken, script, urls, vip

UP = {"notify_master": "/etc/keepalived/up.sh"}
PREEMPT = {"preempt": True}

BARE = {"virtual_ipaddress": [], "version": 2, "advert_int": 1}
GOOD = [
    ([], {}),
    ([instance()], {}),
    ([instance(virtual_router_id=1), instance(vip("192.0.2.20/24"), name="two", virtual_router_id=255)], {}),
    ([instance(vip("2001:db8::10/64"))], {"nodes": SIX}),
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
    ([instance(**BARE, **UP)], {}),
    ([instance(**BARE, notify="/bin/x")], {}),
    ([instance(**BARE, notify_backup="/bin/x")], {}),
    ([instance(**BARE, lines=["notify_master_rx_lower_pri /bin/x"])], {}),
    ([instance(**BARE, virtual_ipaddress_excluded=["192.0.2.10/24"])], {}),
    ([instance(**BARE, virtual_routes=["198.51.100.0/24 via 192.0.2.1"])], {}),
    ([instance(**BARE, virtual_rules=["from 198.51.100.0/24 lookup 100"])], {}),
    ([instance(**BARE)], {"global_lines": ["lvs_sync_daemon eth0 web"]}),
    (
        [instance(**BARE), instance(name="two", virtual_router_id=52)],
        {"sync_groups": [group("web", "two", **UP)]},
    ),
    ([instance(preempt_delay=60, **PREEMPT)], {}),
    ([instance(preempt_delay=0)], {}),
    ([instance(priorities=[100, 100, 99])], {}),
    ([instance()], {"sync_groups": [group("web")]}),
    ([instance()], {"nodes": NODES[:1], "accepted": ["single_node"]}),
    ([instance(nodes=["lb1"])], {"accepted": ["single_node"]}),
    ([instance(virtual_ipaddress=[], version=2, anycast=["198.51.100.80/32"])], {}),
    (
        [instance(virtual_ipaddress=[], version=2, anycast=["198.51.100.80/32"])],
        {"second_chance": False, "accepted": ["lossy_anycast"]},
    ),
    ([instance()], urls(**{"yield": "tcp://[2001:db8::1]:80"})),
    ([instance()], urls(status=401, watched="http://192.0.2.1/admin")),
]

# what is wrong, the instances, further keys of the declaration, what the problem says
BAD = [
    *(
        (f"a watch with {word} 0", [instance()], {"watch_defaults": {word: 0}}, [f"{word} is 0: more than 0 is needed"])
        for word in ("interval", "timeout", "rise")
    ),
    (
        "a watch that is always too late",
        [instance()],
        {"urls": {"watched": [], "yield": [{"name": "a", "url": "http://192.0.2.1/", "timeout": "0"}]}},
        ["keepalived_yield_urls: a: timeout is 0"],
    ),
    *(
        (f"a URL of {what}", [instance()], urls(watched=url), ["keepalived_watched_urls: a: the url is", url])
        for what, url in {
            "no host": "http:///up",
            "an IPv6 address without brackets": "http://2001:db8::1/up",
            "a port that is none": "http://192.0.2.1:99999/",
            "a port that is a word": "http://192.0.2.1:http/",
            "an empty port": "http://192.0.2.1:/",
        }.items()
    ),
    (
        "a unit with its suffix",
        [instance()],
        {"reports": {"/run/state": ["php8.2-fpm.service"]}},
        ["keepalived_watched_units has 'php8.2-fpm.service'", "such as php8.2-fpm"],
    ),
    (
        "an excluded address that is none",
        [instance(virtual_ipaddress_excluded=["192.0.2.300/24 dev eth0"])],
        {},
        ["virtual_ipaddress_excluded has '192.0.2.300/24': an address with prefix is needed"],
    ),
    (
        "an excluded address that is a VIP",
        [instance(virtual_ipaddress_excluded=["192.0.2.10/32 dev eth0"])],
        {},
        ["the virtual_ipaddress 192.0.2.10 is used 2 times"],
    ),
    ("a zero before the prefix", [instance(vip("192.0.2.10/024"))], {}, ["192.0.2.10/24"]),
    (
        "anycast in VRRP version 3",
        [instance(virtual_ipaddress=[], anycast=["198.51.100.80/32"])],
        {},
        ["keepalived runs an instance without a VIP in VRRP version 2 only"],
    ),
    (
        "anycast of a version that nodes do not have",
        [instance(virtual_ipaddress=[], version=2, anycast=["2001:db8:5::80/128"])],
        {"nodes": [DUAL[0], *NODES[1:2]]},
        ["node lb2 has no IPv6 address for packets to the anycast addresses", "cluster_address6"],
    ),
    (
        "anycast with a wrong prefix",
        [instance(virtual_ipaddress=[], version=2, anycast=["198.51.100.80/24"])],
        {},
        ["keepalived_instances: web: anycast has '198.51.100.80/24'", "/32"],
    ),
    (
        "anycast beside a VIP",
        [instance(version=2, anycast=["198.51.100.80/32"])],
        {},
        ["anycast and virtual_ipaddress are both set", "an instance for each"],
    ),
    (
        "anycast without the second chance",
        [instance(virtual_ipaddress=[], version=2, anycast=["198.51.100.80/32"])],
        {"second_chance": False},
        ["without the second chance", "keepalived_accept_lossy_anycast"],
    ),
    (
        "anycast between networks",
        [instance(virtual_ipaddress=[], version=2, anycast=["198.51.100.80/32"])],
        {"nodes": [*NODES[:2], {"name": "lb3", "address": "203.0.113.13"}]},
        ["lb3 (203.0.113.13)", "within one network only", "keepalived_accept_lossy_anycast"],
    ),
    (
        "anycast on one node",
        [instance(virtual_ipaddress=[], version=2, anycast=["198.51.100.80/32"])],
        {"nodes": NODES[:1]},
        ["keepalived_nodes has 1 node(s)", "keepalived_accept_single_node"],
    ),
    (
        "anycast address twice",
        [
            instance(virtual_ipaddress=[], version=2, anycast=["198.51.100.80/32"]),
            instance(name="b", virtual_ipaddress=[], version=2, anycast=["198.51.100.80/32"], virtual_router_id=52),
        ],
        {},
        ["the anycast address 198.51.100.80/32 is used 2 times"],
    ),
    (
        "name twice",
        [instance(), instance(vip("192.0.2.20/24"), virtual_router_id=52)],
        {},
        ["keepalived_instances: the name web", "once"],
    ),
    (
        "a name of two words",
        [instance(name="my vip")],
        {},
        ["keepalived_instances: the name 'my vip' is no single word"],
    ),
    (
        "a name with a brace",
        [instance()],
        {"scripts": [script(name="a{")]},
        ["keepalived_scripts: the name 'a{' is no single word"],
    ),
    ("a name with a slash", [instance(name="a/b")], {}, ["keepalived_instances: the name 'a/b' is no single word"]),
    (
        "a unit with a specifier",
        [instance()],
        {"reports": {"/run": ["web%i"]}},
        ["_watched_units", "the name 'web%i' stands in units"],
    ),
    (
        "a watch with a command",
        [instance()],
        {"yields": {"/run": ["a;b"]}},
        ["_yield_urls", "the name 'a;b' stands in units"],
    ),
    (
        "a directory with a specifier",
        [instance()],
        {"texts": {"metrics_directory": "/var/%H"}},
        ["keepalived_metrics_directory is '/var/%H'"],
    ),
    (
        "two users",
        [instance()],
        {"texts": {"script_user": "a b"}},
        ["keepalived_script_user is 'a b': the name of a user"],
    ),
    (
        "a port that says nothing of a process",
        [instance()],
        urls(watched="tcp://192.0.2.1:80"),
        ["keepalived_watched_urls", "http:// is needed"],
    ),
    (
        "a connection without a port",
        [instance()],
        urls(**{"yield": "tcp://a"}),
        ["keepalived_yield_urls", "tcp:// with an address and a port"],
    ),
    (
        "a check of both kinds",
        [instance()],
        {"scripts": [script(url="http://127.0.0.1/")]},
        ["keepalived_scripts: well has script and url: one of them is needed"],
    ),
    (
        "a check of no kind",
        [instance()],
        {"scripts": [script(script="")]},
        ["keepalived_scripts: well has no script and no url: one of them is needed"],
    ),
    (
        "a check that asks two things",
        [instance()],
        {"scripts": [script(script="", url="http://a/'b")]},
        ["keepalived_scripts: the url of well is", "without spaces, quotation marks"],
    ),
    (
        "a status that no answer has",
        [instance()],
        urls(status=20, watched="http://192.0.2.1/"),
        ["keepalived_watched_urls: the status of a is 20: allowed are 100-599"],
    ),
    (
        "a status of a port",
        [instance()],
        urls(status=200, **{"yield": "tcp://192.0.2.1:80"}),
        ["keepalived_yield_urls: the status of a is 200: a port has none"],
    ),
    ("HTTPS", [instance()], urls(watched="https://a/"), ["the url of a is 'https://a/'", "begins with http://"]),
    (
        "a question with a header",
        [instance()],
        urls(watched="http://a/ HTTP/1.0\r\nX:"),
        ["the url of a is", "without spaces"],
    ),
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
        ["keepalived_watched_urls and keepalived_yield_urls: the name haproxy is used 2 times"],
    ),
    (
        "a file with two meanings",
        [instance()],
        {"reports": {"/run": ["haproxy"]}, "yields": {"/run": ["haproxy"]}},
        ["keepalived_watched_urls and keepalived_yield_urls: the name haproxy is used 2 times"],
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
    (
        "a time to live of 0",
        [instance()],
        {"numbers": {"firewall_min_ttl": 0}},
        ["keepalived_firewall_min_ttl is 0: allowed are 1-255"],
    ),
    (
        "a priority above all",
        [instance()],
        {"numbers": {"rt_priority": 100}},
        ["keepalived_rt_priority is 100: allowed are 0-99"],
    ),
    (
        "router id 0",
        [instance(virtual_router_id=0)],
        {},
        ["keepalived_instances: web: virtual_router_id is 0", "1-255"],
    ),
    (
        "router id 256",
        [instance(virtual_router_id=256)],
        {},
        ["keepalived_instances: web: virtual_router_id is 256", "1-255"],
    ),
    ("version", [instance(version=4)], {}, ["keepalived_instances: web: version is 4", "versions 2 and 3"]),
    (
        "adverts too often",
        [instance(advert_int=0.001)],
        {},
        ["web: advert_int is 0.001", "version 3 allows 0.01-40.95 seconds"],
    ),
    ("adverts too rarely", [instance(advert_int=41)], {}, ["web: advert_int is 41", "0.01-40.95"]),
    ("thousandths", [instance(advert_int=0.015)], {}, ["web: advert_int is 0.015", "hundredths"]),
    ("half seconds", [instance(version=2, advert_int=1.5)], {}, ["web: advert_int is 1.5", "whole seconds"]),
    (
        "version 2 too often",
        [instance(version=2, advert_int=0.1)],
        {},
        ["web: advert_int is 0.1", "version 2 allows 1-255 seconds"],
    ),
    ("version 2 too rarely", [instance(version=2, advert_int=256)], {}, ["web: advert_int is 256", "1-255"]),
    (
        "a delay without preemption",
        [instance(preempt_delay=60)],
        {},
        ["web: preempt_delay is 60 and preempt is false", "preempt: true"],
    ),
    (
        "password in version 3",
        [instance(auth_pass="word")],
        {},
        ["web: auth_pass is set with version 3", "only VRRP version 2"],
    ),
    ("long password", [instance(version=2, auth_pass="123456789")], {}, ["web: auth_pass has 9 bytes", "at most 8"]),
    ("a quotation mark", [instance(version=2, auth_pass='a"b')], {}, ["web: auth_pass has a quotation mark"]),
    ("a closing brace", [instance(version=2, auth_pass="}")], {}, ["web: auth_pass is a closing brace alone"]),
    (
        "routes alone in version 3",
        [instance(virtual_ipaddress=[], virtual_routes=["198.51.100.0/24 via 192.0.2.1"])],
        {},
        ["web: virtual_ipaddress is empty with version 3", "VRRP version 2 only; set version: 2"],
    ),
    (
        "scripts alone in version 3",
        [instance(virtual_ipaddress=[], notify_master="/opt/master")],
        {},
        ["web: virtual_ipaddress is empty with version 3", "set version: 2"],
    ),
    (
        "no VIP and nobody told",
        [instance(virtual_ipaddress=[])],
        {},
        ["web: virtual_ipaddress is empty and there is no notify_master"],
    ),
    (
        "IPv4 and IPv6 in one instance",
        [instance(vip("192.0.2.10/24"), vip("2001:db8::10/64"))],
        {"nodes": DUAL},
        ["web: virtual_ipaddress has IPv4 and IPv6 addresses", "an instance for each", "keepalived_sync_groups"],
    ),
    (
        "IPv6 in version 2",
        [instance(vip("2001:db8::10/64"), version=2)],
        {"nodes": DUAL},
        ["web: version is 2", "use version 3"],
    ),
    (
        "a node without IPv6",
        [instance(vip("2001:db8::10/64"))],
        {"nodes": [DUAL[0], NODES[1], DUAL[2]]},
        ["web: node lb2 has no IPv6 address", "set cluster_address6"],
    ),
    (
        "a node without IPv4",
        [instance()],
        {"nodes": [NODES[0], SIX[1], NODES[2]]},
        ["web: node lb2 has no IPv4 address", "set cluster_address of the host to its IPv4"],
    ),
    (
        "unknown node",
        [instance(nodes=["lb1", "lb22"])],
        {},
        ["web: nodes has 'lb22'", "not in keepalived_nodes; did you mean lb2?"],
    ),
    ("a stranger as node", [instance(nodes=["lb1", "x"])], {}, ["web: nodes has 'x'", "there are lb1, lb2, lb3"]),
    ("one node of three", [instance(nodes=["lb1"])], {}, ["web: nodes is lb1: a VIP needs at least two"]),
    (
        "a node twice in an instance",
        [instance(nodes=["lb1", "lb2", "lb1"])],
        {},
        ["web: nodes: the name lb1 is used 2 times"],
    ),
    (
        "priorities for some",
        [instance(priorities=[101, 100])],
        {},
        ["web: priorities has 2 values for the 3 nodes lb1, lb2, lb3"],
    ),
    ("priority 256", [instance(priorities=[256, 254, 253])], {}, ["web: priorities has 256: allowed are 1-255"]),
    ("priority 0", [instance(priorities=[2, 1, 0])], {}, ["web: priorities has 0: allowed are 1-255"]),
    (
        "two owners of the addresses",
        [instance(priorities=[255, 255, 253], preempt=True)],
        {"accepted": ["address_owner"]},
        ["web: priorities has 255 for 2 nodes: keepalived takes such a node for the owner of the addresses"],
    ),
    (
        "priorities that go up",
        [instance(priorities=[100, 101, 99])],
        {},
        ["web: priorities are 100, 101, 99 for the nodes lb1, lb2, lb3: they must not go up"],
    ),
    (
        "the address of a stranger",
        [instance(addresses={"lb9": "192.0.2.99", "lb2": "two"})],
        {},
        ["web: addresses has 'lb9', which is not in keepalived_nodes", "web: addresses.lb2 is 'two'"],
    ),
    ("an empty group", [instance()], {"sync_groups": [group()]}, ["both: instances is empty"]),
    (
        "nothing for this node",
        [instance(nodes=["lb2", "lb3"])],
        {},
        ["keepalived_instances: no instance names the node lb1"],
    ),
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
]

# what is wrong, the nodes, what the problem says
BAD_NODES = [
    ("one node", NODES[:1], ["keepalived_nodes has 1 node(s)", "at least two"]),
    (
        "name twice",
        [*NODES, {**NODES[1], "address": "192.0.2.14"}],
        ["keepalived_nodes: the name lb2 is used 2 times", "once"],
    ),
    (
        "address twice",
        [*NODES, {**NODES[0], "name": "lb4"}],
        ["keepalived_nodes: the address 192.0.2.11 is used 2 times", "once"],
    ),
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
    (
        "this host is missing",
        NODES[1:],
        ["keepalived_nodes does not name this host", "'lb1'", "the nodes are lb2, lb3"],
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
    assert mistaken(found(instances, **keys), parts) == []


@pytest.mark.parametrize(("nodes", "parts"), [row[1:] for row in BAD_NODES], ids=[row[0] for row in BAD_NODES])
def test_problem_of_nodes(nodes, parts):
    problem, *_of_instances = found([instance()], nodes=nodes)
    assert [part for part in parts if part not in problem] == []


def test_no_nodes():
    assert found([instance()], nodes=[]) == [
        "keepalived_nodes has 0 node(s): a VIP needs at least two that can hold it",
        "keepalived_nodes does not name this host: keepalived_node_name is 'lb1', the nodes are none",
    ]


def test_a_password_is_never_shown():
    assert "unutterable" not in str(found([instance(version=2, auth_pass="unutterable")]))
