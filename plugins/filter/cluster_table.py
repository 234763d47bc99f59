# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: cluster_table
short_description: Print the report on a cluster as a table
version_added: 0.1.0
description:
  - Makes lines for a terminal of what P(evenkeel.ha_web.cluster_report#filter) returns.
options:
  _input:
    description: The report.
    type: dict
    required: true
author:
  - The evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
lines: "{{ report | evenkeel.ha_web.cluster_table }}"
"""

RETURN = r"""
_value:
  description: The lines.
  type: list
  elements: str
"""

from ..plugin_utils._status.table import table


class FilterModule:
    """Print the report on a cluster as a table."""

    def filters(self) -> dict:
        return {"cluster_table": table}
