# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._haproxy.sections import build_sections
from samples.haproxy import BASE, back, front, listen, variables

BARE = {"haproxy_ask_silent_servers": False, "haproxy_removed_headers": []}
MALFORMED = [
    r"http-request deny deny_status 400 if { req.hdrs -m reg '\x00' }",
    "http-request deny deny_status 400 if { req.fhdr(Content-Length) -m len gt 18 }",
    "http-request deny deny_status 400 if HTTP_1.0 { req.fhdr(Transfer-Encoding) -m found }",
]
PROTO = (
    "http-request set-header X-Forwarded-Proto %[ssl_fc,iif(https,http)] unless { req.hdr(X-Forwarded-Proto) -m found }"
)
ALWAYS = [*MALFORMED, PROTO]
SAFE = "http-request disable-l7-retry unless METH_GET or METH_HEAD or METH_OPTIONS"
TRACK = "tcp-request connection track-sc2 src,ipmask(32,64) table client_limits"
TLS = {"port": 443, "certificates": ["/a.pem"]}
NODES = [
    {"name": "lb1", "address": "192.0.2.11", "port": 8888},
    {"name": "lb2", "address": "2001:db8::12", "port": 8888},
]
REFUSE = "http-request deny deny_status 503 hdr Retry-After 1 if"
CHALLENGE = "{ path_beg /.well-known/acme-challenge/ }"


def printed(section, kind="frontends", **changes):
    """The lines of the section."""
    found = build_sections(variables(**{f"haproxy_{kind}": [section], **BARE, **changes}), BASE)["proxies"]
    return next(proxy["lines"] for proxy in found if proxy["name"] == section["name"])


def in_flight(*names, exception=""):
    """The lines that bound the requests in flight in these sections."""
    count = [
        f"be_conn({name})" if name == names[0] else f"be_conn({name}),add(txn.requests_in_flight)" for name in names
    ]
    return [
        "http-request track-sc2 src,ipmask(32,64) table requests_in_flight",
        *(f"http-request set-var(txn.requests_in_flight) {expression}" for expression in count),
        f"{REFUSE} {{ var(txn.requests_in_flight) -m int ge 3996 }}",
        f"{REFUSE} {{ var(txn.requests_in_flight) -m int ge 3197 }}"
        f" {{ fc_http_major ge 2 }} {{ sc2_trackers gt 249 }}{exception}",
        f"{REFUSE} {{ fc_http_major ge 2 }} {{ sc2_trackers gt 3197 }}{exception}",
    ]


def backends(**changes):
    """The role's own backends by name."""
    found = build_sections(variables(haproxy_backends=[back()], **changes), BASE)["proxies"]
    return {proxy["name"]: proxy for proxy in found if proxy["name"] != "web"}


@pytest.mark.parametrize(
    ("lines", "where"),
    [
        ([], 0),
        (["acl a src 192.0.2.0/24", "http-request deny if a"], 1),
        (["tcp-request inspect-delay 1s", " redirect prefix /a", "http-request deny"], 1),
        (["option a", "use_backend b if TRUE"], 1),
        (["option a"], 1),
        ([".if defined(X)", "http-request allow", ".endif"], 0),
        (["acl a src ::1", "  .if defined(X)", ".if defined(Y)", "http-request deny", ".endif", ".endif"], 1),
        ([".if defined(X)", "acl a src ::1", ".endif", "http-request deny if a"], 3),
        ([".if defined(X)", "acl a src ::1", ".else", "redirect prefix /a", ".endif"], 0),
        ([".if defined(X)", "option a", ".endif"], 3),
        (["option a", '"http-request" allow'], 1),
        (["option a", r"http\-request allow"], 1),
        (["option a", "${RULE} allow"], 1),
    ],
)
def test_rules_stand_before_the_rules_of_the_inventory_and_behind_what_haproxy_wants_before_them(lines, where):
    assert printed(front(lines=lines)) == [*lines[:where], *ALWAYS, *lines[where:]]


def test_a_listen_is_a_front_and_a_backend_is_not():
    assert printed(listen(), "listens") == [SAFE, *in_flight("db"), *ALWAYS]
    assert printed(back(), "backends") == [SAFE]


def test_requests_in_flight_are_those_of_all_sections_that_send_requests_on():
    sections = {
        "haproxy_backends": [back(), back("api"), back("tls", mode="tcp")],
        "haproxy_listens": [listen(), listen("page", servers=[])],
    }
    assert printed(front(), **sections) == [*in_flight("web", "api", "db"), *ALWAYS]


@pytest.mark.parametrize(
    "changes",
    [
        {"haproxy_trusted_proxies": ["192.0.2.9"]},
        {"haproxy_client_limits": {"exempt": ["192.0.2.9"]}},
    ],
)
def test_many_requests_of_an_address_of_several_clients_are_not_those_of_one(changes):
    lines = printed(front(), haproxy_backends=[back()], **changes)
    assert [line for line in in_flight("web", exception=" !{ src 192.0.2.9 }") if line not in lines] == []


def test_mode_tcp_has_no_headers():
    assert printed(front(mode="tcp", lines=["a"])) == ["a"]


