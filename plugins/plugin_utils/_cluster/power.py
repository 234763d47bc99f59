# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tell a host that is off from one that is shutting down."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

NOBODY = re.compile(
    r"connect (?:to host \S+ port \d+|failed): "
    r"(?:Connection timed out|Operation timed out|No route to host|Host is down|Network is unreachable)"
)
"""Errors of ssh if no host answers, directly or through a jump host."""


def is_off(answer: Mapping[str, Any]) -> bool:
    """Return whether a host is off, from the result of a task that had to reconnect.

    By SSH, a host that refuses or closes a connection is there: its SSH server ends long before it is off. One that is
    off says nothing. A connection of another kind, such as a container's, knows the host's own state."""
    if not answer.get("unreachable"):
        return False
    said = str(answer.get("msg", ""))
    return "via ssh" not in said or bool(NOBODY.search(said))
