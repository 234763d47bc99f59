# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check scripts that would run several times at once; other findings about scripts are in test_check.py."""

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.module_utils._host.system import Host
from ansible_collections.evenkeel.ha_web.plugins.module_utils._keepalived.conf import parse
from ansible_collections.evenkeel.ha_web.plugins.module_utils._keepalived.scripts import find_overlaps

OWN = "/etc/keepalived/ask.sh /run/keepalived-track/well.verdict http://127.0.0.1:8405/healthz 0.5"


@pytest.mark.parametrize(
    ("version", "script", "lines", "where"),
    [
        ("2.2.7", "/usr/bin/check", ["interval 3", "timeout 10"], [("warning", 4)]),
        ("2.3.1", "/usr/bin/check", ["timeout 2"], [("warning", 3)]),
        ("2.3.2", "/usr/bin/check", ["interval 3", "timeout 10"], []),
        ("2.2.7", "/usr/bin/check", ["interval 3", "timeout 3"], []),
        ("2.2.7", "/usr/bin/check", ["interval 3"], []),
        ("2.2.7", "/usr/bin/check", ["interval", "timeout x"], []),
        ("2.2.7", OWN, ["interval 1", "timeout 60"], []),
    ],
)
def test_a_script_that_may_still_run_when_it_begins_again_is_found(tmp_path, version, script, lines, where):
    file = tmp_path / "keepalived.conf"
    file.write_text("\n".join(["vrrp_script well {", f'    script "{script}"', *lines, "}"]) + "\n")
    found = find_overlaps(parse(str(file), Host()), version)
    assert [(finding.severity, finding.line) for finding in found] == where
    assert all("well" in finding.message for finding in found)
