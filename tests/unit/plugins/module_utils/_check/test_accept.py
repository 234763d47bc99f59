# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.module_utils._check.finding import Finding, Verdict

ALERT = Finding("alert", "something odd in line 5")
NOTICE = Finding("notice", "odd as well")


@pytest.mark.parametrize(
    ("findings", "texts", "rc", "valid", "severities"),
    [
        ([ALERT], [], 5, False, ["alert"]),
        ([ALERT], ["odd"], 5, True, ["warning"]),
        ([ALERT, NOTICE], ["something odd"], 5, True, ["warning", "notice"]),
        ([ALERT], ["even"], 5, False, ["alert"]),
        ([ALERT, Finding("alert", "worse")], ["odd"], 5, False, ["warning", "alert"]),
        ([ALERT], ["odd"], 1, False, ["warning"]),
        ([NOTICE], ["odd"], 5, False, ["notice"]),
    ],
)
def test_findings_are_accepted_by_their_texts_where_the_daemon_runs(findings, texts, rc, valid, severities):
    found = Verdict(False, "2.3.3", findings, rc=rc).accept(texts, (0, 5))
    assert (found.valid, [finding.severity for finding in found.findings]) == (valid, severities)


def test_what_is_valid_stays_valid():
    assert Verdict(True, "2.3.3", [NOTICE]).accept(["odd"], (0,)).valid is True
