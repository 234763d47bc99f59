# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._haproxy.problems import problems
from samples.haproxy import back, backs, front, fronts, variables

IF = ".if version_atleast(2.6)"
LIMITS = {"haproxy_client_limits": {"connections": 10}}


def named(*lines, **changes):
    return {"haproxy_named_defaults": [{"name": "a", "lines": list(lines)}], **changes}


GOOD = [
    fronts(front(lines=[IF, "http-request deny", ".elif defined(A)", ".else", IF, ".endif", ".endif"])),
    {"haproxy_defaults_lines": ["http-request set-header X-A b", "http-request deny", "tcp-request content accept"]},
    {"haproxy_defaults_lines": ["tcp-request connection accept if { src ::1 }"]},
    named("http-request set-header X-A %[req.hdr(X-B)]", **LIMITS),
    named("http-request set-src hdr(x-forwarded-for)", haproxy_removed_headers=[]),
    {"haproxy_frontend_defaults": {"lines": ["http-request allow if { src ::1 }"]}},
]
BAD = [
    (fronts(front(lines=[IF, "option a"])), ["haproxy_frontends: http_in: .if has no .endif"]),
    (backs(back(lines=["  .endif"])), ["haproxy_backends: web: '  .endif' has no .if before it"]),
    ({"haproxy_global_lines": [".else"]}, ["haproxy_global_lines: '.else' has no .if"]),
    ({"haproxy_defaults_lines": [IF]}, ["haproxy_defaults_lines: .if has no .endif"]),
    ({"haproxy_stats_lines": [IF]}, ["haproxy_stats_lines: .if has no .endif"]),
    (named(IF), ["haproxy_named_defaults: a: .if has no .endif"]),
    ({"haproxy_frontend_defaults": {"lines": [IF]}, **fronts(front())}, ["haproxy_frontends: http_in: .if has no"]),
    (
        {"haproxy_extra_sections": [{"kind": "cache", "name": "c", "lines": [IF]}]},
        ["haproxy_extra_sections: c: .if has no .endif"],
    ),
    (
        fronts(front(lines=["option a", '"listen" b'])),
        ["haproxy_frontends: http_in: '\"listen\" b' begins another section", "belongs into haproxy_listens"],
    ),
    ({"haproxy_global_lines": ["defaults"]}, ["haproxy_global_lines: 'defaults'", "haproxy_named_defaults"]),
    ({"haproxy_defaults_lines": ["http-request allow"]}, ["haproxy_defaults_lines: 'http-request allow' ends the"]),
    (named("'http-request' allow if TRUE"), ["haproxy_named_defaults: a:", "ends the rules"]),
    (named("tcp-request session accept", **LIMITS), ["haproxy_named_defaults: a:", "ends the rules"]),
    (
        named("http-request set-src hdr(x-forwarded-for)"),
        ["the header x-forwarded-", "haproxy_frontend_def"],
    ),
]


@pytest.mark.parametrize("changes", GOOD)
def test_lines_that_leave_the_roles_own_lines_alone(changes):
    assert problems(variables(**changes)) == []


@pytest.mark.parametrize(("changes", "words"), BAD)
def test_lines_that_would_change_what_the_roles_own_lines_mean(changes, words):
    (found,) = problems(variables(**changes))
    assert [word for word in words if word not in found] == [], found
