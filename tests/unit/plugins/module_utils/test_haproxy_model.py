# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from copy import deepcopy

import pytest
from ansible_collections.evenkeel.ha_web.plugins.module_utils._haproxy_model import options, problems, sections

WEB = {"name": "web", "servers": [{"name": "web1", "address": "192.0.2.21", "port": 80}]}
DB = {"name": "db", "binds": [{"port": 5432}], "port": 5432, "servers": [{"name": "db1", "address": "192.0.2.31"}]}
LOCAL = {
    "health": {"address": "127.0.0.1", "port": 8405},
    "stats": {"address": "127.0.0.1", "port": 8404, "enabled": True, "users": []},
}
USER = {"name": "admin", "password": "secret"}


def front(name="http_in", **keys):
    return {"name": name, "binds": [{"port": 80}], **keys}


def back(**keys):
    return {**WEB, **keys}


def server(**keys):
    return back(servers=[{"name": "web1", "address": "192.0.2.21", **keys}])


def model(frontends=(), backends=(), listens=(), health=None, stats=None):
    local = {"health": {**LOCAL["health"], **(health or {})}, "stats": {**LOCAL["stats"], **(stats or {})}}
    return {"frontends": list(frontends), "backends": list(backends), "listens": list(listens), "local": local}


GOOD = [
    model(),
    model([front(default_backend="web")], [WEB]),
    model([front(default_backend="db")], [], [DB]),
    model([front(), front("tls_in", binds=[{"port": 443}])], [WEB], [DB]),
    model([front(binds=[{"address": "192.0.2.10", "port": 80}]), front("two", binds=[{"address": "192.0.2.11", "port": 80}])]),
    model(backends=[back(servers=[], lines=["server-template web 3 web.example.com:80"])]),
    model(backends=[server(port=1), {**server(port=65535), "name": "other"}]),
    model(stats={"address": "*", "users": [USER]}),
    model(stats={"address": "::1"}),
    model(stats={"address": "localhost"}),
    model(stats={"address": "*", "enabled": False}),
    model([front(binds=[{"port": 8404}])], stats={"enabled": False}),
]

# what is wrong, the model, what the problem says
BAD = [
    ("frontend twice", model([front(), front(binds=[{"port": 81}])]), ["haproxy_frontends: the name http_in is used 2 times", "once"]),
    ("backend twice", model(backends=[WEB, WEB]), ["haproxy_backends: the name web is used 2 times", "once"]),
    ("listen twice", model(listens=[DB, {**DB, "binds": [{"port": 1}]}]), ["haproxy_listens: the name db is used 2 times", "once"]),
    ("listen named as backend", model(backends=[{**WEB, "name": "db"}], listens=[DB]), ["haproxy_listens", "db", "a backend's already"]),
    ("listen named as frontend", model([front("db")], listens=[DB]), ["haproxy_listens", "db", "a frontend's"]),
    ("server twice", model(backends=[back(servers=WEB["servers"] * 2)]), ["haproxy_backends: web", "server name web1", "2 times"]),
    (
        "no such backend",
        model([front(default_backend="wbe")], [WEB], [DB]),
        ["haproxy_frontends", "default_backend of http_in is 'wbe'", "there are web, db"],
    ),
    ("no backends at all", model([front(default_backend="web")]), ["default_backend of http_in is 'web'", "there are no backends"]),
    ("no servers", model(backends=[back(servers=[])]), ["haproxy_backends: web has no servers", "inventory group"]),
    ("servers left out", model(listens=[{"name": "db", "binds": [{"port": 1}]}]), ["haproxy_listens: db has no servers"]),
    ("no port", model(backends=[server()]), ["haproxy_backends: web: server web1 has no port", "or the whole section"]),
    ("server's port", model(backends=[server(port=65536)]), ["haproxy_backends: web: server web1 has port 65536", "1-65535"]),
    ("section's port", model(backends=[{**server(), "port": -1}]), ["haproxy_backends: web: server web1 has port -1", "1-65535"]),
    ("port 0", model([front(binds=[{"port": 0}])]), ["http_in (haproxy_frontends): port 0 is outside 1-65535"]),
    ("port 65536", model([front(binds=[{"port": 65536}])]), ["http_in (haproxy_frontends): port 65536 is outside 1-65535"]),
    ("health port", model(health={"port": 70000}), ["haproxy_health_port: port 70000 is outside 1-65535"]),
    ("statistics port", model(stats={"port": 0}), ["haproxy_stats_port: port 0 is outside 1-65535"]),
    (
        "two listeners",
        model([front(), front("two")]),
        ["two (haproxy_frontends) and http_in (haproxy_frontends)", "port 80", "another port"],
    ),
    ("twice in one section", model([front(binds=[{"port": 80}, {"port": 80}])]), ["http_in (haproxy_frontends)", "both listen on port 80"]),
    (
        "one of all addresses",
        model([front(), front("two", binds=[{"address": "192.0.2.10", "port": 80}])]),
        ["port 80 (192.0.2.10 and *)"],
    ),
    ("frontend and listen", model([front(binds=[{"port": 5432}])], listens=[DB]), ["db (haproxy_listens)", "port 5432"]),
    ("on the health port", model([front(binds=[{"port": 8405}])]), ["haproxy_health_port and http_in", "port 8405"]),
    ("on the statistics port", model([front(binds=[{"port": 8404}])]), ["haproxy_stats_port and http_in", "port 8404"]),
    ("statistics on health", model(stats={"port": 8405}), ["haproxy_stats_port and haproxy_health_port", "port 8405"]),
    ("statistics for all", model(stats={"address": "*"}), ["haproxy_stats_address is '*'", "haproxy_stats_users is empty", "127.0.0.1"]),
    ("statistics outside", model(stats={"address": "192.0.2.11"}), ["haproxy_stats_address is '192.0.2.11'", "haproxy_stats_users"]),
]


