# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wrong with the HAProxys of a cluster."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._status.certificates import STAND_IN
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._status.haproxy import list_findings
from samples.cluster import haproxy, server

ROOT = Path(__file__).parents[5]
DOWN = {"status": "DOWN", "check": "L4CON Connection refused", "in_rotation": False}
DRAIN = {"state": "drain", "status": "DRAIN", "taken_out": True, "in_rotation": False}


def certificate(days_left=60, expires="2027-02-01T00:00:00Z"):
    return {"certificates": [{"file": "/etc/haproxy/certs/shop.pem", "expires": expires, "days_left": days_left}]}


def frontend(sessions):
    return {"frontends": [{"name": "http", "status": "OPEN", "sessions": sessions, "limit": 100}]}


def stored(expires="2027-02-01T00:00:00Z"):
    file = "/var/lib/haproxy-certificates/www.pem"
    return {"certificates": [{"file": file, "expires": expires, "days_left": 60}]}


def patterns(digest="a", entries=3):
    return {"pattern_files": [{"kind": "map", "file": "/etc/haproxy/hosts.map", "entries": entries, "digest": digest}]}


def servers(**changed):
    return {"servers": [server("web1", **changed), server("web2")]}


WELL = [
    ({}, {}),
    (certificate(), certificate()),
    (patterns(), patterns()),
    # The configuration itself says disabled, weight 0, or has more places than there are servers.
    (
        servers(state="maint", status="MAINT", in_rotation=False),
        servers(state="maint", status="MAINT", in_rotation=False),
    ),
    (servers(weight=0, configured_weight=0, status="DRAIN", in_rotation=False), {}),
    ({"old_workers": 5, "oldest_worker": 39}, {"old_workers": 5, "oldest_worker": 400, "max_reloads": 0}),
    (frontend(79), frontend(0)),
    # A check that has not decided yet, and none.
    (servers(status="UP 1/3"), servers(status="no check")),
]


@pytest.mark.parametrize(("lb1", "lb2"), WELL)
def test_haproxys_that_are_well(lb1, lb2):
    assert list(list_findings({"lb1": haproxy(**lb1), "lb2": haproxy(**lb2)}, 14)) == []


def test_the_stand_in_is_that_of_the_program():
    assert f'STAND_IN = "{STAND_IN}"' in (ROOT / "roles/daemon/files/acme.py").read_text(encoding="utf-8")


WRONG = [
    ({}, {"running": False}, ["lb2"], "haproxy does not run", "systemctl start haproxy"),
    (
        {},
        {"old_workers": 3, "oldest_worker": 40},
        ["lb2"],
        "the oldest of 3 old workers of haproxy has survived 40 reloads, and after 50 it is ended",
        "raise haproxy_mworker_max_reloads",
    ),
    (
        {},
        {"ended_workers": 2},
        ["lb2"],
        "haproxy has ended 2 old workers with their connections",
        "haproxy_hard_stop_after",
    ),
    (
        {},
        {"dropped_logs": 17},
        ["lb2"],
        "haproxy has dropped 17 lines of its log",
        "systemctl status haproxy-access-log",
    ),
    (
        {},
        {"log_errors": ["No space left on device", "message lost"]},
        ["lb2"],
        "has lost lines within the last ten minutes: No space left on device",
        "df /var/log/haproxy",
    ),
    (
        {},
        {"reloads_failed": 2},
        ["lb2"],
        "the last reload of haproxy has failed (2 in a row)",
        "journalctl --unit haproxy",
    ),
    (
        servers(**DOWN),
        servers(**DOWN),
        ["lb1", "lb2"],
        "shop/web1 does not serve: DOWN, L4CON Connection refused on lb1 and lb2",
        "see on web1 that its service runs and answers",
    ),
    (
        {},
        servers(**DOWN),
        ["lb2"],
        "shop/web1 does not serve: DOWN",
        "and lb1 can reach it: see the network between them",
    ),
    (
        {},
        servers(**DRAIN),
        ["lb2"],
        "shop/web1 was taken out of rotation by hand: it is drain, weight 1",
        "servers=['shop/web1'], state=ready",
    ),
    (
        {},
        servers(weight=0, status="DRAIN", taken_out=True, in_rotation=False),
        ["lb2"],
        "it is ready, weight 0",
        "state=ready, weight=100%",
    ),
    (
        frontend(100),
        frontend(5),
        ["lb1"],
        "clients have taken all 100 connections of http, so new ones wait",
        "raise haproxy_maxconn",
    ),
    (
        {},
        {"certificates": [{**certificate()["certificates"][0], "subject": f"/O={STAND_IN}"}]},
        ["lb2"],
        "shop.pem is self-signed, because the certificate that haproxy_acme orders has not arrived",
        "journalctl --unit haproxy-acme",
    ),
    (certificate(3), certificate(), ["lb1"], "shop.pem ends in 3 days", "renew it"),
    (certificate(3), certificate(3), ["lb1", "lb2"], "shop.pem ends in 3 days", "renew it"),
    (certificate(), certificate(-1), ["lb2"], "shop.pem has ended", "renew it"),
    (
        certificate(),
        certificate(90, "2027-03-01T00:00:00Z"),
        ["lb1", "lb2"],
        "the end of /etc/haproxy/certs/shop.pem is 2027-02-01T00:00:00Z on lb1, 2027-03-01T00:00:00Z on lb2",
        "deploy_load_balancers.yml",
    ),
    (
        stored(),
        {},
        ["lb2"],
        "haproxy does not have the certificate /var/lib/haproxy-certificates/www.pem, as it has on lb1",
        "run deploy_load_balancers.yml, which copies it",
    ),
    (
        patterns("a", 3),
        patterns("b", 4),
        ["lb1", "lb2"],
        "entries of the map /etc/haproxy/hosts.map differ (3 on lb1, 4 on lb2)",
        "show map /etc/haproxy/hosts.map",
    ),
    ({}, {"frontends": []}, ["lb2"], "haproxy has no frontend http, as it has on lb1", "deploy_load_balancers.yml"),
    (
        {"servers": [server("web1")]},
        {},
        ["lb1"],
        "haproxy has no server shop/web2, as it has on lb2",
        "deploy_load_balancers.yml",
    ),
]


