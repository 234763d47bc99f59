# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._keepalived.virtual_servers import build, problems
from samples.rendered import plan, render


def real(address="192.0.2.21", **keys):
    return {"address": address, "weight": 1, "inhibit_on_failure": False, "check": {"type": "tcp"}, "lines": [], **keys}


def server(*reals, **keys):
    place = {} if "fwmark" in keys else {"address": "192.0.2.10", "port": 80}
    defaults = {"protocol": "TCP", "scheduler": "wlc", "method": "NAT", "lines": []}
    return {**defaults, **place, "real_servers": list(reals or [real()]), **keys}


GOOD = [
    [],
    [server()],
    [server(), server(protocol="UDP")],
    [server(fwmark=7)],
    [server(port=0, persistence_timeout=60)],
    [server(real(port=8080))],
    [server(real(port=80), method="DR")],
    [server(real("2001:db8::21"), method="TUN")],
    [server(real(), real(port=81), quorum=2)],
    [server(real_servers=[], sorry_server={"address": "192.0.2.30"})],
    [server(real(check={"type": "misc", "script": "/bin/true a"}))],
]
BAD = [
    (server(fwmark=7, address="192.0.2.10"), "fwmark 7: either address and port, or fwmark"),
    (server(address="www"), "www port 80 TCP: address is 'www': an IPv4 or IPv6 address is needed"),
    (server(port=None), "port is missing"),
    (server(port=0), "port is 0, which stands for all ports and needs persistence_timeout"),
    (server(port=65536), "port is 65536: allowed are 0-65535"),
    (server(real_servers=[]), "real_servers is empty"),
    (server(real(), real("192.0.2.21", port=80)), "192.0.2.21 port 80"),
    (server(real("web1")), "the real server web1 is 'web1'"),
    (server(real("2001:db8::21")), "another IP version than 192.0.2.10, which the method NAT cannot pass on"),
    (server(real(port=8080), method="DR"), "has port 8080, and the method DR passes packets on to port 80"),
    (server(sorry_server={"address": "192.0.2.30", "port": 81}, method="TUN"), "has port 81, and the method TUN"),
    (server(quorum=2), "quorum is 2 and the weights of all real servers add up to 1"),
    (server(real(check={"type": "http", "path": "x"})), "path is 'x': an absolute path"),
    (server(real(check={"type": "misc"})), "script is '': a command with an absolute path"),
]


@pytest.mark.parametrize("items", GOOD)
def test_no_problem(items):
    assert problems(items) == []


@pytest.mark.parametrize(("item", "text"), BAD)
def test_a_problem(item, text):
    (found,) = problems([item])
    assert found.startswith("keepalived_virtual_servers: ")
    assert text in found


def test_a_virtual_server_is_declared_once():
    assert "192.0.2.10 port 80 TCP" in problems([server(), server()])[0]


CHECKS = [
    ({"type": "none"}, []),
    ({"type": "tcp", "timeout": 2, "port": 81}, ["TCP_CHECK {", "    connect_timeout 2", "    connect_port 81", "}"]),
    (
        {"type": "https", "path": "/up", "host": "www.example.com", "retry": 1},
        [
            "SSL_GET {",
            "    url {",
            "        path /up",
            "        status_code 200",
            "        virtualhost www.example.com",
            "    }",
            "    retry 1",
            "}",
        ],
    ),
    (
        {"type": "misc", "script": "/bin/x y", "timeout": 3},
        ["MISC_CHECK {", '    misc_path "/bin/x y"', "    misc_timeout 3", "}"],
    ),
]


@pytest.mark.parametrize(("check", "lines"), CHECKS)
def test_checks(check, lines):
    (found,) = build([server(real(check=check))])
    assert found["real_servers"] == [{"name": "192.0.2.21 80", "lines": ["weight 1", *lines]}]


INVENTORY = {
    "keepalived_nodes": [{"name": "lb1", "address": "192.0.2.11"}, {"name": "lb2", "address": "192.0.2.12"}],
    "keepalived_instances": [
        {
            "name": "web",
            "virtual_router_id": 51,
            "virtual_ipaddress": [{"address": "192.0.2.10/24"}],
            "smtp_alert": False,
        }
    ],
    "keepalived_smtp_alerts": {"to": ["root@example.com"], "server": "192.0.2.25", "from": "lb@example.com"},
    "keepalived_virtual_servers": [
        {
            "address": "192.0.2.10",
            "port": 80,
            "method": "DR",
            "quorum": 1,
            "sorry_server": {"address": "192.0.2.30"},
            "real_servers": [{"address": "192.0.2.21", "check": {"type": "http", "path": "/healthz"}}],
        }
    ],
}


def test_what_is_printed():
    printed = [line.strip() for line in render("keepalived", INVENTORY)["keepalived.conf"].splitlines()]
    begin = printed.index("virtual_server 192.0.2.10 80 {")
    assert printed[begin + 1 : begin + 8] == [
        "lvs_sched wlc",
        "lvs_method DR",
        "protocol TCP",
        "quorum 1",
        "sorry_server 192.0.2.30 80",
        "real_server 192.0.2.21 80 {",
        "weight 1",
    ]
    assert "smtp_alert false" in printed
    assert printed[printed.index("notification_email {") :][:6] == [
        "notification_email {",
        "root@example.com",
        "}",
        "smtp_server 192.0.2.25 25",
        "notification_email_from lb@example.com",
        "smtp_alert true",
    ]


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        ({"keepalived_smtp_alerts": {}}, "smtp_alert is set and keepalived_smtp_alerts is empty"),
        ({"keepalived_smtp_alerts": {"to": []}}, "keepalived_smtp_alerts: to is missing"),
    ],
)
def test_alerts_that_nobody_would_get(keys, text):
    instances = [{**INVENTORY["keepalived_instances"][0], "smtp_alert": True}]
    found = plan("keepalived", {**INVENTORY, "keepalived_instances": instances, **keys})["problems"]
    assert any(text in problem for problem in found)
