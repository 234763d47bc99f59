# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates as the modules return them."""

from __future__ import annotations

import re
import ssl
import time
from typing import Any

DAY = 86400


def describe_certificate(file: str, subject: str, names: str, ends: str, now: float) -> dict[str, Any]:
    """A certificate of the file by what openssl or HAProxy has printed of it. C(names) has the alternative names;
    C(ends) is the end of validity, empty where nobody knows it, and C(now) is in seconds since 1970."""
    seconds = ssl.cert_time_to_seconds(ends) if ends else 0
    return {
        "file": file,
        "subject": subject,
        "names": re.findall(r"(?:DNS|IP Address):([^,\s]+)", names),
        "expires": format_end(seconds),
        "days_left": int((seconds - now) // DAY) if seconds else 0,
    }


def format_end(seconds: int) -> str:
    """The moment in UTC, which is in seconds since 1970; empty for 0."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds)) if seconds else ""
