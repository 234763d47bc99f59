# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from copy import deepcopy

import pytest
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._haproxy.sections import (
    build_sections,
    format_endpoint,
    join_options,
)
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._input.plan import remove_nulls
from samples.haproxy import BASE, WEB1, back, front, listen, server, variables


def proxy(kind="backend", **changes):
    """The one section of that kind, as it is printed."""
    (found,) = [section for section in build_sections(variables(**changes), BASE)["proxies"] if section["kind"] == kind]
    return found


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
    assert join_options(values) == words


@pytest.mark.parametrize(
    ("address", "port", "printed"),
    [
        ("192.0.2.10", 80, "192.0.2.10:80"),
        ("*", "8000-8010", "*:8000-8010"),
        ("2001:db8::10", 80, "[2001:db8::10]:80"),
        ("[2001:db8::10]", 80, "[2001:db8::10]:80"),
        ("::", 80, "[::]:80"),
        ("ipv6@2001:db8::10", 80, "ipv6@2001:db8::10:80"),
        ("www.example.com", 80, "www.example.com:80"),
        ("/run/shop.sock", None, "/run/shop.sock"),
        ("unix@/run/shop.sock", 80, "unix@/run/shop.sock"),
        ("abns@shop", None, "abns@shop"),
        ("192.0.2.10", None, "192.0.2.10"),
    ],
)
def test_an_address_is_written_as_haproxy_reads_it(address, port, printed):
    assert format_endpoint(address, port) == printed


def test_every_section_has_the_same_keys():
    whole = build_sections(
        variables(haproxy_frontends=[front()], haproxy_backends=[back()], haproxy_listens=[listen()]), BASE
    )["proxies"]
    assert [section["kind"] for section in whole] == ["frontend", "backend", "listen"]
    assert len({frozenset(section) for section in whole}) == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "check inter 1s"),
        ({"haproxy_server_defaults": {"inter": "5s"}}, "check inter 5s"),
        ({"haproxy_server_defaults": {"check": False}}, "inter 1s"),
        ({"haproxy_backend_defaults": {"server_options": {"ssl": True}}}, "check inter 1s ssl"),
        ({"haproxy_backends": [server(options={"inter": "2s", "backup": True})]}, "check inter 2s backup"),
        ({"haproxy_backends": [back(server_options={"inter": "3s", "ssl": True})]}, "check inter 3s ssl"),
        ({"haproxy_backends": [back(health_check={"type": "none"})]}, "inter 1s"),
        ({"haproxy_backends": [back(mode="tcp")]}, "check inter 1s"),
        (
            {
                "haproxy_backend_defaults": {"server_options": {"ssl": True, "inter": "3s"}},
                "haproxy_backends": [back(server_options={"inter": "4s"})],
            },
            "check inter 4s ssl",
        ),
    ],
)
def test_options_of_a_server_are_merged_from_the_widest_to_its_own(changes, words):
    printed = proxy(**{"haproxy_backends": [back()], **changes})["servers"]
    assert printed == [f"web1 192.0.2.21:80 {words}"]


@pytest.mark.parametrize(
    ("cookie", "keys", "words"),
    [
        ("", {}, "check inter 1s"),
        ("SERVER insert", {}, "check inter 1s cookie web1"),
        ("SERVER insert", {"cookie": "A"}, "check inter 1s cookie A"),
        ("SERVER insert", {"options": {"cookie": "B"}}, "check inter 1s cookie B"),
        ("SERVER insert", {"options": {"cookie": False}}, "check inter 1s"),
        ("SERVER insert dynamic", {}, "check inter 1s"),
        ("", {"cookie": "A"}, "check inter 1s cookie A"),
    ],
)
def test_the_cookie_of_a_server_is_its_name(cookie, keys, words):
    assert proxy(haproxy_backends=[{**server(**keys), "cookie": cookie}])["servers"] == [f"web1 192.0.2.21:80 {words}"]