@pytest.mark.parametrize(
    ("changes", "lines"),
    [
        ({"haproxy_removed_headers": ["Proxy"]}, ["http-request del-header Proxy"]),
        ({"haproxy_removed_headers": ["X-Forwarded-*"]}, ["http-request del-header X-Forwarded- -m beg"]),
        (
            {"haproxy_removed_headers": ["Proxy", "A-*"], "haproxy_trusted_proxies": ["192.0.2.0/24", "2001:db8::1"]},
            [
                "http-request del-header Proxy unless { src 192.0.2.0/24 2001:db8::1 }",
                "http-request del-header A- -m beg unless { src 192.0.2.0/24 2001:db8::1 }",
            ],
        ),
    ],
)
def test_what_a_client_says_of_itself_is_removed_before_our_own_is_set(changes, lines):
    assert printed(front(), **changes) == [*MALFORMED, *lines, PROTO]


@pytest.mark.parametrize(
    ("changes", "lines"),
    [
        (
            {},
            [
                "http-request redirect scheme https code 301 unless { ssl_fc }",
                "http-after-response set-header Strict-Transport-Security max-age=63072000 if { ssl_fc }",
            ],
        ),
        ({"haproxy_hsts_max_age": 0}, ["http-request redirect scheme https code 301 unless { ssl_fc }"]),
        (
            {"haproxy_hsts_max_age": "0", "haproxy_acme_servers": NODES},
            [
                f"http-request redirect scheme https code 301 unless {{ ssl_fc }} or {CHALLENGE}",
                f"use_backend acme_challenges if {CHALLENGE}",
            ],
        ),
    ],
)
def test_https_only(changes, lines):
    challenged = in_flight("acme_challenges") if "haproxy_acme_servers" in changes else []
    assert printed(front(binds=[{"port": 80}, TLS], https_only="yes"), **changes) == [*challenged, *ALWAYS, *lines]
    assert printed(front(binds=[{"port": 80}, TLS], https_only="no")) == ALWAYS


def test_challenges_are_sent_on_before_the_inventory_chooses_a_backend():
    lines = ["acl a path /", "http-request deny if a", "use_backend b if a"]
    assert printed(front(lines=lines), haproxy_acme_servers=NODES) == [
        lines[0],
        *in_flight("acme_challenges"),
        *ALWAYS,
        lines[1],
        f"use_backend acme_challenges if {CHALLENGE}",
        lines[2],
    ]


def test_a_challenge_is_tried_at_every_server():
    (own,) = backends(haproxy_acme_servers=NODES).values()
    assert own["servers"] == ["lb1 192.0.2.11:8888", "lb2 [2001:db8::12]:8888"]
    assert own["lines"] == ["retries 2", "option redispatch 1", "retry-on conn-failure empty-response 404"]


@pytest.mark.parametrize(
    ("limits", "first", "later"),
    [
        ({}, [], []),
        ({"connections": 9}, [TRACK, "tcp-request connection reject if { sc2_conn_cur gt 9 }"], []),
        ({"new_connections": 9}, [TRACK, "tcp-request connection reject if { sc2_conn_rate gt 9 }"], []),
        (
            {"requests": 9},
            [TRACK],
            ["http-request deny deny_status 429 hdr Retry-After 1 if { sc2_http_req_rate gt 9 }"],
        ),
        (
            {"connections": 9, "exempt": ["192.0.2.1"]},
            [f"{TRACK} unless {{ src 192.0.2.1 }}", "tcp-request connection reject if { sc2_conn_cur gt 9 }"],
            [],
        ),
    ],
)
def test_limits_come_first(limits, first, later):
    assert printed(front(lines=["tcp-request inspect-delay 1s"]), haproxy_client_limits=limits) == [
        *first,
        "tcp-request inspect-delay 1s",
        *later,
        *ALWAYS,
    ]


def test_clients_behind_the_proxy_protocol_are_counted_once_it_has_named_them():
    lines = printed(
        front(mode="tcp", binds=[{"port": 80, "options": ["accept-proxy"]}]), haproxy_client_limits={"connections": 9}
    )
    assert lines[0].startswith("tcp-request session track-sc2")


def test_clients_are_counted_in_one_table():
    (own,) = backends(haproxy_client_limits={"requests": 9, "period": "1m"}).values()
    assert own["lines"] == ["stick-table type ipv6 size 100k expire 1m store conn_cur,conn_rate(1m),http_req_rate(1m)"]
    assert own["servers"] == []


@pytest.mark.parametrize(
    ("certificates", "options", "strict"),
    [
        (["/store"], [], True),
        (["/store/"], [], True),
        (["/a.pem", "/store"], [], False),
        (["/store"], ["strict-sni"], True),
        (["/a"], [], False),
    ],
)
def test_a_directory_that_can_be_empty_is_no_reason_not_to_start(certificates, options, strict):
    bind = {"port": 443, "certificates": certificates, "options": options}
    proxy = next(proxy for proxy in build_sections(variables(haproxy_frontends=[front(binds=[bind])]), BASE)["proxies"])
    assert proxy["binds"][0].split().count("strict-sni") == strict
