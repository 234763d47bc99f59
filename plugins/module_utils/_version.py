# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Versions of packages and programs."""

from __future__ import annotations

import re


def split_version(version: str) -> list[int]:
    """The numbers of a version, without the epoch and the revision of its package; empty if it has none."""
    upstream = re.sub(r"^\d+:", "", version)
    return [int(number) for number in re.findall(r"\d+", re.split(r"[-~+]", upstream)[0])]
