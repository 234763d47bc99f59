# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page of a drill: all of it is there, and nothing of it comes from elsewhere or can run."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._drill.page import page
from samples.drill import EVIL, drill, record


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
    addresses = [
        value
        for _name, attributes in found.found
        for key, value in attributes.items()
        if key in ("href", "src", "xlink:href")
    ]
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


@pytest.mark.parametrize(
    ("lost", "limit", "verdict"),
    [
        ([], 0, "Nothing was lost: "),
        # Noise is no loss.
        ([20], 0, "Nothing was lost: "),
        ([100, 101], 0, "The cluster recovered from every fault, with losses: "),
        ([100, 101], 10, "Not as it should be: "),
    ],
)
def test_the_verdict_counts_what_was_lost(lost, limit, verdict):
    written = page(drill(record(lost), limit_ms=limit))
    assert verdict in written
    assert ("Noise: 1 request" in written) == (lost == [20])


def test_a_page_of_anycast_addresses_shows_what_nodes_announce():
    journal = "1000.25 lb1 python3[7]: announces last_resort, because of /run/keepalived-track/haproxy"
    text = page(drill({**record([], journals={"lb1": journal}), "anycast": True}))
    assert "served by web1 (100)" in text
    assert "was announced as the last resort" in text
    assert "the VIP" not in text
