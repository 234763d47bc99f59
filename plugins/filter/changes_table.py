# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: changes_table
short_description: Show the logged changes of all hosts in one table
version_added: 0.2.0
description:
  - Sorts what M(evenkeel.ha_web.config_changes_info) has returned of several hosts by time, the latest change first.
options:
  _input:
    description: The lists C(changes) of the module by host name.
    type: dict
    required: true
author:
  - The evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
lines: "{{ {'lb1': log.changes} | evenkeel.ha_web.changes_table }}"
"""

RETURN = r"""
_value:
  description: Lines of a table, with a heading.
  type: list
  elements: str
"""

from collections.abc import Mapping
from typing import Any

from ..plugin_utils._status.log import list_rows
from ..plugin_utils._status.table import columns


def show_changes(entries: Mapping[str, list[Mapping[str, Any]]]) -> list[str]:
    """The lines of the table."""
    return columns(list_rows(entries))


class FilterModule:
    """Show the logged changes of all hosts in one table."""

    def filters(self) -> dict:
        return {"changes_table": show_changes}
