# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report on a cluster, and the table that is printed of it."""

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.filter.cluster_report import describe_cluster
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._status.report import build_report
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._status.table import (
    columns,
    findings,
    table,
)
from samples.cluster import cluster, haproxy, keepalived, web_server

UNREACHABLE = {"unreachable": True, "msg": "Failed to connect to the host via ssh: timed out", "changed": False}
SKIPPED = {"skipped": True}


def test_a_cluster_that_is_well():
    found = build_report(cluster())
    assert found["healthy"]
    assert found["findings"] == []
    assert found["vips"] == [
        {
            "instance": "web",
            "addresses": ["192.0.2.10"],
            "holders": ["lb1"],
            "changes": [{"host": "lb1", "seconds_ago": 300.0}],
            "seconds_held": 300.0,
            "nodes": {
                "lb1": {"state": "MASTER", "priority": 254, "seconds_in_state": 300.0, "transitions": 1},
                "lb2": {"state": "BACKUP", "priority": 244, "seconds_in_state": 300.0, "transitions": 1},
            },
        }
    ]
    assert found["backends"] == {"shop": {"lb1": {"up": 2, "down": 0, "out": 0}, "lb2": {"up": 2, "down": 0, "out": 0}}}
    well = {"reachable": True, "managed": True, "running": True, "pending": ""}
    assert found["web_servers"] == {"web1": well, "web2": well}


def pending(what):
    return {"configuration": {"digest": "c" * 64, "shared": "d" * 64, "pending": what, "unconfined": False}}


WRONG = [
    ({"lb2": {"keepalived": UNREACHABLE, "haproxy": SKIPPED}}, "lb2", "it cannot be reached", "see that it runs"),
    ({"web2": {"unfinished": UNREACHABLE, "nginx": SKIPPED}}, "web2", "it cannot be reached", "see that it runs"),
    (
        {
            "lb2": {
                "keepalived": keepalived("lb2"),
                "haproxy": {"msg": "admin.sock: no answer to 'show info' within 10 s"},
            }
        },
        "lb2",
        "its haproxy could not be checked: admin.sock: no answer",
        "correct that",
    ),
    (
        {"lb2": {"keepalived": keepalived("lb2", **pending("reload")), "haproxy": haproxy()}},
        "lb2",
        "keepalived does not run what is",
        "deploy_load",
    ),
    (
        {"lb2": {"keepalived": keepalived("lb2"), "haproxy": haproxy(**pending("settle"))}},
        "lb2",
        "the system around haproxy",
        "deploy_load",
    ),
    ({"web1": web_server("start", running=False)}, "web1", "nginx does not run", "systemctl start nginx"),
    ({"web1": web_server("reload")}, "web1", "nginx does not run what is on disk", "deploy_web_servers.yml"),
    (
        {"web1": {**web_server(), "unfinished": {"files": [{"path": "/var/lib/evenkeel-half-deployed"}]}}},
        "web1",
        "a deployment of the application was interrupted",
        "deploy_web_servers.yml",
    ),
]


@pytest.mark.parametrize(("changed", "host", "what", "remedy"), WRONG)
def test_a_cluster_that_is_not(changed, host, what, remedy):
    found = build_report({**cluster(), **changed})
    assert not found["healthy"]
    (finding,) = found["findings"]
    assert finding["hosts"] == [host]
    assert what in finding["what"]
    assert remedy in finding["remedy"]
    assert table(found)


def test_a_server_of_another_kind_is_not_asked_for_nginx():
    assert build_report({**cluster(), "web1": {"unfinished": {"files": []}, "nginx": SKIPPED}})["healthy"]


def test_what_is_harmless_comes_last_and_fails_nothing():
    found = build_report({**cluster(), "lb2": {"keepalived": keepalived("lb2", version="2.3.3"), "haproxy": haproxy()}})
    assert found["healthy"]
    hosts = {**cluster(), "lb2": {"keepalived": keepalived("lb2", version="2.3.3"), "haproxy": haproxy()}}
    assert describe_cluster(hosts)["table"][-4:] == [*findings(found), "", "No problems found."]
    assert findings(found)[0].startswith("NOTE   lb1 and lb2: keepalived's version")
    found = build_report(
        {**cluster(), "lb2": {"keepalived": keepalived("lb2", version="2.3.3"), "haproxy": haproxy(running=False)}}
    )
    assert [line.split()[0] for line in findings(found)[::2]] == ["WRONG", "NOTE"]


