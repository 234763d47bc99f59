# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Variables that are written with others, and may thus have no value at all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible.errors import AnsibleError
from jinja2 import Undefined

UNREADABLE = "__unreadable"
"""Key of what stands in the place of a value that cannot be worked out; it has the reason."""


def read_variables(templar: Any, variables: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Return the values of variables by their names. C(templar) is Ansible's; C(variables) has what it reads."""
    return {name: _read_value(templar, variables[name]) for name in names}


def _read_value(templar: Any, value: Any) -> Any:
    try:
        return templar.template(value)
    except AnsibleError as error:
        return {UNREADABLE: find_reason(error)}


def find_reason(error: BaseException) -> str:
    """Return the first line of the innermost error: those around it name the variables on the way to it."""
    while inner := getattr(error, "orig_exc", None) or error.__cause__:
        error = inner
    return (str(error).splitlines() or [type(error).__name__])[0]


def copy_data(value: Any) -> Any:
    """Return the same data. What Ansible works out only when it is used has been used then.

    Raises UndefinedError or AnsibleError for what has no value."""
    if isinstance(value, Undefined):
        return str(value)
    if isinstance(value, Mapping):
        return {key: copy_data(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [copy_data(item) for item in value]
    return value


def find_unreadable(variables: Mapping[str, Any]) -> dict[str, str]:
    """Return the reasons of the variables that cannot be read."""
    return {
        name: str(value[UNREADABLE])
        for name, value in variables.items()
        if isinstance(value, Mapping) and UNREADABLE in value
    }
