# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from copy import deepcopy

import pytest
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._haproxy.problems import problems
from samples.haproxy import NODES, PEERS, back, backs, front, fronts, listen, listens, server, variables

USER = {"name": "admin", "password": "unutterable"}
HASHED = {"name": "jane", "password": "$6$salt$unutterable"}
KEY = {"path": "certs/www.pem", "content": "-----BEGIN PRIVATE KEY-----\nunutterable\n"}
RAW = {"name": "raw", "mode": "tcp"}


def extra(*sections):
    return {"haproxy_extra_sections": [{"lines": [], **section} for section in sections]}


GOOD = [
    {**backs({"name": "web"}), "haproxy_plain": True},
    {},
    {**fronts(front(default_backend="web")), **backs(back())},
    {**fronts(front(default_backend="db")), **listens(listen())},
    {
        **fronts(
            front(hosts=[{"name": "Shop.example.com", "backend": "web"}, {"name": "*.example.org", "backend": "db"}])
        ),
        **backs(back()),
        **listens(listen()),
    },
    {**fronts(front(), front("tls_in", binds=[{"port": 443}])), **backs(back()), **listens(listen())},
    backs(back(servers=[], lines=["server-template web 3 web.example.com:80"])),
    backs(
        {"name": "web", "server_templates": [{"prefix": "web", "count": "3", "address": "web.example.com", "port": 80}]}
    ),
    backs(server(port=1), {**server(port=65535), "name": "other"}),
    backs(server(address="unix@/run/shop.sock", port=None)),
    backs(server(port=None)),
    backs(server(cookie="A"), haproxy_plain=True),
    {"haproxy_extra_sections": [{"kind": kind, "name": "", "lines": []} for kind in ("traces", "traces", "crt-store")]},
    backs(back(cookie="SERVER insert")),
    backs({**server(cookie="A"), "cookie": "SERVER insert"}),
    backs({**server(cookie="A"), "lines": ["  cookie SERVER insert"]}),
    backs(back(**{"from": "patient"}), haproxy_named_defaults=[{"name": "patient"}]),
    backs(back(**{"from": "raw", "mode": "http"}), haproxy_named_defaults=[RAW]),
    backs(back(**{"from": "more", "mode": "tcp"}), haproxy_named_defaults=[RAW, {"name": "more", "from": "raw"}]),
    backs(back(lines=["http-request return string 'a # b\\\"'\t"])),
    {"haproxy_stats_address": "*", "haproxy_stats_users": [USER]},
    {
        "haproxy_stats_address": "*",
        "haproxy_stats_userlist": "ops",
        "haproxy_userlists": [{"name": "ops", "users": [HASHED]}],
    },
    {"haproxy_stats_address": "*", "haproxy_stats_allowed": ["192.0.2.0/24", "2001:db8::9"]},
    {"haproxy_stats_address": "::1"},
    {"haproxy_stats_address": "localhost"},
    {"haproxy_stats_address": "*", "haproxy_stats_enabled": False},
    {"haproxy_stats_address": "*", "haproxy_stats_enabled": "false"},
    {"haproxy_userlists": [{"name": "staff", "users": [HASHED, {**USER, "insecure": True}]}]},
    {"haproxy_nodes": NODES, "haproxy_peers": PEERS},
    {"haproxy_nodes": [NODES[1]]},
    {"haproxy_files": [{**KEY, "mode": "0600", "sensitive": True}, {"path": "a.map", "content": "a b\nc d\n"}]},
    {"haproxy_files": [{"path": "a.map", "state": "absent"}, {**KEY, "state": "absent"}]},
    extra({"kind": "cache", "name": "a"}, {"kind": "cache", "name": "b"}, {"kind": "resolvers", "name": "a"}),
]

# what is wrong, the variables, what the problem says
NO_HOSTS = [
    "255.255.255.255",
    "",
    "192.0.2",
    "192.0.2.300",
    "192.0.2.021",
    "192.0.2.21/24",
    "192.0.2.21:80",
    "2001:db8::21/64",
    "224.0.0.1",
]
HOSTS = [
    "192.0.2.21",
    "fe80::21%eth0",
    "2001:db8::21",
    "[2001:db8::21]",
    "web1",
    "3.example.com",
    "${WEB}",
    "ipv6@web1",
    "127.0.0.9",
]


