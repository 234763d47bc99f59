# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page of a drill: all of it is there, and nothing of it comes from elsewhere or can run."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from xml.etree.ElementTree import fromstring

import pytest
from ansible_collections.evenkeel.ha_web.plugins.module_utils._drill import measure
from ansible_collections.evenkeel.ha_web.plugins.module_utils._drill_chart import close_up, step, window
from ansible_collections.evenkeel.ha_web.plugins.module_utils._drill_page import junit, page, text
from drill_samples import record

EVIL = "<script>alert('x')</script>&\x00"


def drill(*faults, **keys):
    clock = {"offset": 0.001, "uncertainty": 0.005, "correction": 0.0}
    return {
        "site": "vip",
        "began": 1700000000.0,
        "faults": [measure(fault) for fault in faults],
        "surprise": "",
        "limit_ms": 0.0,
        "settings": {"asked": "http://192.0.2.10/"},
        "versions": {"lb1": "Debian 12"},
        "clocks": {"lb1": clock},
        **keys,
    }


class Tags(HTMLParser):
    def __init__(self, source):
        super().__init__()
        self.found = []
        self.feed(source)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def test_no_text_becomes_markup_wherever_it_comes_from():
    evil = {**record([100], error=EVIL, problem=EVIL), "host": EVIL, "holder": EVIL, "nodes": ["lb1", EVIL]}
    evil["journals"] = {}
    source = page(drill(evil, site=EVIL, surprise=EVIL, settings={EVIL: EVIL}, versions={EVIL: EVIL}))
    assert {name for name, _attributes in Tags(source).found} & {"script", "b", "iframe"} == set()
    assert source.count("&lt;script") > 8


def test_a_page_needs_nothing_but_itself():
    found = Tags(page(drill(record([100]), record([]))))
    addresses = [value for _name, attributes in found.found for key, value in attributes.items() if key in ("href", "src", "xlink:href")]
    assert [address for address in addresses if not address.startswith(("#", "data:"))] == []
    assert "default-src 'none'" in str(found.found)
    assert not re.search(r"url\(|@import", page(drill(record([100]))))


def test_links_lead_to_faults_and_pictures_have_words():
    found = Tags(page(drill(record([100]), record([])))).found
    links = [attributes["href"][1:] for name, attributes in found if name == "a"]
    assert set(links) <= {attributes.get("id") for _name, attributes in found}
    assert len(links) == 2
    pictures = [attributes for name, attributes in found if name == "svg" and attributes.get("class") == "chart"]
    # The whole and a close-up of the first, and the whole of the second.
    assert [picture["role"] for picture in pictures] == ["img"] * 3
    assert sum(name == "desc" for name, _attributes in found) == 3


def test_every_lost_request_is_in_the_picture():
    source = page(drill(record([100, 101, 102])))
    assert source.count('class="cross"') == 3


def test_a_drill_without_faults_is_a_page_too():
    assert "nobody is served" in page(drill(surprise="nobody is served"))


def test_junit_knows_faults_and_surprises():
    suite = fromstring(junit(drill(record([]), record([100], problem=EVIL), surprise=EVIL, limit_ms=5.0)).split("\n", 1)[1])
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    assert [len(case.findall("failure")) for case in suite] == [0, 2]
    suite = fromstring(junit(drill(record([]), surprise="no clients")).split("\n", 1)[1])
    assert [case.get("name") for case in suite if case.find("failure") is not None] == ["the drill itself"]


def test_the_terminal_gets_a_line_a_fault():
    assert text(drill(record([100]), surprise="stopped")).splitlines() == [
        "HAProxy killed on lb1: 1 of 200 requests lost, outage 22 ms, 0 kept connections broken; lb1 kept the VIP.",
        "stopped",
    ]


@pytest.mark.parametrize(("span", "most", "size"), [(0.16, 11, 0.02), (10, 11, 1), (9, 180, 0.05), (1000, 11, 120)])
def test_an_axis_has_round_steps(span, most, size):
    assert step(span, most) == size


def test_a_close_up_is_of_what_the_whole_hides():
    short = {"seen": [[n / 100, 0.001, "web1", None] for n in range(-100, 800)], "transitions": []}
    assert close_up(short) is None
    short["seen"][110][2] = None
    begin, end = close_up(short)
    assert begin < 0.1 < end
    assert end - begin < (window(short)[1] - window(short)[0]) / 4
    short["seen"][700][2] = None
    assert close_up(short) is None
