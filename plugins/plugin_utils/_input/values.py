# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values that YAML has changed: it reads 0640 as 416 and no as false.

Options are those of argument_specs.yml. Ansible converts a value to validate it, and accepts a text for a list, but the
role gets what YAML has read."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from ...module_utils._characters import CONTROL
from .ranges import find_range
from .text import item_name

Option = Mapping[str, Any]
"""One of argument_specs.yml, with what argument_specs knows of it."""

DIGITS = ("count", "haproxy_retry_on", "listens", "nginx_worker_processes", "port", "status")
"""Texts, and lists of texts, that may be written as numbers."""

NUMBER = re.compile(r"\s*-?[0-9]+(\.[0-9]+)?\s*")
"""A number in a text; Python and YAML read 1_000 and 1e3 as one, argument_specs does not."""

MODES = ("haproxy_socket_mode", "mode")
PERMISSIONS = re.compile(r"0?[0-7]{3,4}")
TRUTH = ("true", "false", "yes", "no", "on", "off", "1", "0")
"""Texts that both argument_specs and the filter C(bool) understand."""

SETTINGS = "_settings"
"""The end of variables whose keys may have several values."""

QUOTE = "put it in quotation marks"


def find_type_problems(variables: Mapping[str, Any], options: Mapping[str, Option], nulls: bool = False) -> list[str]:
    """A problem for every value that is not of its option's type. Variables that are no options are left out.

    With C(nulls), a key within a variable may have no value."""
    found: list[str] = []
    for name, value in variables.items():
        option = options.get(name, {})
        if value is None or not (option.get("type") == "bool" and str(value).lower() in TRUTH):
            found += _value_problems(name, name, value, option, nulls and value is not None)
    return found


def _value_problems(where: str, key: str, value: Any, option: Option, nulls: bool) -> Iterator[str]:
    kind = option.get("type", "raw")
    if value is None:
        if option and not nulls:
            yield f"{where} has no value; give it one, or leave it out"
    elif isinstance(value, date):
        yield f"{where} is {_show_value(value, option)}: YAML reads a date; {QUOTE}"
    elif kind in ("list", "raw") and isinstance(value, (list, tuple)):
        item_option = {**option, "type": option["elements"]} if "elements" in option else {}
        for index, item in enumerate(value):
            yield from _value_problems(
                f"{where}[{item_name(item, index)}]", key, item, item_option, nulls and item is not None
            )
    elif kind in ("dict", "raw") and isinstance(value, Mapping):
        yield from _key_problems(where, value, option.get("options") or {}, nulls)
        if kind == "dict" and not option.get("options"):
            yield from _find_containers(where, value)
    elif key == "mode" and "choices" not in option and isinstance(value, str):
        if not PERMISSIONS.fullmatch(value):
            yield f"{where} is '{value}': an octal number in quotation marks is needed, such as \"0640\""
    else:
        yield from (
            f"{where} is {_show_value(value, option)}: {needed}" for needed in _describe_need(where, key, value, kind)
        )


def _key_problems(where: str, value: Mapping[Any, Any], options: Mapping[str, Option], nulls: bool) -> Iterator[str]:
    for key, item in value.items():
        if isinstance(key, str):
            yield from _value_problems(f"{where}.{key}", key, item, options.get(key, {}), nulls)
        else:
            yield f"{where} has the key {_write_value(key)}, to which YAML has changed what was written: {QUOTE}"


def _find_containers(where: str, value: Mapping[Any, Any]) -> Iterator[str]:
    """Values that cannot be words of one line, where the keys are words of a daemon. Only a setting of nginx may stand
    several times."""
    for key, item in value.items():
        several = item if where.endswith(SETTINGS) and isinstance(item, (list, tuple)) else [item]
        for found in several:
            if isinstance(found, (Mapping, list, tuple)):
                yield f"{where}.{key} is {_write_value(found)}: a single value is needed"


def is_of_kind(where: str, value: Any, option: Option) -> bool:
    """Return whether the value is what the option's type says, whatever is in it."""
    kind, key = option.get("type", "raw"), where.rpartition(".")[2]
    if isinstance(value, (Mapping, list, tuple)):
        return kind in ("raw", "dict" if isinstance(value, Mapping) else "list")
    return not isinstance(value, date) and not any(_describe_need(where, key, value, kind))


def _describe_need(where: str, key: str, value: Any, kind: str) -> Iterator[str]:
    """Describe the values that an option of that type accepts."""
    if kind == "list":
        yield "a list is needed, even for one item"
    elif kind == "dict":
        yield "keys with values are needed"
    elif kind != "raw" and isinstance(value, (Mapping, list, tuple)):
        yield "a single value is needed"
    elif kind == "bool" and not isinstance(value, bool):
        yield "true or false is needed, without quotation marks"
    elif kind in ("int", "float"):
        yield from _describe_number(where, value, kind)
    elif kind in ("str", "path") and not isinstance(value, str):
        yield from _describe_text(key, value)


def _describe_number(where: str, value: Any, kind: str) -> Iterator[str]:
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except ValueError:
        number = math.nan
    least, most = find_range(where)
    if not least <= number <= most or (isinstance(value, str) and not NUMBER.fullmatch(value)):
        yield f"a number from {least} to {most} is needed"
    elif kind == "int" and not number.is_integer():
        yield "a whole number is needed"


def _describe_text(key: str, value: Any) -> Iterator[str]:
    if isinstance(value, bool):
        yield f"YAML makes that of words such as yes, no, on and off; {QUOTE}"
    elif key in MODES:
        yield f'YAML makes another number of 0640 than the permission bits; {QUOTE}, such as "0640"'
    elif key not in DIGITS or isinstance(value, float):
        yield f"YAML may have changed a number's digits; {QUOTE}"


def _show_value(value: Any, option: Option) -> str:
    return "a value that is not shown" if option.get("no_log") else _write_value(value)


def _write_value(value: Any) -> str:
    """The value as YAML writes it."""
    if isinstance(value, (Mapping, list, tuple)):
        return "a dictionary" if isinstance(value, Mapping) else "a list"
    if isinstance(value, str):
        return f"'{CONTROL.sub('?', value)}'"
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
