# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._cluster.served import find_unserved_vips

FOUR, SIX = "192.0.2.10/24", "2001:db8::10/64"


def instance(*addresses):
    return {"name": "web", "virtual_ipaddress": [{"address": address} for address in addresses], "anycast": []}


def proxy(*binds, lines=()):
    return {"binds": list(binds), "lines": list(lines)}


# story, VIPs, binds and lines of haproxy, VIPs at which nobody listens
CASES = [
    ("IPv4", [FOUR], [proxy("*:80")], []),
    ("IPv6", [SIX], [proxy("[::]:80 v6only")], []),
    ("all IPv4 addresses", [SIX], [proxy("*:80", "0.0.0.0:443", ":81", "ipv4@*:82")], [SIX]),
    ("all IPv6 addresses alone", [FOUR], [proxy("[::]:80 v6only", "ipv6@*:81 v6only")], [FOUR]),
    ("all addresses", [FOUR, SIX], [proxy("[::]:80")], []),
    ("one of two versions", [FOUR, SIX], [proxy("*:80"), proxy("192.0.2.10:443")], [SIX]),
    ("another address", [FOUR], [proxy("192.0.2.77:80")], [FOUR]),
    ("another IPv6 address", [SIX], [proxy("[2001:db8::77]:80", "*:80")], [SIX]),
    ("one of two addresses", [FOUR, "192.0.2.77/24"], [proxy("192.0.2.77:80")], [FOUR]),
    ("another spelling", [SIX], [proxy("[2001:DB8:0::10]:80")], []),
    ("another address beside all", [FOUR], [proxy("192.0.2.77:80"), proxy("*:443")], []),
    (
        "an address of all IPv6 addresses beside another",
        [FOUR, SIX],
        [proxy("192.0.2.77:80", "[::]:80 v6only")],
        [FOUR],
    ),
    ("an address of QUIC", [FOUR], [proxy("quic4@192.0.2.10:443 ssl crt a.pem")], []),
    ("a backend, which has no bind", [FOUR], [proxy(), proxy("*:80")], []),
    ("a line", [SIX], [proxy("*:80", lines=["bind :::80 v6only", "maxconn 5"])], []),
    ("addresses of loopback", [FOUR, SIX], [proxy("127.0.0.1:80", "[::1]:80")], [FOUR, SIX]),
    ("one address", [SIX], [proxy("*:80", "[2001:db8::10]:443 ssl crt /etc/haproxy/a.pem")], []),
    ("several in a line", [SIX], [proxy(lines=["bind 192.0.2.10:80,[2001:db8::10]:80"])], []),
    ("a socket", [SIX], [proxy("unix@/run/haproxy/shop.sock", "*:80")], [SIX]),
    ("a name", [SIX], [proxy("*:80", "www.example.com:80")], []),
    ("a variable", [SIX], [proxy('"${VIP}":80')], []),
    ("nowhere", [FOUR, SIX], [proxy()], []),
    ("no VIP", [], [proxy("*:80")], []),
]


@pytest.mark.parametrize(("vips", "proxies", "found"), [row[1:] for row in CASES], ids=[row[0] for row in CASES])
def test_a_vip_of_a_version_without_a_bind_is_reported(vips, proxies, found):
    problems = find_unserved_vips([instance(*vips)], proxies)
    assert [problem.split(",")[0] for problem in problems] == [
        f"keepalived_instances: web: it has the address {vip}" for vip in found
    ]


def test_an_address_that_the_kernel_hands_on_needs_no_bind():
    passed_on = [{"address": "192.0.2.10", "port": 53}, {"fwmark": 5}]
    assert find_unserved_vips([instance(FOUR)], [proxy("192.0.2.77:80")], passed_on) == []


def test_the_message_shows_the_binds_that_there_are():
    (problem,) = find_unserved_vips([instance(FOUR)], [proxy("192.0.2.77:80", "[::]:80 v6only")])
    assert problem == (
        "keepalived_instances: web: it has the address 192.0.2.10/24, and no bind of haproxy_frontends or "
        "haproxy_listens is at that address; they are at 192.0.2.77:80, [::]:80. Nobody would answer there: add the "
        "bind {address: '192.0.2.10', port: 80}, or one without address. If another program serves it, set "
        "keepalived_accept_unserved_vips to true"
    )


def test_an_anycast_address_without_a_bind_is_reported():
    shared = {"name": "cluster_anycast", "virtual_ipaddress": [], "anycast": ["2001:db8:5::80/128"]}
    (problem,) = find_unserved_vips([shared], [proxy("*:80")])
    assert problem.startswith(
        "keepalived_instances: cluster_anycast: it has the address 2001:db8:5::80/128, and no bind"
    )


def test_the_message_shows_the_bind_that_is_missing():
    (problem,) = find_unserved_vips([instance(SIX)], [proxy("*:80")])
    assert problem.endswith(
        "no bind of haproxy_frontends or haproxy_listens is for IPv6. Nobody would answer there: add the bind "
        "{address: '::', port: 80, options: [v6only]}, because '*' stands for all IPv4 addresses only. If another "
        "program serves it, set keepalived_accept_unserved_vips to true"
    )
