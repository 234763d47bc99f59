# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Passwords and private keys in the text of a configuration."""

from __future__ import annotations

import re

_SECRETS = [
    re.compile(pattern)
    for pattern in (
        r"""(?i)(\b(?:auth_pass|(?:insecure-)?password|dynamic-cookie-key|cluster-secret)[ \t]+)"""
        r"""(?:\\.|"(?:\\.|[^"\\\n])*"|'[^'\n]*'|["'].*|[^\s\\"'])+""",
        r"""(?i)(\bstats[ \t]+auth[ \t]+["']?[^\s:]+:).+""",
        r"""(?i)(\bauthorization["']?[ \t]+["']?(?:basic|bearer)\\?[ \t]+).+""",
        r"""(?s)(-----BEGIN [A-Z ]*PRIVATE KEY-----\r?\n?).+?(?=\n-----END |\Z)""",
    )
]
"""Patterns whose text after the first group is secret."""


def mask_secrets(text: str) -> str:
    """The same text with asterisks in the place of everything that is recognised as a password or a private key."""
    for secret in _SECRETS:
        text = secret.sub(r"\1********", text)
    return text
