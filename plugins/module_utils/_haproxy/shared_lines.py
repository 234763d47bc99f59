# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What files of haproxy share if nodes run different releases: all but what only some releases need or know."""

from __future__ import annotations

NUL = r"{ req.hdrs -m reg '\x00' }"
"""A header with NUL, which HAProxy 2.6 would forward, and later ones refuse. It is the most expensive rule: a regular
expression reads all headers."""
NEWER_CURVES = ("X25519MLKEM768",)
"""Curves that only some releases of OpenSSL know."""


def remove_release(line: str) -> str:
    """Return a line without what another release would not have; empty for a line that it would not have at all."""
    if NUL in line:
        return ""
    for curve in NEWER_CURVES:
        line = line.replace(f"{curve}:", "")
    return line
