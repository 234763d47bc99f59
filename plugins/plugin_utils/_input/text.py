# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Texts within nested data: those of a vault, and those that cannot stand on one line of a configuration file. Keys are
texts too."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import wraps
from typing import Any, Callable

from ...module_utils._characters import CONTROL

KEY = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:-]*")
"""A key is the first word of a line, or a word in it."""


def with_decrypted_texts(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same function, which gets texts in its first argument where Ansible has encrypted variables: before
    ansible-core 2.19 these are objects that look like a text and are none."""

    @wraps(function)
    def called(value: Any, *args: Any, **keywords: Any) -> Any:
        return function(_decrypt_texts(value), *args, **keywords)

    return called


def _decrypt_texts(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _decrypt_texts(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_decrypt_texts(item) for item in value]
    return str(value) if getattr(value, "__ENCRYPTED__", False) else value


PAGES = {"haproxy_maintenance": "page"}
"""Variables with a key that is the content of a file."""


def find_unprintable_texts(variables: Mapping[str, Any]) -> list[str]:
    """The same for all variables of a role by their names; the content of a file and the C(key) of a repository may
    have any number of lines."""
    return [
        problem
        for name, value in variables.items()
        for problem in find_unprintable(name, _without_content(name, value))
    ]


def _without_content(name: str, value: Any) -> Any:
    if name.endswith("_repository") and isinstance(value, Mapping):
        return {key: text for key, text in value.items() if key != "key"}
    if name in PAGES and isinstance(value, Mapping):
        return {key: text for key, text in value.items() if key != PAGES[name]}
    if not name.endswith("_files") or not isinstance(value, (list, tuple)):
        return value
    return [
        {key: text for key, text in item.items() if key != "content"} if isinstance(item, Mapping) else item
        for item in value
    ]


def find_unprintable(where: str, value: Any) -> list[str]:
    """A problem for every text, at any depth, that has a line break or another control character; a tab is none. A key
    has to be a word."""
    return list(_walk_texts(where, value))


def _walk_texts(where: str, value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            if not KEY.fullmatch(str(key)):
                shown = CONTROL.sub("?", str(key))
                yield f"{where} has the key '{shown}': a single word of letters, digits and any of _.:- is needed"
            else:
                yield from _walk_texts(f"{where}.{key}", item)
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield from _walk_texts(f"{where}[{item_name(item, index)}]", item)
    elif isinstance(value, str):
        match = CONTROL.search(value)
        if match:
            yield (
                f"{where} has {_name_character(match.group(0))}: each line is an item of its own, and has no control "
                "characters"
            )


def _name_character(found: str) -> str:
    return "a line break" if found in "\r\n" else f"the control character U+{ord(found):04X}"


def item_name(item: Any, index: int) -> str:
    """Return the name of the item for messages: its own name if it is printable, else its index from 0."""
    name = item.get("name") if isinstance(item, Mapping) else None
    return name if isinstance(name, str) and name and not CONTROL.search(name) else str(index)
