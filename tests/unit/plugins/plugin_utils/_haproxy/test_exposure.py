# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._haproxy.problems import problems
from samples.haproxy import back, front, listen, variables

TLS = {"port": 443, "certificates": ["/a.pem"]}
NODE = {"name": "lb1", "address": "192.0.2.11", "port": 8888}
ADMIN = "stats admin if TRUE"
USER = {"name": "admin", "password": "unutterable"}


def one_front(**keys):
    return {"haproxy_frontends": [front(**keys)]}


GOOD = [
    {
        "haproxy_global_lines": [
            "stats socket /run/a.sock mode 600 level admin",
            "stats socket unix@/run/b.sock level admin",
        ]
    },
    {"haproxy_global_lines": ["stats socket 127.0.0.1:9999 level user", "stats timeout 1m"]},
    {"haproxy_socket_mode": "0600"},
    {"haproxy_socket_mode": 660},
    {"haproxy_stats_lines": [ADMIN], "haproxy_stats_users": [USER]},
    one_front(lines=["stats auth a:b", ADMIN]),
    one_front(lines=["stats admin if LOCALHOST"]),
    one_front(lines=["stats admin if { src 192.0.2.0/24 }"]),
    {**one_front(lines=[ADMIN]), "haproxy_defaults_lines": ["stats auth a:b"]},
    {**one_front(lines=[ADMIN]), "haproxy_accept_unprotected_stats": True},
    {"haproxy_stats_address": "*", "haproxy_accept_unprotected_stats": "yes"},
    {
        "haproxy_global_lines": ["stats socket 127.0.0.1:9999 level admin"],
        "haproxy_accept_unprotected_socket": True,
    },
    one_front(binds=[{"port": 80}, TLS], https_only=True),
    one_front(binds=[{"port": 80}, {"port": 443, "options": ["ssl crt /a.pem"]}], https_only=True),
    one_front(mode="tcp", https_only="no"),
    {**one_front(binds=[{"port": 81}], https_only=True), "haproxy_bind_defaults": {"certificates": ["/a.pem"]}},
    {"haproxy_hsts_max_age": "0"},
    {
        "haproxy_removed_headers": ["A", "B-*"],
        "haproxy_trusted_proxies": ["192.0.2.1", "192.0.2.0/24", "2001:db8::/32"],
    },
    {"haproxy_client_limits": {"connections": "1", "period": "1500ms", "exempt": ["192.0.2.1"]}},
    {"haproxy_acme_servers": [NODE, {**NODE, "name": "lb2"}]},
]

# what is wrong, the variables, what the problem says
BAD = [
    (
        "everybody may administrate",
        {"haproxy_global_lines": ["stats  socket ipv4@*:9999 level admin"]},
        [
            (
                "haproxy_global_lines: 'stats  socket ipv4@*:9999 level admin' lets everybody who reaches ipv4@*:9999 "
                "administrate"
            ),
            "level user",
        ],
    ),
    (
        "so on loopback",
        {"haproxy_global_lines": ["stats socket 127.0.0.1:9999 level admin"]},
        ["127.0.0.1:9999 administrate HAProxy"],
    ),
    ("socket for all", {"haproxy_socket_mode": "666"}, ["haproxy_socket_mode is '666'", "such as 660"]),
    ("mode is a word", {"haproxy_socket_mode": "rw"}, ["haproxy_socket_mode is 'rw'", "octal"]),
    (
        "statistics of a stranger",
        {"haproxy_stats_lines": [ADMIN]},
        ["haproxy_stats_lines: 'stats admin' lets everybody", "password"],
    ),
    (
        "statistics elsewhere",
        one_front(lines=["stats  admin if TRUE"]),
        ["haproxy_frontends: http_in: 'stats admin' lets everybody"],
    ),
    (
        "statistics of the defaults",
        {"haproxy_named_defaults": [{"name": "a", "lines": ["stats admin"]}]},
        ["haproxy_named_defaults: a: 'stats admin' lets everybody", "haproxy_accept_unprotected_stats"],
    ),
    (
        "redirect for ever",
        one_front(https_only=True),
        ["haproxy_frontends: http_in: https_only is set and no bind has certificates"],
    ),
    (
        "redirect of TCP",
        {"haproxy_listens": [listen(mode="tcp", https_only=True)]},
        ["haproxy_listens: db: https_only is set in mode tcp"],
    ),
    ("HSTS of a word", {"haproxy_hsts_max_age": "2y"}, ["haproxy_hsts_max_age is '2y': a number of seconds"]),
    ("no header", {"haproxy_removed_headers": ["X Y"]}, ["haproxy_removed_headers has 'X Y'", "such as X-Forwarded-*"]),
    ("no network", {"haproxy_trusted_proxies": ["proxy"]}, ["haproxy_trusted_proxies has 'proxy'", "192.0.2.0/24"]),
    (
        "exempt by name",
        {"haproxy_client_limits": {"requests": 1, "exempt": ["office"]}},
        ["haproxy_client_limits.exempt has 'office'"],
    ),
    (
        "limits of nothing",
        {"haproxy_client_limits": {"period": "1s"}},
        ["haproxy_client_limits limits nothing", "connections, new_connections"],
    ),
    (
        "no client would be served",
        {"haproxy_client_limits": {"requests": 0}},
        ["haproxy_client_limits.requests is 0", "at least 1"],
    ),
    (
        "no time",
        {"haproxy_client_limits": {"requests": 1, "period": "soon"}},
        ["haproxy_client_limits.period is 'soon'", "such as 10s"],
    ),
    (
        "challenged twice",
        {"haproxy_acme_servers": [NODE, NODE]},
        ["haproxy_acme_servers: the name lb1 is used 2 times"],
    ),
    (
        "port of the challenge",
        {"haproxy_acme_servers": [{**NODE, "port": 0}]},
        ["haproxy_acme_servers: lb1 has port 0", "1-65535"],
    ),
    (
        "a backend of our own",
        {"haproxy_backends": [back("client_limits")], "haproxy_client_limits": {"connections": 10}},
        ["the name client_limits is taken by the role's own backend"],
    ),
    (
        "a listen of our own",
        {"haproxy_listens": [listen("acme_challenges")], "haproxy_acme_servers": [NODE]},
        ["the name acme_challenges is taken by the role's own section"],
    ),
]


@pytest.mark.parametrize("changes", GOOD)
def test_no_problem(changes):
    assert problems(variables(**changes)) == []


@pytest.mark.parametrize(("changes", "parts"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_problem(changes, parts):
    (problem,) = problems(variables(**changes))
    assert [part for part in parts if part not in problem] == []
