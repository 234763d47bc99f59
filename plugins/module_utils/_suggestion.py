# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a wrong name may have been meant to be."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def suggestion(name: str, known: Iterable[str]) -> str:
    """Suggest a replacement for an unknown name: the most similar known name, or all of them."""
    known = sorted(known)
    similar = difflib.get_close_matches(name, known, n=1)
    if similar:
        return f"; did you mean {similar[0]}?"
    return f"; there are {', '.join(known)}" if known else "; there are none"
