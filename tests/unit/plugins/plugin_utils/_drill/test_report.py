# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report of a drill from the records of its faults."""

from __future__ import annotations

import json

import pytest
from ansible_collections.evenkeel.ha_web.plugins.filter.drill_report import report
from samples.drill import drill, record


@pytest.fixture
def found():
    return report({**drill(limit_ms=5.0), "faults": [record([]), record([100])]})


def test_the_figures_of_every_fault_are_in_the_report(found):
    measured = json.loads(found["json"])
    assert (measured["site"], [fault["lost"] for fault in measured["faults"]]) == ("vip", [0, 1])
    assert found["xml"].count("<testcase") == 2
    assert found["html"].startswith("<!DOCTYPE html>")
    assert [line.partition(",")[0] for line in found["lines"]] == [
        "HAProxy killed on lb1: 0 of 200 requests lost",
        "HAProxy killed on lb1: 1 of 200 requests lost",
    ]


def test_a_long_outage_is_a_problem(found):
    assert len(found["problems"]) == 1


def test_a_report_without_a_fault_is_complete():
    assert report(drill(surprise="no clients"))["problems"] == ["no clients"]
