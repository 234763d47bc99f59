# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The keys with which load balancers sign their heartbeats: the same on all nodes, and kept by the nodes themselves."""

from __future__ import annotations

import hashlib
import re

KEPT = 2
"""The key in use and the one before: while a new one comes to one node after the other, both count."""


def choose_keys(files: list[str], secret: str, generated: str) -> list[str]:
    """Return the keys for every node, as hexadecimal texts of 64 digits; the first one is in use.

    C(files) are the contents of the nodes' key files, in the order of the nodes. C(secret) is what the inventory says,
    or empty; then the first key that a node has stays in use, or C(generated) where none has one."""
    known = [line for content in files for line in content.split() if re.fullmatch("[0-9a-f]{64}", line)]
    current = hashlib.sha256(secret.encode()).hexdigest() if secret else (known or [generated])[0]
    return list(dict.fromkeys([current, *known]))[:KEPT]
