# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._haproxy.problems import problems
from samples.haproxy import NODES, WEB1, back, front, listen, server, variables

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
