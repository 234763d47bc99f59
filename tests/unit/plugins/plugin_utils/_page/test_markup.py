# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No text becomes markup."""

from __future__ import annotations

from html.parser import HTMLParser
from xml.etree.ElementTree import fromstring

import pytest
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._page.markup import html, tag, xml

TEXTS = ["<script>alert(1)</script>", "a & b", "\"quoted\" 'too'", "]]>", "-->", "\x00\x1b[31m", "Zürich 😀"]


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_stays_a_text(text):
    read = fromstring(xml(tag("a", text, tag("b"), text, title=text)).split("\n", 1)[1])
    shown = text.replace("\x00", "\ufffd").replace("\x1b", "\ufffd")
    assert (read.text, read[0].tail, read.get("title")) == (shown, shown, shown)
    elements = []
    parser = HTMLParser()
    parser.handle_starttag = lambda name, attributes: elements.append((name, attributes))
    parser.feed(html(tag("p", text, title=text)))
    assert elements == [("p", [("title", shown)])]


def test_names_of_attributes_are_as_python_allows_and_none_is_left_out():
    assert xml(tag("g", None, class_="mark", text_anchor="end", id=None)).endswith(
        '<g class="mark" text-anchor="end" />\n'
    )
