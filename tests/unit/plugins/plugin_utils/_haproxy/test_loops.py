# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._haproxy.loops import list_held
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._haproxy.plan import plan
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._haproxy.problems import problems
from samples.haproxy import BASE, DEFAULTS, NODES, WEB1, back, front, listen, server, variables

SIX = [{"name": "lb1", "address": "2001:db8::11"}, {"name": "lb2", "address": "2001:db8::12"}]
HTTP = front(default_backend="web")


def cluster(*backends, frontends=(HTTP,), **changes):
    return {"haproxy_nodes": NODES, "haproxy_frontends": list(frontends), "haproxy_backends": list(backends), **changes}


# what is wrong, the variables, what the problem says
BAD = [
    (
        "loopback",
        cluster(server(address="127.0.0.1")),
        "server web1 is 127.0.0.1 port 80, where http_in of a load balancer listens",
    ),
    ("the port of the client", cluster(server(address="192.0.2.11", port=None)), "server web1 is 192.0.2.11 port 80"),
    ("the address that the client asked", cluster(server(address="0.0.0.0")), "server web1 is 0.0.0.0 port 80"),
    ("IPv4 in IPv6", cluster(server(address="::ffff:192.0.2.11")), "server web1 is 192.0.2.11 port 80"),
    ("its other name", cluster(server(address="localhost")), "server web1 is localhost port 80"),
    ("IPv6 loopback", cluster(server(address="::1")), "server web1 is ::1 port 80, where http_in"),
    ("this load balancer", cluster(server(address="192.0.2.11")), "server web1 is 192.0.2.11 port 80"),
    (
        "another load balancer",
        cluster(server(address="192.0.2.12")),
        "haproxy would send requests to itself until it is full; set cluster_address",
    ),
    (
        "IPv6 load balancer",
        cluster(server(address="[2001:DB8::12]"), haproxy_nodes=SIX),
        "server web1 is 2001:db8::12 port 80",
    ),
    (
        "its VIP",
        cluster(
            server(address="192.0.2.10"),
            frontends=[front(binds=[{"port": 80, "address": "192.0.2.10"}], default_backend="web")],
        ),
        "server web1 is 192.0.2.10 port 80",
    ),
    (
        "by a host name",
        cluster(server(address="127.0.0.1"), frontends=[front(hosts=[{"name": "shop.example.com", "backend": "web"}])]),
        "server web1 is 127.0.0.1 port 80",
    ),
    (
        "by a rule",
        cluster(
            server(address="127.0.0.1", port=8005),
            frontends=[front(binds=[{"port": "8000-8010"}], lines=["use_backend web if TRUE"])],
        ),
        "haproxy_backends: web: server web1 is 127.0.0.1 port 8005",
    ),
    (
        "a listen",
        {"haproxy_listens": [listen(servers=[{"name": "db1", "address": "127.0.0.1"}])]},
        "haproxy_listens: db: server db1 is 127.0.0.1 port 5432, where db of a load balancer listens",
    ),
    (
        "the brackets of a bind",
        cluster(
            server(address="::1"), frontends=[front(binds=[{"port": 80, "address": "[::]"}], default_backend="web")]
        ),
        "server web1 is ::1 port 80",
    ),
    (
        "the IP version of a bind",
        cluster(
            server(address="127.0.0.1"),
            frontends=[front(binds=[{"port": 80, "address": "ipv4@127.0.0.1"}], default_backend="web")],
        ),
        "server web1 is 127.0.0.1 port 80",
    ),
    ("the IP version of a server", cluster(server(address="ipv4@127.0.0.1")), "server web1 is 127.0.0.1 port 80"),
    ("the name of IPv6", cluster(server(address="ip6-localhost")), "server web1 is ip6-localhost port 80"),
    (
        "a template",
        cluster(back(servers=[], port=80, server_templates=[{"prefix": "web", "count": 2, "address": "localhost"}])),
        "haproxy_backends: web: server template web is localhost port 80",
    ),
    (
        "twice",
        cluster(back(servers=[WEB1, {**WEB1, "name": "web2"}])),
        "haproxy_backends: web: the servers web1 and web2 are both 192.0.2.21; set",
    ),
    (
        "twice in IPv6",
        cluster(
            back(
                servers=[
                    {"name": "a", "address": "2001:db8::1", "port": 80},
                    {"name": "b", "address": "2001:DB8:0::1", "port": 80},
                ]
            )
        ),
        "the servers a and b are both 2001:DB8:0::1",
    ),
]
GOOD = [
    # Address and port are set by a rule, or are those that the client asked.
    cluster(server(address="0.0.0.0", port=0)),
    {**cluster(back(servers=[WEB1, {**WEB1, "name": "web2"}])), "haproxy_plain": True},
    cluster(server(address="127.0.0.1", port=8080)),
    cluster(server(address="192.0.2.12", port=8080)),
    cluster(server(address="unix@/run/shop.sock", port=None)),
    cluster(
        server(address="192.0.2.11"),
        frontends=[front(binds=[{"port": 80, "address": "192.0.2.10"}], default_backend="web")],
    ),
    # One frontend that hands over to another one.
    cluster(
        back(),
        back("inner", servers=[{"name": "tls", "address": "127.0.0.1", "port": 8443}]),
        frontends=[
            front("outer", binds=[{"port": 443}], default_backend="inner"),
            front(binds=[{"port": 8443}], default_backend="web"),
        ],
    ),
    # The kernel chooses the listener with the address.
    cluster(
        back(),
        back("inner", servers=[{"name": "itself", "address": "127.0.0.1", "port": 80}]),
        frontends=[
            front("outer", default_backend="inner"),
            front(binds=[{"port": 80, "address": "127.0.0.1"}], default_backend="web"),
        ],
    ),
    cluster(back(servers=[WEB1, {**WEB1, "name": "web2", "port": 81}])),
    cluster(back(servers=[WEB1, {**WEB1, "name": "web2", "options": {"backup": True}}])),
]


