# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._haproxy.problems import problems
from samples.haproxy import NODES, PEERS, binds, front, fronts, listen, listens, variables

GOOD = [
    fronts(
        front("one", binds=[{"address": "192.0.2.10", "port": 80}]),
        front("two", binds=[{"address": "192.0.2.11", "port": 80}]),
    ),
    binds({"port": 80}, {"address": "::", "port": 80, "options": ["v6only"]}),
    binds({"port": 443, "certificates": ["/root/tls.pem"]}, haproxy_confined="false"),
    binds({"port": 443}, {"address": "quic4@0.0.0.0", "port": 443}),
    binds({"address": "quic4@", "port": 443}, {"address": "quic6@", "port": 443}),
    binds({"address": "ipv4@", "port": 80}, {"address": "ipv6@", "port": 80}),
    binds({"address": "2001:db8::10", "port": 80}, {"address": "192.0.2.10", "port": "80-90"}),
    binds({"port": 80, "options": ["interface eth0"]}, {"port": 80, "options": ["interface eth1"]}),
    binds({"address": "unix@/run/a.sock"}, {"address": "unix@/run/b.sock"}, {"address": "abns@c"}),
    binds({"port": "1-2"}, {"port": "3-4"}),
    binds({"port": 80}, {"port": 81}, haproxy_bind_defaults={"address": "192.0.2.10"}),
    binds({"port": 8404}, haproxy_stats_enabled=False),
    fronts(front("one", binds=[{"port": 25}]), front("two", binds=[{"address": "::", "port": 25}])),
    fronts(front("one", binds=[{"address": "::", "port": 25}]), front("two", binds=[{"port": 25}])),
    fronts(front("one", binds=[{"address": "192.0.2.10", "port": 80}]), front("two", binds=[{"port": "79-81"}])),
    binds({"address": "::", "port": 80}, {"address": "2001:db8::1", "port": 80}),
    binds({"port": 80, "options": ["thread 1"]}, {"port": 80, "options": ["thread 2"]}),
    binds({"port": 80, "options": ["process 1/1"]}, {"port": 80, "options": ["process 1/2"]}),
]

# what is wrong, the variables, what the problem says
BAD = [
    ("port 0", binds({"port": 0}), ["http_in (haproxy_frontends): port 0 is outside 1-65535"]),
    ("port 65536", binds({"port": 65536}), ["http_in (haproxy_frontends): port 65536 is outside 1-65535"]),
    (
        "no port number",
        binds({"port": "http"}),
        ["http_in (haproxy_frontends): port http is outside 1-65535", "such as 8000-8010"],
    ),
    ("range backwards", binds({"port": "90-80"}), ["http_in (haproxy_frontends): port 90-80 is outside"]),
    (
        "bind without port",
        binds({"address": "192.0.2.10"}),
        ["http_in (haproxy_frontends): the bind to 192.0.2.10 has no port"],
    ),
    ("health port", {"haproxy_health_port": 70000}, ["haproxy_health_port: port 70000 is outside 1-65535"]),
    ("statistics port", {"haproxy_stats_port": 0}, ["haproxy_stats_port: port 0 is outside 1-65535"]),
    (
        "two listeners",
        fronts(front(), front("two")),
        ["two (haproxy_frontends) and http_in (haproxy_frontends)", "port 80"],
    ),
    (
        "a certificate in a home",
        binds({"port": 443, "certificates": ["/root/tls.pem"]}),
        ["http_in (haproxy_frontends): a certificate is '/root/tls.pem'", "haproxy_confined to false"],
    ),
    (
        "twice in one section",
        binds({"port": 80}, {"port": 80}),
        ["http_in (haproxy_frontends)", "both listen on port 80"],
    ),
    ("within a range", binds({"port": "8000-8010"}, {"port": 8005}), ["both listen on port 8005"]),
    (
        "threads of two sections",
        fronts(
            front("one", binds=[{"port": 80, "options": ["thread 1"]}]),
            front("two", binds=[{"port": 80, "options": ["thread 2"]}]),
        ),
        ["two (haproxy_frontends) and one (haproxy_frontends) both listen on port 80"],
    ),
    ("wildcard twice", binds({"port": 80}, {"address": "0.0.0.0", "port": 80}), ["port 80 (0.0.0.0 and *)"]),
    ("the health port by IPv6", binds({"address": "::", "port": 8405}), ["haproxy_health_port and http_in"]),
    ("socket twice", binds({"address": "abns@a"}, {"address": "abns@a"}), ["both listen on", "(abns@a and abns@a)"]),
    ("frontend and listen", {**binds({"port": 5432}), **listens(listen())}, ["db (haproxy_listens)", "port 5432"]),
    ("on the health port", binds({"port": 8405}), ["haproxy_health_port and http_in", "port 8405"]),
    ("on the statistics port", binds({"port": 8404}), ["haproxy_stats_port and http_in", "port 8404"]),
    (
        "on the peers' port",
        binds({"port": 10000}, haproxy_nodes=NODES, haproxy_peers=PEERS),
        ["balancers (haproxy_peers) and http_in"],
    ),
    ("statistics on health", {"haproxy_stats_port": 8405}, ["haproxy_stats_port and haproxy_health_port", "port 8405"]),
]


@pytest.mark.parametrize("changes", GOOD)
def test_no_problem(changes):
    assert problems(variables(**changes)) == []


@pytest.mark.parametrize(("changes", "parts"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_problem(changes, parts):
    (problem,) = problems(variables(**changes))
    assert [part for part in parts if part not in problem] == []