@pytest.mark.parametrize(("keys", "port"), [({}, 5432), ({"port": 6432}, 6432), ({"port": None}, 5432)])
def test_a_servers_port_is_the_sections_if_left_out(keys, port):
    section = listen(servers=[{"name": "db1", "address": "192.0.2.31", **keys}])
    assert proxy("listen", haproxy_listens=[section])["servers"] == [f"db1 192.0.2.31:{port} check inter 1s"]


@pytest.mark.parametrize(
    ("keys", "checked"),
    [
        ({}, ["web"]),
        ({"servers": []}, []),
        ({"health_check": {"type": "none"}}, []),
        ({"servers": [WEB1, {**WEB1, "options": {"check": False}}]}, []),
        ({"servers": [{**WEB1, "options": {"check": False, "track": "api/web1"}}]}, ["web"]),
    ],
)
def test_a_section_is_checked_if_all_its_servers_are(keys, checked):
    assert build_sections(variables(haproxy_backends=[back(**keys)]), BASE)["checked"] == checked


def test_a_template_has_the_options_of_a_server():
    template = {
        "prefix": "web",
        "count": "1-3",
        "address": "web.example.com",
        "port": 80,
        "options": {"resolvers": "dns"},
    }
    printed = proxy(haproxy_backends=[{"name": "web", "cookie": "SERVER insert", "server_templates": [template]}])
    assert printed["server_templates"] == ["web 1-3 web.example.com:80 check inter 1s resolvers dns"]


@pytest.mark.parametrize(
    ("changes", "check"),
    [
        ({}, None),
        ({"haproxy_backends": [back(health_check={})]}, {"uri": "/", "status": "200", "expect": "status 200"}),
        (
            {"haproxy_backends": [back(health_check={"uri": "/a"})]},
            {"uri": "/a", "status": "200", "expect": "status 200"},
        ),
        (
            {"haproxy_backends": [back(health_check={"status": "204"})]},
            {"uri": "/", "status": "204", "expect": "status 204"},
        ),
        (
            {"haproxy_backends": [back(health_check={"expect": "string ok"})]},
            {"uri": "/", "status": "200", "expect": "string ok"},
        ),
        (
            {"haproxy_backends": [back(health_check={"host": "%[src]"})]},
            {"uri": "/", "host": "%%[src]", "status": "200", "expect": "status 200"},
        ),
        (
            {"haproxy_backends": [back(health_check={"host": 7})]},
            {"uri": "/", "host": "7", "status": "200", "expect": "status 200"},
        ),
        ({"haproxy_backends": [back(health_check={"type": "tcp"})]}, None),
        ({"haproxy_backends": [back(health_check={"type": "none"})]}, None),
        (
            {"haproxy_backend_defaults": {"health_check": {"uri": "/b"}}},
            {"uri": "/b", "status": "200", "expect": "status 200"},
        ),
        (
            {
                "haproxy_backend_defaults": {"health_check": {"uri": "/b"}},
                "haproxy_backends": [back(health_check={"status": "204"})],
            },
            {"uri": "/b", "status": "204", "expect": "status 204"},
        ),
        (
            {
                "haproxy_backend_defaults": {"health_check": {"uri": "/b"}},
                "haproxy_backends": [back(health_check={"type": "tcp"})],
            },
            None,
        ),
    ],
)
def test_a_health_check_is_completed(changes, check):
    printed = proxy(**{"haproxy_backends": [back()], **changes})["health_check"]
    assert printed == (check and {"type": "http", "host": "localhost", **check})


@pytest.mark.parametrize(
    ("bind", "printed"),
    [
        ({"port": 80}, "*:80"),
        ({"port": 80, "address": "::", "options": ["v6only"]}, "[::]:80 v6only"),
        ({"port": 443, "certificates": ["/a.pem", "/b.pem"]}, "*:443 ssl crt /a.pem crt /b.pem alpn h2,http/1.1"),
        ({"port": 443, "certificates": ["/a.pem"], "options": ["alpn http/1.1"]}, "*:443 alpn http/1.1 ssl crt /a.pem"),
        ({"address": "abns@shop"}, "abns@shop"),
    ],
)
def test_a_bind_is_written_as_haproxy_reads_it(bind, printed):
    assert proxy("frontend", haproxy_frontends=[front(binds=[bind])])["binds"] == [printed]