@pytest.mark.parametrize("address", NO_HOSTS)
def test_an_address_of_no_host(address):
    (problem,) = problems(variables(**backs(server(address=address))))
    assert problem.startswith(f"haproxy_backends: web: the address of server web1 is '{address}': an address such as")
    if address:
        (problem,) = problems(variables(**fronts(front(binds=[{"port": 80, "address": address}]))))
        assert problem.startswith(f"http_in (haproxy_frontends): the address of a bind is '{address}': an address")


@pytest.mark.parametrize("address", ["fe80::21", "[fe80::21]"])
def test_an_address_of_one_link(address):
    (problem,) = problems(variables(**backs(server(address=address))))
    assert f"the address of server web1 is '{address}', which is of one link only" in problem
    assert "fe80::21%eth0" in problem


@pytest.mark.parametrize("address", HOSTS)
def test_an_address_or_a_name_of_a_host(address):
    assert problems(variables(**backs(server(address=address, port=8080)))) == []


BAD = [
    (
        "frontend twice",
        fronts(front(), front(binds=[{"port": 81}])),
        ["haproxy_frontends: the name http_in is used 2 times", "once"],
    ),
    ("backend twice", backs(back(), back()), ["haproxy_backends: the name web is used 2 times", "once"]),
    (
        "listen twice",
        listens(listen(), listen(binds=[{"port": 1}])),
        ["haproxy_listens: the name db is used 2 times", "once"],
    ),
    (
        "listen named as backend",
        {**backs(back("db")), **listens(listen())},
        ["haproxy_listens", "db", "a backend's already"],
    ),
    (
        "listen named as frontend",
        {**fronts(front("db")), **listens(listen())},
        ["haproxy_listens", "db", "a frontend's"],
    ),
    (
        "listen named as our own",
        listens(listen("health")),
        ["haproxy_listens: the name health is taken by the role's own"],
    ),
    (
        "defaults twice",
        {"haproxy_named_defaults": [RAW, RAW]},
        ["haproxy_named_defaults: the name raw is used 2 times"],
    ),
    (
        "defaults named as our own",
        {"haproxy_named_defaults": [{"name": "http"}]},
        ["haproxy_named_defaults: the name http is taken"],
    ),
    (
        "peers twice",
        {"haproxy_nodes": NODES, "haproxy_peers": [*PEERS, {**PEERS[0], "port": 1}]},
        ["haproxy_peers: the name balancers"],
    ),
    (
        "section twice",
        extra({"kind": "cache", "name": "a"}, {"kind": "cache", "name": "a"}),
        ["section cache a is used 2 times"],
    ),
    (
        "section with variables",
        extra({"kind": "backend", "name": "a"}),
        ["haproxy_extra_sections: backend a belongs into haproxy_backends"],
    ),
    (
        "server twice",
        backs(back(servers=back()["servers"] * 2)),
        ["haproxy_backends: web", "server name web1", "2 times"],
    ),
    (
        "template twice",
        backs(back(server_templates=[{"prefix": "w", "count": "1", "address": "a.example.com", "port": 1}] * 2)),
        ["haproxy_backends: web: the prefix of a server template w is used 2 times"],
    ),
    *[
        (
            f"template of {count}",
            backs(back(server_templates=[{"prefix": "w", "count": count, "address": "a.example.com", "port": 1}])),
            [f"haproxy_backends: web: server template w has count '{count}'", "such as 1-5"],
        )
        for count in ("many", "0", "5-1", "1-", "-3", "1-2-3", "\u0663")
    ],
    (
        "no such backend",
        {**fronts(front(default_backend="wbe")), **backs(back()), **listens(listen())},
        ["haproxy_frontends", "default_backend of http_in is 'wbe'", "there are web, db"],
    ),
    (
        "no backends at all",
        fronts(front(default_backend="web")),
        ["default_backend of http_in is 'web'", "there are no backends"],
    ),
    (
        "no such backend by default",
        fronts(front(), haproxy_frontend_defaults={"default_backend": "web"}),
        ["default_backend of http_in is 'web'"],
    ),
    ("no servers", backs(back(servers=[])), ["haproxy_backends: web has no servers", "inventory group"]),
    ("servers left out", listens({"name": "db", "binds": [{"port": 1}]}), ["haproxy_listens: db has no servers"]),
    ("server's port", backs(server(port=65536)), ["haproxy_backends: web: server web1 has port 65536", "1-65535"]),
    (
        "section's port",
        backs({**server(port=None), "port": -1}),
        ["haproxy_backends: web: server web1 has port -1", "1-65535"],
    ),
    (
        "cookie in mode tcp",
        backs(back(mode="tcp", cookie="SERVER insert")),
        ["haproxy_backends: web: cookie is set in mode tcp", "source"],
    ),
    (
        "no name of a section that needs one",
        {"haproxy_extra_sections": [{"kind": "cache", "name": "", "lines": []}]},
        ["haproxy_extra_sections[0].name is ''", "single word"],
    ),
    (
        "server's cookie alone",
        backs(server(cookie="A")),
        ["haproxy_backends: web: server web1 has a cookie and the section has none"],
    ),
    (
        "unknown defaults",
        backs(back(**{"from": "patent"})),
        ["haproxy_backends: web: from is 'patent'", "there are http, tcp"],
    ),
    (
        "defaults that come later",
        {"haproxy_named_defaults": [{"name": "more", "from": "raw"}, RAW]},
        ["haproxy_named_defaults: more: from is 'raw', which is not defined before it"],
    ),
    ("health at every address", {"haproxy_health_address": "*"}, ["haproxy_health_address is '*'", "127.0.0.1"]),
    (
        "statistics for every network",
        {"haproxy_stats_address": "*", "haproxy_stats_allowed": ["192.0.2.0/24", "0.0.0.0/0"]},
        ["haproxy_stats_address is '*'", "networks in haproxy_stats_allowed"],
    ),
    (
        "statistics for no network",
        {"haproxy_stats_allowed": ["192.0.2.0/33"]},
        ["haproxy_stats_allowed", "192.0.2.0/33"],
    ),
    (
        "statistics for all",
        {"haproxy_stats_address": "*"},
        ["haproxy_stats_address is '*'", "haproxy_stats_users is empty", "127.0.0.1"],
    ),
    (
        "metrics for all",
        {"haproxy_stats_address": "192.0.2.11", "haproxy_stats_enabled": False, "haproxy_prometheus_enabled": True},
        ["haproxy_stats_address is '192.0.2.11'", "haproxy_stats_users"],
    ),
    (
        "statistics for unknown users",
        {"haproxy_stats_userlist": "ops"},
        ["haproxy_stats_userlist is 'ops', which does not exist", "none"],
    ),
    (
        "statistics for two kinds of users",
        {
            "haproxy_stats_users": [USER],
            "haproxy_stats_userlist": "ops",
            "haproxy_userlists": [{"name": "ops", "users": [HASHED]}],
        },
        ["haproxy_stats_users and haproxy_stats_userlist 'ops' are both set"],
    ),
    (
        "list named as our own",
        {"haproxy_stats_users": [USER], "haproxy_userlists": [{"name": "statistics", "users": [HASHED]}]},
        ["haproxy_userlists: the name statistics is taken"],
    ),
    ("user twice", {"haproxy_stats_users": [USER, USER]}, ["haproxy_stats_users: the name admin is used 2 times"]),
    (
        "no hash",
        {"haproxy_userlists": [{"name": "ops", "users": [USER]}]},
        ["haproxy_userlists: ops: the password of admin is not a hash"],
    ),
    (
        "list without users",
        {"haproxy_userlists": [{"name": "ops", "users": []}]},
        ["haproxy_userlists: ops has no users"],
    ),
    (
        "quote in a password",
        {"haproxy_stats_users": [{**USER, "password": "unutter'able"}]},
        ["the password of admin has a single quote"],
    ),
    (
        "colon in a name",
        {"haproxy_stats_users": [{**USER, "name": "ad:min"}]},
        ["haproxy_stats_users: the name ad:min has a colon"],
    ),
    (
        "node is missing",
        {"haproxy_nodes": NODES[1:], "haproxy_peers": PEERS},
        ["haproxy_node_name is 'lb1', the nodes are lb2"],
    ),
    ("no nodes", {"haproxy_peers": PEERS}, ["haproxy_node_name is 'lb1', the nodes are none"]),
    (
        "node twice",
        {"haproxy_nodes": [*NODES, {**NODES[0], "address": "192.0.2.13"}]},
        ["haproxy_nodes: the name lb1 is used 2 times"],
    ),
    (
        "node's address",
        {"haproxy_nodes": [{"name": "lb1", "address": "lb1"}]},
        ["haproxy_nodes: the address of lb1 is 'lb1'", "IPv4"],
    ),
    (
        "no password",
        {"haproxy_stats_users": [{**USER, "password": ""}]},
        ["haproxy_stats_users: the password of admin is empty"],
    ),
    (
        "no name",
        {"haproxy_stats_users": [{**USER, "name": ""}]},
        ["haproxy_stats_users[0].name is ''", "a single word"],
    ),
    *(
        (f"a file at {path}", {"haproxy_files": [{"path": path, "content": ""}]}, [f"haproxy_files{part}"])
        for path, part in {
            "../x": " has the path '../x': a path relative to /etc/haproxy is needed",
            "maps/../../x": " has the path 'maps/../../x'",
            "": " has the path '.'",
            "/etc/haproxy/x.map": " has the path '/etc/haproxy/x.map'",
            "./haproxy.cfg": ": haproxy.cfg is the role's own file",
        }.items()
    ),
    (
        "a file twice",
        {"haproxy_files": [{"path": "a.map", "content": ""}, {"path": "./a.map", "state": "absent"}]},
        ["haproxy_files: the path a.map is used 2 times"],
    ),
    *(
        (f"a path in {name}", {name: "up"}, [f"{name} is 'up'", "such as /up"])
        for name in ("haproxy_health_uri", "haproxy_prometheus_uri")
    ),
    ("a path of statistics", {"haproxy_stats_uri": "stats"}, ["haproxy_stats_uri is 'stats'", "such as /stats"]),
    (
        "a path of a health check",
        backs(back(health_check={"uri": "healthz"})),
        ["haproxy_backends: web: uri of health_check is 'healthz'", "such as /healthz"],
    ),
    (
        "nothing to write",
        {"haproxy_files": [{"path": "a.map", "state": "present"}]},
        ["haproxy_files: a.map has no content: set it, or state to absent"],
    ),
    (
        "key for all",
        {"haproxy_files": [{**KEY, "sensitive": True}]},
        ["haproxy_files: certs/www.pem has a private key", "mode 0644"],
    ),
    (
        "key for others",
        {"haproxy_files": [{**KEY, "sensitive": True, "mode": "0644"}]},
        ["certs/www.pem has a private key"],
    ),
    (
        "key in diffs",
        {"haproxy_files": [{**KEY, "mode": "0600"}]},
        ["certs/www.pem has a private key", "sensitive false"],
    ),
    ("two words", backs(back("the web")), ["haproxy_backends[0].name is 'the web': a single word"]),
    ("comment in a path", {"haproxy_stats_uri": "/stats#a"}, ["haproxy_stats_uri is '/stats#a': a single word"]),
    ("no method", backs(back(health_check={"method": ""})), ["health_check.method is '': a single word"]),
    (
        "two words for a status",
        backs(back(health_check={"status": "200 string"})),
        ["health_check.status is '200 string': a single word"],
    ),
    ("quote in a host", backs(back(health_check={"host": "'a'"})), ["health_check.host is ''a'': a single word"]),
]


@pytest.mark.parametrize("changes", GOOD)
def test_no_problem(changes):
    assert problems(variables(**changes)) == []


@pytest.mark.parametrize(("changes", "parts"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_problem(changes, parts):
    (problem,) = problems(variables(**changes))
    assert [part for part in parts if part not in problem] == []
    assert "unutter" not in problem


def test_all_problems_are_named_at_once():
    changes = {**fronts(front(default_backend="none")), **backs(back(servers=[])), "haproxy_stats_address": "*"}
    assert len(problems(variables(**changes))) == 3


def test_the_input_stays_as_it_is():
    given = variables(**fronts(front()), **backs(back(health_check={})), **listens(listen()))
    before = deepcopy(given)
    problems(given)
    assert given == before