def test_files_that_somebody_has_changed_and_loaded_are_a_note():
    changed = pending("reload")
    changed["configuration"]["loaded"] = True
    found = build_report({**cluster(), "lb2": {"keepalived": keepalived("lb2"), "haproxy": haproxy(**changed)}})
    assert found["healthy"]
    assert "not what was deployed last" in found["findings"][0]["what"]


@pytest.mark.parametrize(("host", "daemon"), [("lb1", "keepalived"), ("lb1", "haproxy"), ("web1", "nginx")])
def test_a_daemon_that_is_older_than_its_confinement_is_a_note(host, daemon):
    hosts = cluster()
    hosts[host][daemon]["configuration"]["unconfined"] = True
    found = build_report(hosts)
    assert found["healthy"]
    (finding,) = found["findings"]
    assert finding["hosts"] == [host]
    assert finding["what"].startswith(f"{daemon} was started before it was confined")
    assert "reboot_hosts.yml" in finding["remedy"]


def test_one_load_balancer_cannot_fail_over():
    (finding,) = build_report({"lb1": {"keepalived": keepalived("lb1"), "haproxy": haproxy()}})["findings"]
    assert "only load balancer" in finding["what"]


def test_the_table():
    hosts = cluster()
    certificate = {"file": "/etc/haproxy/shop.pem", "expires": "2027-02-01T00:00:00Z", "days_left": 60}
    hosts["lb1"]["haproxy"]["certificates"] = hosts["lb2"]["haproxy"]["certificates"] = [certificate]
    assert describe_cluster(hosts)["table"] == [
        "VIP  ADDRESSES   HELD BY  FOR    lb1                lb2",
        "web  192.0.2.10  lb1      5 min  MASTER 254, 5 min  BACKUP 244, 5 min",
        "",
        "LOAD BALANCER  KEEPALIVED  HAPROXY  UP FOR  GENERATION  LAST RELOAD",
        "lb1            2.2.7       2.6.12   2 h     3           good, 5 min ago",
        "lb2            2.2.7       2.6.12   2 h     3           good, 5 min ago",
        "",
        "CONFIGURATION OF  KEEPALIVED      HAPROXY",
        "lb1               aaaaaaaa, live  bbbbbbbb, live",
        "lb2               aaaaaaaa, live  bbbbbbbb, live",
        "",
        "BACKEND  lb1   lb2",
        "shop     2 up  2 up",
        "",
        "CERTIFICATE            ENDS                  DAYS  ON",
        "/etc/haproxy/shop.pem  2027-02-01T00:00:00Z  60    lb1 and lb2",
        "",
        "WEB SERVER  NGINX",
        "web1        runs what is on disk",
        "web2        runs what is on disk",
        "",
        "No problems found.",
    ]


@pytest.mark.parametrize(
    ("answer", "shown"),
    [({"msg": "no answer within 10 s"}, "unknown"), (haproxy(running=False), "stopped"), (haproxy(), "2.6.12")],
)
def test_a_daemon_that_does_not_answer_is_not_said_to_be_stopped(answer, shown):
    lines = table(build_report({**cluster(), "lb2": {"keepalived": keepalived("lb2"), "haproxy": answer}}))
    assert next(line for line in lines[4:] if line.startswith("lb2")).split()[2] == shown


def test_the_table_has_the_connections_of_every_frontend():
    hosts = cluster()
    hosts["lb1"]["haproxy"]["frontends"] = [{"name": "http", "status": "OPEN", "sessions": 12, "limit": 29900}]
    lines = table(build_report(hosts))
    at = lines.index("CONNECTIONS OF  lb1          lb2")
    assert lines[at + 1] == "http            12 of 29900  -"


def test_a_finding_of_several_hosts_is_told_once_and_its_commands_can_be_pasted():
    stopped = haproxy(running=False)
    hosts = {**cluster(), **{host: {"keepalived": keepalived(host), "haproxy": stopped} for host in ("lb1", "lb2")}}
    hosts["web1"] = web_server(pending="reload")
    lines = describe_cluster(hosts, 14, "/play books", ["/etc/cluster"])["table"]
    at = lines.index("WRONG  lb1 and lb2: haproxy does not run")
    assert lines[at + 1] == "       systemctl start haproxy; journalctl --unit haproxy says why it has ended"
    assert lines[lines.index("Commands:") + 1 :] == [
        "  ansible-playbook -i /etc/cluster '/play books/deploy_web_servers.yml'",
        "  ansible lb1,lb2 -i /etc/cluster --become --args 'systemctl start haproxy'",
        "",
        "2 of 2 findings are problems.",
    ]


def test_columns_are_below_each_other():
    assert columns([["A", "B"], ["long", "c"]]) == ["A     B", "long  c"]