def test_tls_in_mode_tcp_offers_no_http():
    tls = front(mode="tcp", binds=[{"port": 443, "certificates": ["/a.pem"]}])
    assert proxy("frontend", haproxy_frontends=[tls])["binds"] == ["*:443 ssl crt /a.pem"]


def test_binds_are_merged_over_their_defaults():
    changes = {"haproxy_bind_defaults": {"address": "192.0.2.10", "options": ["maxconn 10"]}}
    section = front(binds=[{"port": 80}, {"port": 81, "options": []}])
    assert proxy("frontend", haproxy_frontends=[section], **changes)["binds"] == [
        "192.0.2.10:80 maxconn 10",
        "192.0.2.10:81",
    ]


SAFE = "http-request disable-l7-retry unless METH_GET or METH_HEAD or METH_OPTIONS"


@pytest.mark.parametrize(
    ("section", "changes", "lines"),
    [
        (back(), {}, [SAFE]),
        (back(lines=["option abortonclose"]), {}, ["option abortonclose", SAFE]),
        (
            back(lines=["tcp-request inspect-delay 1s", "http-request deny"]),
            {},
            ["tcp-request inspect-delay 1s", SAFE, "http-request deny"],
        ),
        (back(lines=["a", " use-server s if TRUE"]), {}, ["a", SAFE, " use-server s if TRUE"]),
        (back(lines=["a"], mode="tcp"), {}, ["a"]),
        (back(lines=["a"]), {"haproxy_retry_on": []}, ["a"]),
    ],
)
def test_only_what_is_safe_to_repeat_is_retried(section, changes, lines):
    assert proxy(haproxy_backends=[section], haproxy_ask_silent_servers=False, **changes)["lines"] == lines


@pytest.mark.parametrize(
    ("section", "changes", "asked"),
    [
        (back(), {}, True),
        (back(), {"haproxy_ask_silent_servers": "false"}, False),
        (back(mode="tcp"), {}, False),
        (back(servers=[]), {}, False),
        (back(health_check={"type": "none"}), {}, False),
        (back(server_options={"check": False}), {}, False),
        (back(servers=[WEB1, {**WEB1, "name": "web2", "options": {"check": False}}]), {}, False),
    ],
)
def test_silent_servers_are_asked_where_haproxy_checks_them_all(section, changes, asked):
    silent = [
        "force-persist if { nbsrv eq 0 }",
        "use-server %[lua.silent_server] if { nbsrv eq 0 } { be_conn le 799 }",
    ]
    lines = proxy(haproxy_backends=[{**section, "lines": ["a"]}], **changes)["lines"]
    assert lines[-2:] == silent if asked else not set(silent) & set(lines)


def test_silent_servers_are_asked_by_the_last_rules_of_a_listen():
    section = listen(mode="http", lines=["use-server db1 if TRUE"])
    lines = proxy("listen", haproxy_listens=[section])["lines"]
    assert [line.split()[0] for line in lines[-3:]] == ["use-server", "force-persist", "use-server"]


def test_a_frontend_retries_nothing():
    assert SAFE not in proxy("frontend", haproxy_frontends=[front()])["lines"]


PATIENT = {"name": "patient", "timeouts": {"server": "10m"}}
RAW = {"name": "raw", "mode": "tcp", "options": {"tcpka": True}}


@pytest.mark.parametrize(
    ("section", "changes", "source"),
    [
        (back(), {}, "http"),
        (back(mode="tcp"), {}, "tcp"),
        (back(), {"haproxy_mode": "tcp"}, "tcp"),
        (back(**{"from": "patient"}), {}, "patient"),
        (back(), {"haproxy_backend_defaults": {"from": "patient"}}, "patient"),
        (back(**{"from": "raw"}), {"haproxy_backend_defaults": {"from": "patient"}}, "raw"),
    ],
)
def test_a_section_begins_with_the_defaults_of_its_mode_or_those_it_names(section, changes, source):
    named = {"haproxy_named_defaults": [PATIENT, RAW]}
    assert proxy(haproxy_backends=[section], **named, **changes)["from"] == source


