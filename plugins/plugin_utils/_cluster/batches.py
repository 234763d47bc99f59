# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The batches of a rolling deployment."""

from __future__ import annotations

from typing import Any


def divide_into_batches(hosts: list[str], serial: Any) -> list[list[str]]:
    """The hosts as Ansible's serial divides them: a number, percents, or a list of those, of which the last one is
    repeated.

    Raises ValueError for anything else."""
    sizes = [_parse_size(item, len(hosts)) for item in (serial if isinstance(serial, list) else [serial])] or [
        len(hosts)
    ]
    left = list(hosts)
    found = []
    while left:
        size = sizes.pop(0) if len(sizes) > 1 else sizes[0]
        found.append(left[:size])
        left = left[size:]
    return found


def _show(item: Any) -> str:
    return "a value of several" if isinstance(item, (dict, list)) else f"'{item}'"


def _parse_size(item: Any, hosts: int) -> int:
    text = str(item)
    number = text[:-1] if text.endswith("%") else text
    if isinstance(item, bool) or not number.isdigit():
        raise ValueError(
            f"cluster_serial has {_show(item)}: a number such as 1, percents such as 25%, or a list of those is needed"
        )
    size = (int(number) * hosts // 100 or 1) if text.endswith("%") else int(number)
    return size or max(hosts, 1)
