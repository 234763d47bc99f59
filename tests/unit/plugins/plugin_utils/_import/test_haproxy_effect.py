# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._import.haproxy_effect import (
    list_additions,
    list_differences,
    list_effects,
)
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._import.haproxy_text import parse


def found(text):
    return list_effects(parse({"x.cfg": text}))


# Two texts that do the same.
SAME = [
    ("defaults\n mode http\nfrontend a\n bind :80", "frontend a\n bind *:80\n mode http"),
    ("frontend a\n mode http\n mode tcp", "frontend a"),
    ("defaults d\n timeout client 1s\nfrontend a from d", "defaults\n timeout client 1s\nfrontend a"),
    ("frontend a\n bind :80,:81 ssl crt x", "frontend a\n bind :80 crt x ssl\n bind :81 ssl crt x"),
    ("frontend a\n bind :::80", "frontend a\n bind [::]:80"),
    ("backend a\n server x 192.0.2.1:80 inter 1s check", "backend a\n server x 192.0.2.1:80 check inter 1s"),
    ("backend a\n option httplog\n acl x src ::1", "backend a\n acl x src ::1\n option httplog"),
    ("backend a\n timeout server 1s\n timeout server 2s", "backend a\n timeout server 2s"),
    ("userlist u\n group g users b\n user b password x", "userlist u\n group g\n user b password x groups g"),
    ("frontend a\n http-request deny if 'x'", 'frontend a\n http-request   deny if "x" # why'),
    ("defaults\n timeout client 86400s\nfrontend a", "frontend a\n timeout client 24h"),
    ("frontend a\n timeout client 120000", "frontend a\n timeout client 2m"),
    ("frontend a\n timeout client 5000000us", 'frontend a\n timeout client "5s"'),
    ("frontend a\n timeout client 0", "frontend a\n timeout client 0s"),
    ("global\n hard-stop-after 43200000", "global\n hard-stop-after 12h"),
    ("resolvers a\n timeout resolve 1s", "resolvers a\n timeout resolve 1000ms"),
    (
        "backend a\n default-server inter 2s\n server x 192.0.2.1:80 check fastinter 500 slowstart 60s",
        "backend a\n default-server inter 2000\n server x 192.0.2.1:80 slowstart 1m fastinter 500ms check",
    ),
    ("backend a\n option tcp-check\n option httpchk", "backend a\n option httpchk"),
    ("backend a\n option httplog\n log-format x", "backend a\n log-format x"),
    (
        "frontend a\n no option httpclose\n option http-keep-alive",
        "frontend a\n option http-keep-alive\n no option httpclose",
    ),
    ("frontend a\n option httpclose\n option http-server-close", "frontend a\n option http-server-close"),
    ("frontend a\n no option tcpka\n option tcpka", "frontend a\n option tcpka"),
    ("global\n maxconn 096", "global\n maxconn 96"),
    ("defaults\n log global\nfrontend a\n no log", "frontend a\n no log"),
    ("listen a 192.0.2.1:80\n mode http", "listen a\n bind 192.0.2.1:80\n mode http"),
    (
        "global\n stats socket /run/haproxy/admin.sock level admin expose-fd listeners",
        "global\n stats socket /var/run/haproxy/admin.sock mode 660 level admin",
    ),
    (
        "global\n .if defined(X)\n nbthread 2\n .endif\n stats socket /run/haproxy/admin.sock level admin",
        "global\n stats socket /run/haproxy/admin.sock level admin\n .if defined(X)\n nbthread 2\n .endif",
    ),
]

# Two texts, and what the second one does not do.
DIFFERENT = [
    ("frontend a\n bind :80", "backend a", ["frontend a: the section is missing"]),
    ("frontend a\n bind :80", "frontend a\n bind :81", ["frontend a: 'bind *:80' is missing"]),
    ("defaults\n timeout client 1s\nfrontend a", "frontend a", ["frontend a: 'timeout client 1s' is missing"]),
    (
        "frontend a\n acl x src ::1\n acl y src ::2",
        "frontend a\n acl y src ::2\n acl x src ::1",
        ["frontend a: 'acl y src ::2' stands before others that it stood behind"],
    ),
    (
        "backend a\n default-server check\n server x 192.0.2.1:80",
        "backend a\n server x 192.0.2.1:80\n default-server check",
        ["backend a: 'server x 192.0.2.1:80 (check)' is missing"],
    ),
    (
        "frontend a\n .if defined(X)\n bind :80\n .endif",
        "frontend a\n bind :80",
        [
            "frontend a: '.if defined(X)' is missing",
            "frontend a: 'bind :80' is missing",
            "frontend a: '.endif' is missing",
        ],
    ),
    (
        "global\n .if defined(X)\n maxconn 5\n .else\n maxconn 6\n .endif",
        "global\n maxconn 6\n .if defined(X)\n .else\n .endif",
        ["global: 'maxconn 5' is missing", "global: 'maxconn 6' is missing"],
    ),
    (
        "global\n .if defined(X)\n maxconn 5\n .endif",
        "global\n maxconn 5\n .if defined(X)\n .endif",
        ["global: 'maxconn 5' is missing"],
    ),
    (
        ".if defined(X)\nfrontend a\n bind :80\n.endif",
        "frontend a\n bind :80",
        ["under a condition: the section is missing"],
    ),
    (
        "frontend a\n timeout client 5000",
        "frontend a\n timeout client 5000s",
        ["frontend a: 'timeout client 5s' is missing"],
    ),
    (
        "frontend a\n timeout client 1h30m",
        "frontend a\n timeout client 1h",
        ["frontend a: 'timeout client 1h30m' is missing"],
    ),
    (
        'global\n setenv A a\n log "$A" local0',
        'global\n log "$A" local0\n setenv A a',
        ["global: 'log \0$A local0' is missing"],
    ),
    (
        "backend a\n option httpchk",
        "backend a\n option httpchk\n option tcp-check",
        ["backend a: 'option httpchk' is missing"],
    ),
    ("backend a\n log-format x", "backend a\n log-format x\n option httplog", ["backend a: 'log-format x' is missing"]),
    (
        "frontend a\n no option httpclose",
        "frontend a\n option httpclose",
        ["frontend a: 'no option httpclose' is missing"],
    ),
    (
        "frontend a\n option httpclose",
        "frontend a\n option httpclose\n no option httpclose",
        ["frontend a: 'option httpclose' is missing"],
    ),
    ("frontend a\n no option httplog", "frontend a\n option httplog", ["frontend a: 'no option httplog' is missing"]),
    ('backend a\n acl x str "$A"', "backend a\n acl x str '$A'", ["backend a: 'acl x str \0$A' is missing"]),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_two_texts_that_do_the_same(one, other):
    assert list_differences(found(one), found(other)) == []
    assert list_differences(found(other), found(one)) == []


@pytest.mark.parametrize(("one", "other", "lines"), DIFFERENT)
def test_two_texts_that_differ(one, other, lines):
    assert list_differences(found(one), found(other)) == lines


def test_what_only_the_second_does():
    before, after = found("frontend a\n bind :80"), found("frontend a\n bind :80\n option httplog\nbackend b")
    assert list_additions(before, after) == ["frontend a: option httplog", "backend b: mode tcp"]
    assert list_differences(before, after) == []
