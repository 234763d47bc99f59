# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where HAProxy's log goes, and how a line is written."""

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._haproxy.frontend_rules import HTTP_RULES
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._haproxy.logs import build_logs, problems
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._haproxy.sections import build_sections
from samples.haproxy import BASE, front, listen, variables

REPORTS = "/dev/log local0 notice"
JOURNAL = "/dev/log len 16384 local0 info info"
DAEMON = "/log/access len 16384 local0 info"
CENTRAL = {"address": "192.0.2.50"}
TLS = {"address": "logs.example.com", "port": 6514, "protocol": "tls", "ca_file": "/etc/ssl/logs.pem"}


@pytest.mark.parametrize(
    ("changes", "targets", "packages"),
    [
        ({}, [REPORTS, DAEMON], ["rsyslog", "logrotate"]),
        ({"haproxy_access_log": []}, [REPORTS], []),
        ({"haproxy_access_log": ["journal"]}, [REPORTS, JOURNAL], []),
        ({"haproxy_access_log": ["file", "journal"]}, [REPORTS, JOURNAL, DAEMON], ["rsyslog", "logrotate"]),
        ({"haproxy_access_log": [], "haproxy_log_servers": [CENTRAL]}, [REPORTS, DAEMON], ["rsyslog", "logrotate"]),
        (
            {"haproxy_log_servers": [CENTRAL, TLS]},
            [REPORTS, DAEMON],
            ["rsyslog", "logrotate", "rsyslog-gnutls"],
        ),
        ({"haproxy_log": ["192.0.2.5:514 local1"], "haproxy_access_log": []}, ["192.0.2.5:514 local1"], []),
    ],
)
def test_reports_and_access_lines_have_targets_of_their_own(changes, targets, packages):
    found = build_logs(variables(**changes))
    assert found["targets"] == targets
    assert found["packages"] == packages
    assert found["daemon"] is (DAEMON in targets)
    assert found["unlimited"] is (JOURNAL in targets)


def test_a_log_server_has_defaults():
    udp, tls = build_logs(variables(haproxy_log_servers=[CENTRAL, {**TLS, "level": "notice"}]))["servers"]
    assert (udp["port"], udp["transport"], udp["template"], udp["severity"]) == (
        514,
        "udp",
        "RSYSLOG_SyslogProtocol23Format",
        6,
    )
    assert (tls["transport"], tls["framing"], tls["severity"], tls["authentication"]) == (
        "tcp",
        "octet-counted",
        5,
        "x509/certvalid",
    )
    (named,) = build_logs(variables(haproxy_log_servers=[{**TLS, "name": "logs.example.com", "format": "rfc3164"}]))[
        "servers"
    ]
    assert (named["authentication"], named["framing"]) == ("x509/name", "traditional")


def find_defaults(**changes):
    found = build_sections(
        variables(haproxy_frontends=[front()], haproxy_listens=[listen(mode="tcp")], **changes), BASE
    )
    return {section["name"]: section for section in found["defaults"]}, found["proxies"]


def test_json_takes_the_place_of_both_formats():
    defaults, (http, _tcp) = find_defaults(haproxy_access_log_format="json", haproxy_defaults_lines=["backlog 9"])
    assert "httplog" not in defaults["http"]["options"]
    assert "tcplog" not in defaults["tcp"]["options"]
    assert defaults["http"]["lines"][0].startswith("log-format '{")
    assert defaults["http"]["lines"][1:] == ["backlog 9"]
    assert "capture.req.uri" not in defaults["tcp"]["lines"][0]
    first = [line for line in http["lines"] if line.startswith(HTTP_RULES)][:2]
    assert all("set-var(txn.log_" in line for line in first)


def test_the_format_of_haproxy_needs_nothing():
    defaults, (http, _tcp) = find_defaults()
    assert "httplog" in defaults["http"]["options"]
    assert defaults["http"]["lines"] == []
    assert not any("txn.log_" in line for line in http["lines"])


@pytest.mark.parametrize(("own", "written"), [({}, True), ({"haproxy_options": {"dontlog-normal": False}}, False)])
def test_errors_only(own, written):
    defaults, _proxies = find_defaults(haproxy_access_log_errors_only=True, **own)
    assert [("dontlog-normal" in defaults[mode]["options"]) for mode in ("http", "tcp")] == [written, written]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"haproxy_access_log_file_size": "256"}, "haproxy_access_log_file_size is '256': write a number with one of"),
        ({"haproxy_access_log_file_size": "0m"}, "haproxy_access_log_file_size is '0m'"),
        ({"haproxy_access_log_files": 0}, "haproxy_access_log_files is 0, which is outside 1-1000"),
        ({"haproxy_access_log": ["file", "file"]}, "file"),
        ({"haproxy_log_servers": [CENTRAL, CENTRAL]}, "192.0.2.50:514"),
        ({"haproxy_log_servers": [{**CENTRAL, "port": 0}]}, "192.0.2.50 has port 0, which is outside 1-65535"),
        ({"haproxy_log_servers": [{**TLS, "ca_file": ""}]}, "has protocol tls and no ca_file"),
        ({"haproxy_log_servers": [{**TLS, "protocol": "tcp"}]}, "which only protocol tls uses"),
        ({"haproxy_log_servers": [{**TLS, "name": 'a" b'}]}, "name has a double quote"),
    ],
)
def test_what_the_log_daemon_would_refuse(changes, problem):
    (found,) = problems(variables(**changes))
    assert problem in found


def test_the_defaults_are_no_problem():
    assert list(problems(variables())) == []
    assert list(problems(variables(haproxy_log_servers=[CENTRAL, TLS]))) == []