def test_the_mode_of_a_section_is_that_of_its_defaults():
    printed = proxy(
        haproxy_named_defaults=[RAW, {"name": "more", "from": "raw"}], haproxy_backends=[back(**{"from": "more"})]
    )
    assert printed["lines"] == []  # In mode http there would be a rule about retries.


def defaults(**changes):
    return {section["name"]: section for section in build_sections(variables(**changes), BASE)["defaults"]}


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({}, ["http"]),
        ({"haproxy_mode": "tcp"}, ["tcp"]),
        ({"haproxy_backends": [back(mode="tcp")]}, ["http", "tcp"]),
        ({"haproxy_named_defaults": [PATIENT]}, ["http", "patient"]),
        ({"haproxy_named_defaults": [RAW]}, ["http", "raw"]),
        ({"haproxy_backends": [back(**{"from": "tcp"})]}, ["http", "tcp"]),
    ],
)
def test_the_roles_own_defaults_are_there_if_they_are_used(changes, names):
    assert list(defaults(**changes)) == names


def test_what_is_added_to_the_defaults_is_for_every_mode_that_understands_it():
    lines = ["maxconn 10", "timeout queue 9s", "option httpclose", "no option tcpka", "errorfile 503 /a", " log global"]
    found = defaults(
        haproxy_options={"dontlognull": False, "httpclose": True, "nolinger": True},
        haproxy_defaults_lines=lines,
        haproxy_timeouts={"client": "5s", "connect": False},
        haproxy_backends=[back(mode="tcp")],
    )
    assert found["http"]["options"] == ["httplog", "httpclose", "nolinger"]
    assert found["tcp"]["options"] == ["tcplog", "nolinger"]
    assert found["http"]["lines"] == lines
    assert found["tcp"]["lines"] == ["maxconn 10", "timeout queue 9s", "no option tcpka", " log global"]
    assert found["http"]["timeouts"] == found["tcp"]["timeouts"] == ["client 5s"]


MANY = {**BASE, "timeouts": {"connect": "1s", "client": "30s", "server": "30s", "tunnel": "1h"}}


@pytest.mark.parametrize(
    ("named", "changes", "options", "timeouts", "lines"),
    [
        ({}, {}, ["dontlognull", "httplog"], ["connect 1s", "client 30s", "server 30s", "tunnel 1h"], []),
        (
            {"options": {"httplog": False}},
            {},
            ["dontlognull"],
            ["connect 1s", "client 30s", "server 30s", "tunnel 1h"],
            [],
        ),
        (
            {"timeouts": {"tunnel": False, "connect": False, "client": 4000}},
            {},
            ["dontlognull", "httplog"],
            ["client 4000", "server 30s"],
            [],
        ),
        (
            {"options": {"nolinger": False, "tcpka": True}, "timeouts": {"queue": "1m"}},
            {"haproxy_defaults_lines": ["option nolinger", "no option tcpka", "timeout queue 9s", "maxconn 5"]},
            ["dontlognull", "httplog", "tcpka"],
            ["connect 1s", "client 30s", "server 30s", "tunnel 1h", "queue 1m"],
            ["maxconn 5"],
        ),
        (
            {"options": {"httpclose": True}},
            {"haproxy_options": {"httpclose": True, "http-keep-alive": True}},
            ["dontlognull", "httplog", "http-keep-alive", "httpclose"],
            ["connect 1s", "client 30s", "server 30s", "tunnel 1h"],
            [],
        ),
        (
            {"options": {"httplog": "clf"}},
            {"haproxy_defaults_lines": ["log-format x", "log-format-sd y"]},
            ["dontlognull", "httplog clf"],
            ["connect 1s", "client 30s", "server 30s", "tunnel 1h"],
            ["log-format-sd y"],
        ),
        (
            {"lines": ["timeout client 24h", "timeout queue 8s"]},
            {"haproxy_defaults_lines": ["timeout queue 9s", "a"], "haproxy_timeouts": {"server": "24h"}},
            ["dontlognull", "httplog"],
            ["connect 1s", "server 24h"],
            ["a", "timeout client 24h", "timeout queue 8s"],
        ),
    ],
)
def test_defaults_are_printed_with_all_that_they_inherit(named, changes, options, timeouts, lines):
    given = variables(haproxy_named_defaults=[{"name": "a"}, {"name": "b", "from": "a", **named}], **changes)
    found = build_sections(given, MANY)["defaults"][-1]
    assert (found["options"], found["timeouts"], found["lines"]) == (options, timeouts, lines)