@pytest.mark.parametrize(("lb1", "lb2", "hosts", "what", "remedy"), WRONG)
def test_haproxys_that_are_not(lb1, lb2, hosts, what, remedy):
    found = list(list_findings({"lb1": haproxy(**lb1), "lb2": haproxy(**lb2)}, 14))
    assert [
        finding
        for finding in found
        if list(finding.hosts) == hosts and what in finding.what and remedy in finding.remedy
    ], found


def test_only_what_a_deployment_has_taken_out_is_put_back_by_the_next():
    (found,) = list_findings({"lb1": haproxy(**servers(**DRAIN))}, 14, ["web1"])
    assert found.remedy == "run deploy_web_servers.yml, which puts it back"
    (found,) = list_findings({"lb1": haproxy(**servers(**DRAIN))}, 14, ["web2"])
    assert "deploy_web_servers" not in found.remedy


def test_the_servers_of_a_backend_that_is_missing_are_not_named_as_well():
    found = list(list_findings({"lb1": haproxy(), "lb2": haproxy(backends=[], servers=[])}, 14))
    assert [finding.what for finding in found] == ["haproxy has no backend shop, as it has on lb1"]


def test_connections_that_are_nearly_taken_are_a_note():
    (found,) = list_findings({"lb1": haproxy(**frontend(80)), "lb2": haproxy()}, 14)
    assert found.what == "clients have taken 80 of the 100 connections of http"
    assert found.harmless


def test_different_versions_are_harmless():
    (found,) = list_findings({"lb1": haproxy(), "lb2": haproxy(version="3.0.11")}, 14)
    assert found.harmless


def test_a_warning_of_haproxy_is_a_note_with_all_hosts_that_have_it():
    warned = haproxy(complaints=["/etc/haproxy/haproxy.cfg:9: a rule is never reached\n    > http-request deny"])
    (found,) = list_findings({"lb1": warned, "lb2": warned}, 14)
    assert (found.hosts, found.harmless) == (("lb1", "lb2"), True)
    assert "/etc/haproxy/haproxy.cfg:9: a rule is never reached > http-request deny" in found.what


def test_nodes_with_an_acme_client_each_may_have_certificates_of_their_own():
    (found,) = list_findings({"lb1": haproxy(**stored()), "lb2": haproxy(**stored("2027-03-01T00:00:00Z"))}, 14)
    assert found.harmless
    assert "the end of /var/lib/haproxy-certificates/www.pem is" in found.what
