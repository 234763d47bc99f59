# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the variables of the role haproxy, with its own base values and options, to what its templates print."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._haproxy.plan import plan
from samples.haproxy import DEFAULTS, back, front, variables

ROLE = Path(__file__).parents[5] / "roles/haproxy"
SPECS, VARS = (
    yaml.safe_load((ROLE / name).read_text(encoding="utf-8")) for name in ("meta/argument_specs.yml", "vars/main.yml")
)
OPTIONS = SPECS["argument_specs"]["main"]["options"]
BASE = {**VARS["__haproxy_base"], "certificate_store": "/store"}
DEBIAN = {"distribution": "Debian", "distribution_major_version": "13"}
CONTAINER = {"haproxy_runtime": "container", "haproxy_image_base": "debian:bookworm-slim"}
PUBLISHED = {**CONTAINER, "haproxy_container_ports": ["80:80"]}
HUNG = "haproxy-hung-servers.service"
PAGE = ["haproxy-status-page.socket", "haproxy-status-page.service"]
LOG = ["haproxy-access-log.socket", "haproxy-access-log.service"]
USERS = [{"name": "ann", "password": "unutterable"}, {"name": "bob", "password": "secret"}]


def model(facts=None, resources=(), **changes):
    found = plan(variables(**changes), BASE, OPTIONS, facts or {}, resources)
    assert found["problems"] == []
    return found["model"]


def test_what_an_inventory_says_is_merged_over_the_base():
    found = model(haproxy_timeouts={"client": "9s", "queue": None}, haproxy_options={"httplog": False})
    (defaults,) = found["defaults"]
    assert "client 9s" in defaults["timeouts"]
    assert "queue 5s" in defaults["timeouts"]
    assert "dontlognull" in defaults["options"]
    assert "httplog" not in defaults["options"]


def test_the_limit_suits_the_host():
    assert model()["maxconn"]["process"] == 4096
    assert model(resources=["/proc/meminfo:MemTotal:        2097152 kB"])["maxconn"]["process"] == 16000


@pytest.mark.parametrize(("changes", "newer"), [({}, True), (CONTAINER, False)])
def test_only_the_openssl_of_the_host_is_known_by_the_release(changes, newer):
    assert any("X25519MLKEM768" in line for line in model(DEBIAN, **changes)["tls"]) is newer


@pytest.mark.parametrize(
    ("facts", "lines", "changes", "forwards"),
    [
        ({}, [], {}, True),
        ({**DEBIAN, "distribution_major_version": "12"}, [], {}, True),
        ({**DEBIAN, "distribution_major_version": "12"}, ["haproxy=3.2.26-1"], {}, False),
        (DEBIAN, [], {}, False),
        (DEBIAN, ["haproxy=2.6.12-1"], {}, True),
        (DEBIAN, ["haproxy=3.2.26-1"], CONTAINER, True),
    ],
)
def test_the_rule_against_nul_is_for_a_haproxy_that_forwards_it(facts, lines, changes, forwards):
    found = model(facts, lines, haproxy_frontends=[front()], **changes)
    (proxy,) = [proxy for proxy in found["proxies"] if proxy["kind"] == "frontend"]
    assert any("\\x00" in line for line in proxy["lines"]) is forwards


@pytest.mark.parametrize(
    ("changes", "bind", "companions", "ports"),
    [
        ({}, "127.0.0.1:8405", [HUNG, *LOG], []),
        ({"haproxy_hung_server_seconds": "0"}, "127.0.0.1:8405", LOG, []),
        ({"haproxy_access_log": []}, "127.0.0.1:8405", [HUNG], []),
        (CONTAINER, "127.0.0.1:8405", [HUNG, *LOG], []),
        (PUBLISHED, "*:8405", LOG, ["127.0.0.1:8405:8405", "127.0.0.1:8404:8404", "80:80"]),
    ],
)
def test_a_container_with_ports_of_its_own_publishes_what_the_host_asks(changes, bind, companions, ports):
    found = model(**changes)
    assert found["health_bind"] == bind
    assert found["health_url"] == "http://127.0.0.1:8405/healthz"
    assert found["companions"] == companions
    assert found["container"]["ports"] == ports


