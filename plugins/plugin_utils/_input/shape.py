# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every variable has to be, before any rule about its meaning can rely on it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .keys import find_key_problems
from .read import find_unreadable
from .text import find_unprintable_texts
from .values import find_type_problems


def find_shape_problems(
    variables: Mapping[str, Any], options: Mapping[str, Mapping[str, Any]], nulls: bool = False
) -> list[str]:
    """Return one line for each variable that cannot be read, for each value and key that an option does not take, and
    for each text that cannot stand on one line. With C(nulls), a key within a variable may have no value."""
    unreadable = find_unreadable(variables)
    readable = {name: value for name, value in variables.items() if name not in unreadable}
    found = [
        *(f"{name} cannot be read: {reason}" for name, reason in unreadable.items()),
        *find_type_problems(readable, options, nulls),
        *find_key_problems(readable, options, nulls),
        *find_unprintable_texts(readable),
    ]
    return list(dict.fromkeys(found))
