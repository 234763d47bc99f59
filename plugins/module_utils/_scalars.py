# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Texts within nested data: those of a vault, and those that cannot stand on one line of a configuration file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import wraps
from typing import Any, Callable

CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\x85\u2028\u2029]")


def decrypted(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same function, which gets texts in its first argument where Ansible has encrypted variables: before ansible-core 2.19 these are
    objects that look like a text and are none."""

    @wraps(function)
    def called(value: Any, *args: Any, **keywords: Any) -> Any:
        return function(_texts(value), *args, **keywords)

    return called


def _texts(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _texts(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_texts(item) for item in value]
    return str(value) if getattr(value, "__ENCRYPTED__", False) else value


def unprintable(where: str, value: Any) -> list[str]:
    """A problem for every text, at any depth, that has a line break or another control character; a tab is none."""
    return [
        f"{path} has a line break or another control character ({found.group(0)!r}): each line is an item of its own"
        for path, found in _found(where, value)
    ]


def _found(where: str, value: Any) -> Iterator[tuple[str, re.Match[str]]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _found(f"{where}.{key}", item)
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield from _found(f"{where}[{_named(item, index)}]", item)
    elif isinstance(value, str):
        match = CONTROL.search(value)
        if match:
            yield where, match


def _named(item: Any, index: int) -> str:
    """How a person finds the item: by its name where that is readable, else by its place, counted from 0."""
    name = item.get("name") if isinstance(item, Mapping) else None
    return name if isinstance(name, str) and name and not CONTROL.search(name) else str(index)