def test_the_status_page_has_units_of_its_own_and_no_more_in_plain_mode():
    instances = [{"name": "cluster_vip", "virtual_ipaddress": [{"address": "192.0.2.10"}]}]
    for plain in (False, True):
        changes = variables(haproxy_status_page_enabled=True, haproxy_plain=plain, haproxy_access_log=[])
        found = plan(changes, {**BASE, "instances": instances, "role_defaults": DEFAULTS}, OPTIONS, {})["model"]
        assert found["companions"][-2:] == PAGE
        assert found["status_page"]["settings"]["vips"] == {"cluster_vip": ["192.0.2.10"]}
    assert model()["status_page"] == {}


@pytest.mark.parametrize(
    ("changes", "confined"),
    [({}, True), ({"haproxy_confined": "false"}, False), (CONTAINER, False)],
)
def test_a_service_is_confined_unless_it_runs_in_a_container(changes, confined):
    assert model(**changes)["confined"] is confined


def test_the_passwords_are_secrets():
    lists = [{"name": "staff", "users": [{**user, "insecure": True} for user in USERS]}]
    found = model(haproxy_userlists=lists, haproxy_stats_users=USERS[:1])
    assert found["secrets"] == ["unutterable", "secret"]
    assert found["stats_userlist"] == "statistics"
    assert model(haproxy_userlists=lists, haproxy_stats_userlist="staff")["stats_userlist"] == "staff"


def test_an_address_of_ipv6_has_brackets_in_the_url():
    assert model(haproxy_health_address="::1")["health_url"] == "http://[::1]:8405/healthz"


def test_bad_input_makes_no_model():
    changes = {"haproxy_bakends": [], "haproxy_frontends": [front(default_backend="wbe")], "haproxy_backends": [back()]}
    found = plan(variables(**changes), BASE, OPTIONS, {})
    assert [problem.split(" ", maxsplit=1)[0] for problem in found["problems"]] == [
        "haproxy_bakends",
        "haproxy_frontends:",
    ]
    assert found["model"] == {}


NULLS = [
    {"haproxy_frontends": [front(lines=None, default_backend=None, binds=[{"port": 80, "address": None}])]},
    {"haproxy_backends": [back(cookie=None, server_templates=None, **{"from": None, "mode": None})]},
    {"haproxy_files": [{"path": "a.map", "content": "", "mode": None, "sensitive": None}]},
]


@pytest.mark.parametrize("changes", NULLS)
def test_a_key_without_a_value_is_as_good_as_none(changes):
    assert model(**changes)


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"haproxy_backends": [back(lines=["a", "b\nbackend c"])]}, "haproxy_backends[web].lines[1]"),
        ({"haproxy_global_lines": ["a\n"]}, "haproxy_global_lines[0]"),
        ({"haproxy_stats_users": [{"name": "ann", "password": "unutterable\n"}]}, "haproxy_stats_users[ann].password"),
        ({"haproxy_backends": [back(server_options={"sni": "a\r"})]}, "haproxy_backends[web].server_options.sni"),
    ],
)
def test_a_line_break_is_refused(changes, where):
    (problem,) = plan(variables(**changes), BASE, OPTIONS, {})["problems"]
    assert problem.startswith(f"{where} has a line break")
    assert "unutterable" not in problem


UNCHECKED = {"check": False}
APP = {"prefix": "w", "count": "2", "address": "a.example.com"}


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ({}, "server web1 has no port, so it cannot be checked"),
        ({"server_options": UNCHECKED}, ""),
        ({"health_check": {"type": "none"}}, ""),
        ({"server_options": {"port": 81}}, ""),
        ({"lines": ["option tcp-check", "tcp-check connect port 81"]}, ""),
        ({"port": 80}, ""),
        ({"servers": [{"name": "web1", "address": "2001:db8::21"}]}, "server web1 has no port"),
        ({"servers": [{"name": "web1", "address": "2001:db8::21", "port": 80}]}, ""),
        ({"servers": [{"name": "web1", "address": "unix@/run/web.sock"}]}, ""),
        ({"servers": [], "server_templates": [APP]}, "server template w has no port"),
        ({"servers": [], "server_templates": [APP], "server_options": UNCHECKED}, ""),
        ({"servers": [], "server_templates": [{**APP, "address": "_http._tcp.example.com"}]}, ""),
    ],
)
def test_a_server_without_port_has_that_of_its_client_unless_it_is_checked(keys, problem):
    section = {"name": "web", "servers": [{"name": "web1", "address": "192.0.2.21"}], **keys}
    found = plan(variables(haproxy_backends=[section]), BASE, OPTIONS, {})["problems"]
    assert len(found) == bool(problem)
    assert problem in "".join(found)
    assert (not problem) or found[0].startswith("haproxy_backends: web: ")
