# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Settings that a role adds to what an inventory declares, and the plain mode that leaves them out.

C(additions) of a role's vars/main.yml has each by its name: C(adds) describes it. Where it is left out, C(variables)
are the values of variables, without the role's prefix, that have their default, C(base) what dicts are merged
over, and C(keys) single keys of that. What else belongs to it, code leaves out by its name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean

from ...module_utils._suggestion import suggestion


def apply_additions(
    role: str, variables: Mapping[str, Any], base: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the variables and what they are merged over, both without the additions that are left out.

    A variable of such an addition keeps the value that an inventory gives it; one that has its default is left out."""
    found, merged = dict(variables), dict(base)
    for name, addition in base["additions"].items():
        if not is_made(role, variables, name):
            merged.update(addition.get("base", {}))
            merged.update({name: {**merged[name], **keys} for name, keys in addition.get("keys", {}).items()})
            for suffix, value in addition.get("variables", {}).items():
                variable = f"{role}_{suffix}"
                if variables[variable] == base["role_defaults"][variable]:
                    found[variable] = value
    return found, merged


def is_made(role: str, variables: Mapping[str, Any], name: str) -> bool:
    """Return whether an addition is made: each, or in plain mode one that the inventory names."""
    return not boolean(variables[f"{role}_plain"]) or name in variables[f"{role}_additions"]


def problems(role: str, variables: Mapping[str, Any], additions: Mapping[str, Any]) -> Iterator[str]:
    """One line for every name that is no addition. A role without additions has no variable for them."""
    for name in variables.get(f"{role}_additions", []):
        if name not in additions:
            yield f"{role}_additions has '{name}', which is no addition of the role{suggestion(name, additions)}"
