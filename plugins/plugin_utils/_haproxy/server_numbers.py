# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find numbers among the options of servers that HAProxy refuses, or reads as another number."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .declared import Sections, Variables
from .times import list_server_options

LARGEST = 2**31 - 1
PORT = (1, 65535)
RANGES = {
    "agent-port": PORT,
    "error-limit": (1, LARGEST),
    "fall": (1, LARGEST),
    "max-reuse": (-1, LARGEST),
    "maxconn": (0, LARGEST),
    "maxqueue": (0, LARGEST),
    "minconn": (0, LARGEST),
    "pool-low-conn": (0, LARGEST),
    "pool-max-conn": (-1, LARGEST),
    "port": PORT,
    "rise": (1, LARGEST),
    "weight": (0, 256),
}
"""The least and the most of each option. Of C(many), HAProxy reads 0."""

NUMBER = re.compile(r"-?[0-9]+")


def problems(variables: Variables, sections: Sections) -> Iterator[str]:
    """C(sections) are the items of each kind, merged over their defaults."""
    for where, options in list_server_options(variables, sections):
        for name, (least, most) in RANGES.items():
            value = options.get(name, False)
            text = str(value)
            # False leaves an option out, and an environment variable is known on the host.
            if value is not False and "$" not in text and not (NUMBER.fullmatch(text) and least <= int(text) <= most):
                shown = str(value).lower() if isinstance(value, bool) else f"'{value}'"
                yield f"{where}.{name} is {shown}: a number from {least} to {most} is needed"
