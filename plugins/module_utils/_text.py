# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Texts that people read or write, on the controller and on hosts."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]")
"""A character that cannot stand in a line of a configuration file; a tab can."""


def suggestion(name: str, known: Iterable[str]) -> str:
    """Suggest a replacement for an unknown name: the most similar known name, or all of them."""
    known = sorted(known)
    similar = difflib.get_close_matches(name, known, n=1)
    if similar:
        return f"; did you mean {similar[0]}?"
    return f"; there are {', '.join(known)}" if known else "; there are none"
