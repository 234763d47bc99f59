# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A page of HTML that needs nothing but itself."""

from __future__ import annotations

from collections.abc import Iterable
from xml.etree.ElementTree import Element

from .markup import html, tag
from .style import STYLE


def write_document(title: str, parts: Iterable[Element], style: str = "") -> str:
    """The whole page, with further rules of style. Whatever stands in it, it loads nothing and runs nothing."""
    head = [
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag(
            "meta",
            http_equiv="Content-Security-Policy",
            content="default-src 'none'; style-src 'unsafe-inline'; img-src data:",
        ),
        tag("link", rel="icon", href="data:,"),
        tag("title", title),
        tag("style", STYLE + style),
    ]
    return html(tag("html", tag("head", *head), tag("body", tag("main", *parts)), lang="en"))
