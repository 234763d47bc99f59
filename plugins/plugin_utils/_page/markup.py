# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""HTML, SVG and XML that is built from elements, so that no text can become markup."""

from __future__ import annotations

import re
from typing import Any, Union
from xml.etree.ElementTree import Element, tostring

Child = Union[Element, str, None]
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML cannot represent."""


def tag(what: str, /, *children: Child, **attributes: Any) -> Element:
    """An element. In names of attributes, C(_) stands for C(-), and one at the end for nothing; None leaves out an
    attribute or a child."""
    element = Element(
        what,
        {
            key.rstrip("_").replace("_", "-"): replace_forbidden(str(value))
            for key, value in attributes.items()
            if value is not None
        },
    )
    for child in children:
        if isinstance(child, str):
            _append_text(element, replace_forbidden(child))
        elif child is not None:
            element.append(child)
    return element


def replace_forbidden(text: str) -> str:
    """The text, with a mark for every character that XML cannot say."""
    return _FORBIDDEN.sub("\ufffd", text)


def html(element: Element) -> str:
    """The element as a document of HTML."""
    return "<!DOCTYPE html>\n" + tostring(element, encoding="unicode", method="html") + "\n"


def xml(element: Element) -> str:
    """The element as a document of XML, for a file in UTF-8."""
    return "<?xml version='1.0' encoding='utf-8'?>\n" + tostring(element, encoding="unicode") + "\n"


def _append_text(element: Element, text: str) -> None:
    if len(element):
        element[-1].tail = (element[-1].tail or "") + text
    else:
        element.text = (element.text or "") + text
