# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keys that an option does not have or needs, and values that are none of its choices.

Ansible finds them as well, but prints the specification of every option with the first of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ...module_utils._characters import CONTROL
from ...module_utils._suggestion import suggestion
from .text import item_name
from .values import Option, is_of_kind


def find_key_problems(variables: Mapping[str, Any], options: Mapping[str, Option], nulls: bool = False) -> list[str]:
    """A problem for every unknown or missing key and every value that is no choice, at any depth. Variables that are no
    options, and values of another type than their option's, are left out.

    With C(nulls), a key without a value is as good as none; without, that is a problem of its own."""
    missing = (f"{name} is not set; give it a value" for name in _find_missing(variables, options, False))
    return [
        *missing,
        *(
            problem
            for name, value in variables.items()
            for problem in _check_value(name, value, options.get(name, {}), nulls)
        ),
    ]


def _find_missing(given: Mapping[str, Any], options: Mapping[str, Option], nulls: bool) -> list[str]:
    has = {name for name, value in given.items() if value is not None or not nulls}
    return [name for name, option in options.items() if option.get("required") and name not in has]


def _check_value(where: str, value: Any, option: Option, nulls: bool) -> Iterator[str]:
    if value is not None and not is_of_kind(where, value, option):
        return  # find_type_problems() has it.
    if isinstance(value, Mapping):
        yield from _check_keys(where, value, option.get("options") or {}, nulls)
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            item_option = {**option, "type": option.get("elements", "raw")}
            yield from _check_value(f"{where}[{item_name(item, index)}]", item, item_option, nulls)
    elif value is not None and "choices" in option and str(value) not in map(str, option["choices"]):
        yield f"{where} is '{CONTROL.sub('?', str(value))}': one of {', '.join(map(str, option['choices']))} is needed"


def _check_keys(where: str, value: Mapping[Any, Any], options: Mapping[str, Option], nulls: bool) -> Iterator[str]:
    if not options:
        return
    for key, item in value.items():
        if not isinstance(key, str):
            # find_type_problems() has it.
            continue
        if key in options:
            yield from _check_value(f"{where}.{key}", item, options[key], nulls)
        else:
            shown = CONTROL.sub("?", str(key))
            yield f"{where} has the key '{shown}', which is unknown{suggestion(shown, options)}"
    for key in _find_missing(value, options, nulls):
        yield f"{where} has no {key}, which is needed"