@pytest.mark.parametrize("good", GOOD)
def test_no_problem(good):
    assert problems(good) == []


@pytest.mark.parametrize(("bad", "parts"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_problem(bad, parts):
    (problem,) = problems(bad)
    assert [part for part in parts if part not in problem] == []


def test_all_problems_are_named_at_once():
    bad = model([front(default_backend="none")], [back(servers=[])], stats={"address": "*"})
    assert len(problems(bad)) == 3


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, ""),
        ({"check": True}, "check"),
        ({"check": False}, ""),
        ({"inter": "1s", "check": True, "backup": False, "weight": 0, "fall": 1}, "inter 1s check weight 0 fall 1"),
    ],
)
def test_options(values, words):
    assert options(values) == words


def test_sections_have_every_key():
    whole = sections(model([front()], [WEB], [DB]), "tcp", {})
    assert whole["frontends"] == [
        {
            "name": "http_in",
            "mode": "tcp",
            "binds": [{"address": "*", "port": 80, "options": []}],
            "default_backend": "",
            "balance": "",
            "health_check": None,
            "servers": [],
            "lines": [],
        }
    ]
    assert {key for kind in whole.values() for section in kind for key in section} - {"port"} == set(whole["frontends"][0])


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {"check": True, "inter": "1s"}),
        ({"inter": "5s"}, {"check": True, "inter": "5s"}),
        ({"check": False, "backup": True}, {"check": False, "inter": "1s", "backup": True}),
    ],
)
def test_a_servers_options_are_merged_over_the_defaults(given, expected):
    whole = sections(model(backends=[server(port=80, options=given)]), "http", {"check": True, "inter": "1s"})
    assert whole["backends"][0]["servers"][0]["options"] == expected


@pytest.mark.parametrize(("keys", "port"), [({}, 5432), ({"port": 6432}, 6432)])
def test_a_servers_port_is_the_sections_if_left_out(keys, port):
    listen = {**DB, "servers": [{"name": "db1", "address": "192.0.2.31", **keys}]}
    assert sections(model(listens=[listen]), "tcp", {})["listens"][0]["servers"][0]["port"] == port


def test_a_sections_mode_wins():
    assert sections(model([front(mode="tcp")]), "http", {})["frontends"][0]["mode"] == "tcp"


def test_a_health_check_is_completed():
    whole = sections(model(backends=[back(health_check={"uri": "/healthz"})]), "http", {})
    assert whole["backends"][0]["health_check"] == {"method": "GET", "uri": "/healthz", "host": "localhost", "status": "200"}


def test_the_input_stays_as_it_is():
    given = model([front()], [back(health_check={})], [DB])
    before = deepcopy(given)
    sections(given, "http", {"check": True})
    problems(given)
    assert given == before
