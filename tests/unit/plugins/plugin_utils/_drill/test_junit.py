# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from xml.etree.ElementTree import fromstring

from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._drill.junit import junit, text
from samples.drill import EVIL, drill, record


def test_junit_knows_faults_and_surprises():
    suite = fromstring(
        junit(drill(record([]), record([100], problem=EVIL), surprise=EVIL, limit_ms=5.0)).split("\n", 1)[1]
    )
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    assert [len(case.findall("failure")) for case in suite] == [0, 2]
    suite = fromstring(junit(drill(record([]), surprise="no clients")).split("\n", 1)[1])
    assert [case.get("name") for case in suite if case.find("failure") is not None] == ["the drill itself"]


def test_the_terminal_gets_a_line_a_fault():
    assert text(drill(record([100]), surprise="stopped")).splitlines() == [
        "HAProxy killed on lb1: 1 of 200 requests lost, outage 22 ms, 0 kept connections broken; lb1 kept the VIP.",
        "stopped",
    ]