OWN = {"client": "4s", "server": "4s"}
TIMES = ["timeout client 24h", "timeout server 24h"]
DB_IN = front("db_in", mode="tcp", default_backend="db")
DB = back("db", mode="tcp")


@pytest.mark.parametrize(
    ("changes", "mode", "tunnel"),
    [
        ({}, "tcp", "tunnel 1h"),
        ({"haproxy_timeouts": OWN}, "tcp", ""),
        ({"haproxy_timeouts": OWN}, "http", ""),
        ({"haproxy_timeouts": {"client": "4s"}}, "tcp", "tunnel 4s"),
        ({"haproxy_timeouts": {"server": 4000}}, "tcp", "tunnel 4000"),
        ({"haproxy_timeouts": {"client": "4s"}}, "http", "tunnel 1h"),
        ({"haproxy_timeouts": {**OWN, "tunnel": "2m"}}, "tcp", "tunnel 2m"),
        ({"haproxy_timeouts": {"tunnel": False}}, "tcp", ""),
        ({"haproxy_defaults_lines": TIMES}, "tcp", ""),
    ],
)
def test_no_tunnel_timeout_supersedes_those_of_the_inventory(changes, mode, tunnel):
    found = build_sections(variables(haproxy_mode=mode, **changes), MANY)["defaults"][0]
    assert [line for line in found["timeouts"] if line.startswith("tunnel")] == [tunnel] * bool(tunnel)


@pytest.mark.parametrize(
    ("changes", "lines"),
    [
        ({"haproxy_listens": [listen(mode="tcp")]}, []),
        ({"haproxy_listens": [listen(mode="tcp", lines=TIMES)]}, ["timeout tunnel 0"]),
        ({"haproxy_listens": [listen(mode="http", lines=TIMES)]}, ["timeout tunnel 0"]),
        ({"haproxy_listens": [listen(mode="http", lines=TIMES[:1])]}, []),
        ({"haproxy_listens": [listen(mode="tcp", lines=TIMES[1:])]}, ["timeout tunnel 24h"]),
        ({"haproxy_listens": [listen(mode="tcp", lines=[*TIMES, "timeout tunnel 8h"])]}, []),
        ({"haproxy_listens": [listen(mode="tcp", lines=TIMES)], "haproxy_timeouts": OWN}, []),
        ({"haproxy_frontends": [DB_IN], "haproxy_backends": [DB]}, []),
        (
            {"haproxy_frontends": [{**DB_IN, "lines": TIMES[:1]}], "haproxy_backends": [{**DB, "lines": TIMES[1:]}]},
            ["timeout tunnel 0"],
        ),
        ({"haproxy_frontends": [{**DB_IN, "lines": TIMES[:1]}], "haproxy_backends": [DB]}, ["timeout tunnel 24h"]),
        (
            {
                "haproxy_frontends": [
                    {**DB_IN, "lines": TIMES[:1]},
                    front("other", mode="tcp", lines=["use_backend db if TRUE"]),
                ],
                "haproxy_backends": [DB],
            },
            [],
        ),
        (
            {
                "haproxy_named_defaults": [{"name": "patient", "mode": "tcp", "timeouts": OWN}],
                "haproxy_backends": [{**DB, "from": "patient"}],
            },
            [],
        ),
    ],
)
def test_the_tunnel_timeout_of_a_section_gives_way_to_its_own_timeouts(changes, lines):
    found = build_sections(variables(**changes), MANY)["proxies"][-1]
    assert [line for line in found["lines"] if line.startswith("timeout tunnel") and "8h" not in line] == lines