@pytest.mark.parametrize(("changes", "said"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_problem(changes, said):
    (problem,) = problems(variables(**changes))
    assert said in problem


@pytest.mark.parametrize("changes", GOOD)
def test_no_problem(changes):
    assert problems(variables(**changes)) == []


INSTANCES = [
    {"name": "web", "virtual_ipaddress": [{"address": "192.0.2.10/24"}]},
    {"name": "web6", "virtual_ipaddress": [{"address": "2001:DB8::10/64"}], "nodes": ["lb2", "lb1"]},
    {"name": "more", "virtual_ipaddress_excluded": ["192.0.2.20/24 dev eth0"], "virtual_ipaddress": None},
    {"name": "shared", "anycast": ["198.51.100.80/32", "2001:db8:5::80/128"]},
    {"name": "elsewhere", "virtual_ipaddress": [{"address": "192.0.2.30/24"}], "nodes": ["lb3", "lb4"]},
    {"name": "gone", "virtual_ipaddress": [{"address": "192.0.2.40/24"}], "state": "absent"},
    {"name": "of the kernel", "virtual_ipaddress": [{"address": "192.0.2.50/24"}]},
]
VIRTUAL_SERVERS = [{"address": "192.0.2.50", "port": 80}, {"fwmark": 7}]
HELD = {"192.0.2.10", "2001:db8::10", "192.0.2.20", "198.51.100.80", "2001:db8:5::80"}
BOTH = front(binds=[{"port": 80, "address": "::"}], default_backend="web")
KNOWN = (
    {},
    {"instances": INSTANCES},
    {"instances": INSTANCES, "virtual_servers": [{"address": "192.0.2.10", "port": 80}]},
)
ONLY_SIX = front(binds=[{"port": 80, "address": "::", "options": ["v6only"]}], default_backend="web")


def test_addresses_that_keepalived_can_give_to_a_node():
    assert list_held(INSTANCES, VIRTUAL_SERVERS, "lb1") == HELD


@pytest.mark.parametrize("instances", [["web"], [{"name": "web", "virtual_ipaddress": "192.0.2.10/24"}], [{}], [None]])
def test_instances_of_a_wrong_type_are_left_to_keepalived(instances):
    assert list_held(instances, ["192.0.2.50"], "lb1") == set()


@pytest.mark.parametrize(
    ("address", "frontend"),
    [
        ("192.0.2.10", HTTP),
        ("ipv4@192.0.2.10", HTTP),
        ("198.51.100.80", HTTP),
        ("192.0.2.10", BOTH),
        ("2001:DB8:0::10", BOTH),
        ("[2001:db8::10]", ONLY_SIX),
        ("2001:db8:5::80", ONLY_SIX),
        ("192.0.2.10", front(binds=[{"port": 80, "address": "192.0.2.10"}], default_backend="web")),
        ("2001:db8::10", front(binds=[{"port": 80, "address": "[2001:db8::10]"}], default_backend="web")),
    ],
)
def test_a_vip_is_no_server_of_its_own_listener(address, frontend):
    (problem,) = problems(variables(**cluster(server(address=address), frontends=[frontend])), held=HELD)
    assert "haproxy would send requests to itself until it is full; it is a VIP or an anycast address" in problem


@pytest.mark.parametrize(
    "changes",
    [
        cluster(server(address="192.0.2.10", port=8080)),
        # The other IP version, another interface, and the kernel's choice of the listener with the address.
        cluster(server(address="2001:db8::10")),
        cluster(server(address="192.0.2.10"), frontends=[ONLY_SIX]),
        cluster(
            server(address="192.0.2.10"),
            frontends=[front(binds=[{"port": 80, "options": ["interface br-lan"]}], default_backend="web")],
        ),
        cluster(
            back(),
            back("inner", servers=[{"name": "vip", "address": "192.0.2.10", "port": 80}]),
            frontends=[
                front("outer", default_backend="inner"),
                front(binds=[{"port": 80, "address": "192.0.2.10"}], default_backend="web"),
            ],
        ),
    ],
)
def test_a_vip_may_be_a_server_elsewhere(changes):
    assert problems(variables(**changes), held=HELD) == []


def test_the_plan_knows_the_vips():
    changed = variables(**cluster(server(address="192.0.2.10")))
    options = {name: {"type": "raw"} for name in changed}
    said = [plan(changed, {**BASE, "role_defaults": DEFAULTS, **keys}, options, {})["problems"] for keys in KNOWN]
    assert [len(found) for found in said] == [0, 1, 0]
