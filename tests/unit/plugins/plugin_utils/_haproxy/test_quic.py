# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._haproxy.quic import (
    KEPT_PRIVILEGE,
    build_bind,
    build_global_lines,
    build_rules,
    find_problems,
)

BIND = {"port": 443, "certificates": ["/a.pem"], "quic": True}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("*:443 ssl crt /a.pem alpn h2,http/1.1", "quic4@*:443 ssl crt /a.pem alpn h3"),
        ("[::]:443 v6only ssl crt /a.pem", "quic6@[::]:443 v6only ssl crt /a.pem alpn h3"),
        ("ipv6@:443 ssl crt /a.pem", "quic6@:443 ssl crt /a.pem alpn h3"),
        ("ipv4@192.0.2.1:443 alpn http/1.1 ssl crt /a", "quic4@192.0.2.1:443 ssl crt /a alpn h3"),
    ],
)
def test_the_listener_over_udp_has_the_words_of_that_over_tcp(line, expected):
    assert build_bind(line) == expected


def test_clients_are_told_of_the_ports_with_http3_only():
    assert build_rules([{"port": 80}, BIND, {"port": 8443, "quic": "false"}]) == [
        "http-after-response set-header Alt-Svc 'h3=\":443\"; ma=300' if { ssl_fc } { dst_port 443 }"
    ]
    assert "ma=60'" in build_rules([{**BIND, "quic_max_age": 60}])[0]


def found(bind=None, mode="http", release="3.2.26-1", published=()):
    releases = {"haproxy": release} if release else {}
    return list(find_problems([("www", mode, {**BIND, **(bind or {})})], releases, list(published)))


@pytest.mark.parametrize("release", ["3.2", "3.2.26-1", "3.4.7", None])
def test_a_release_with_http3_or_an_unknown_one_is_accepted(release):
    assert found(release=release) == []


@pytest.mark.parametrize("release", ["2.6.12-1+deb12u4", "3.0.11"])
def test_a_release_without_http3_is_refused_with_the_one_that_has_it(release):
    (problem,) = found(release=release)
    assert f"www: quic needs haproxy 3.2, and the host has {release}" in problem


def test_a_bind_without_http3_needs_no_release():
    assert found({"quic": False}, release="2.6") == []


@pytest.mark.parametrize(
    ("bind", "mode", "problem"),
    [
        ({}, "tcp", "mode tcp"),
        ({"certificates": []}, "http", "without certificates"),
        ({"address": "unix@/run/a.sock", "port": None}, "http", "needs an IP address"),
        ({"port": "8000-8010"}, "http", "one port"),
        ({"options": ["accept-proxy"]}, "http", "option accept-proxy"),
        ({"options": ["mss 1400 tfo"]}, "http", "option mss"),
    ],
)
def test_a_bind_that_cannot_have_http3_is_named(bind, mode, problem):
    (text,) = found(bind, mode)
    assert text.startswith("www: quic is true")
    assert problem in text


def test_a_container_with_ports_of_its_own_publishes_udp():
    (problem,) = found(published=["443:443", "443:443/tcp", "8443:8443/udp"])
    assert "haproxy_container_ports does not publish it over UDP: add '443:443/udp'" in problem
    assert found(published=["443:443", "192.0.2.10:443:443/udp"]) == []


def test_certificates_may_be_among_the_options():
    assert found({"certificates": [], "options": ["ssl crt /a.pem"]}) == []


@pytest.mark.parametrize(
    ("bind", "lines"),
    [
        (BIND, [KEPT_PRIVILEGE]),
        ({**BIND, "port": 8443}, []),
        ({**BIND, "quic": False}, []),
        ({**BIND, "port": "443-444"}, []),
    ],
    ids=["a privileged port", "another", "TCP alone", "ports that are refused"],
)
def test_haproxy_may_have_a_socket_for_each_connection(bind, lines):
    assert build_global_lines([("www", "http", bind)]) == lines