def test_a_section_may_have_another_mode_than_its_defaults():
    printed = proxy(haproxy_named_defaults=[PATIENT], haproxy_backends=[back(mode="tcp", **{"from": "patient"})])
    assert (printed["from"], printed["mode"]) == ("patient", "tcp")
    assert proxy(haproxy_backends=[back(mode="tcp")])["mode"] == ""


def test_sections_that_others_refer_to_while_haproxy_reads_come_first():
    extra = [{"kind": kind, "name": "a", "lines": []} for kind in ("cache", "crt-store", "ring")]
    found = build_sections(variables(haproxy_extra_sections=extra), BASE)
    assert [section["kind"] for section in found["first"]] == ["crt-store"]
    assert [section["kind"] for section in found["last"]] == ["cache", "ring"]


def test_users_are_written_with_their_groups():
    jane = {"name": "jane", "password": "$6$a$b", "groups": ["shop", "office"]}
    john = {"name": "john", "password": "pass # word", "insecure": True}
    whole = build_sections(variables(haproxy_userlists=[{"name": "staff", "users": [jane, john]}]), BASE)
    assert whole["userlists"] == [
        {
            "name": "staff",
            "groups": ["office", "shop"],
            "users": ["jane password '$6$a$b' groups shop,office", "john insecure-password 'pass # word'"],
        }
    ]


def test_users_of_the_statistics_are_a_list():
    whole = build_sections(variables(haproxy_stats_users=[{"name": "admin", "password": "word"}]), BASE)
    assert whole["userlists"] == [{"name": "statistics", "groups": [], "users": ["admin insecure-password 'word'"]}]


def test_peers_are_all_nodes():
    nodes = [{"name": "lb1", "address": "192.0.2.11"}, {"name": "lb2", "address": "2001:db8::12"}]
    whole = build_sections(variables(haproxy_nodes=nodes, haproxy_peers=[{"name": "balancers", "port": 10000}]), BASE)
    assert whole["peers"] == [
        {"name": "balancers", "lines": [], "peers": ["lb1 192.0.2.11:10000", "lb2 [2001:db8::12]:10000"]}
    ]
    assert build_sections(variables(haproxy_nodes=nodes), BASE)["peers"] == []


def test_a_key_without_a_value_is_left_out():
    bind = {"port": 80, "address": None, "options": None, "certificates": None}
    server = {"name": "one", "address": "192.0.2.21", "port": 80, "options": {"inter": None}, "cookie": None}
    section = {
        "name": "web",
        "binds": [bind],
        "servers": [server],
        "lines": None,
        "health_check": None,
        "cookie": None,
        "mode": None,
    }
    plain = {"name": "web", "binds": [{"port": 80}], "servers": [{"name": "one", "address": "192.0.2.21", "port": 80}]}
    assert proxy("listen", haproxy_listens=remove_nulls([section])) == proxy("listen", haproxy_listens=[plain])


def test_the_input_stays_as_it_is():
    given = variables(
        haproxy_frontends=[front()], haproxy_backends=[back(health_check={}, lines=["a"])], haproxy_listens=[listen()]
    )
    before = deepcopy(given)
    build_sections(given, BASE)
    assert given == before


@pytest.mark.parametrize(
    ("lines", "environment"),
    [
        ([], []),
        (["daemon", "setenv A b"], []),
        (["setenv A b", " presetenv C d", "daemon", "unsetenv A"], ["setenv A b", " presetenv C d"]),
    ],
)
def test_variables_of_the_environment_are_set_before_everything_else(lines, environment):
    found = build_sections(variables(haproxy_global_lines=lines), BASE)
    assert found["environment"] == environment
    assert found["environment"] + found["globals"] == lines
