# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Binds whose clients could come with a session of another bind."""

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.module_utils._haproxy.sessions import findings

OPEN = "frontend a\n    bind :443 ssl crt a.pem"
MEMBERS = "frontend b\n    bind :9443 ssl crt b.pem ca-file c.pem verify required"


@pytest.mark.parametrize(
    ("version", "texts", "lines"),
    [
        ("2.6.12-1+deb12u4", [OPEN, MEMBERS], [2]),
        ("3.0.11-1+deb13u5", [OPEN, MEMBERS.replace("required", "optional")], [2]),
        ("3.2.26-1", [OPEN, MEMBERS], []),
        ("2.6.12", [MEMBERS], []),
        ("2.6.12", [OPEN], []),
        ("2.6.12", [OPEN, MEMBERS.replace("required", "none")], []),
        ("2.6.12", [OPEN.replace(" ssl", ""), MEMBERS], []),
        ("2.6.12", ["global\n    tune.ssl.cachesize 0", OPEN, MEMBERS], []),
        ("2.6.12", ["global\n    tune.ssl.cachesize 20000", f"{OPEN}\n{MEMBERS}"], [4]),
    ],
)
def test_a_bind_that_needs_certificates_beside_one_that_needs_none_is_found(version, texts, lines):
    found = findings({f"{number}.cfg": text for number, text in enumerate(texts)}, version)
    assert [(finding.severity, finding.line) for finding in found] == [("warning", line) for line in lines]
    assert all(":443" in finding.message for finding in found)
