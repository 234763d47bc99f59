# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""TLS sessions are not resumed where a client's certificate matters."""

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._haproxy.client_certificates import (
    NO_RESUMPTION,
    build_global_lines,
)
from samples.haproxy import front, variables


def lines(section, kind="frontend", **changes):
    return build_global_lines(variables(**changes), {"frontend": [], "listen": [], kind: [section]})


@pytest.mark.parametrize("kind", ["frontend", "listen"])
@pytest.mark.parametrize(
    "keys",
    [
        {"binds": [{"port": 443, "options": ["ca-file /a.pem verify required"]}]},
        {"binds": [{"port": 443, "options": ["ca-file /a.pem", "verify  optional"]}]},
        {"binds": [{"port": 80}, {"port": 443, "options": ["ssl crt-list /list"]}]},
        {"lines": ["bind :443 ssl crt /a.pem ca-file /b.pem verify required"]},
    ],
)
def test_no_session_is_resumed_where_a_bind_asks_for_certificates(kind, keys):
    assert lines(front(**keys), kind) == [NO_RESUMPTION]


@pytest.mark.parametrize(
    "keys",
    [
        {"binds": [{"port": 80}, {"port": 443, "certificates": ["/a.pem"]}]},
        {"binds": [{"port": 443, "options": ["ssl crt /a.pem verify none"]}]},
        {"lines": ["http-request deny unless { ssl_c_used }", "# verify required"]},
    ],
)
def test_sessions_are_resumed_elsewhere(keys):
    assert lines(front(**keys)) == []


def test_defaults_of_binds_count():
    changes = {"haproxy_bind_defaults": {"options": ["ca-file /a.pem verify required"]}}
    assert lines(front(binds=[{"port": 443, "certificates": ["/a.pem"]}]), **changes) == [NO_RESUMPTION]
