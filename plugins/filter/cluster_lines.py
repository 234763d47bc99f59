# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: cluster_lines
short_description: Write the report on a cluster as lines for a terminal
version_added: 0.1.0
description:
  - Writes what P(evenkeel.ha_web.cluster_report#filter) returns as a table, and its findings as lines.
options:
  _input:
    description: The report.
    type: dict
    required: true
author:
  - The evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
table: "{{ (report | evenkeel.ha_web.cluster_lines).table }}"
"""

RETURN = r"""
_value:
  description: C(table), a list of lines, and C(findings), a list with two lines for each finding, which say what is
    wrong and what to do.
  type: dict
"""

from ..plugin_utils._status.table import build_lines


class FilterModule:
    """Write the report on a cluster as lines for a terminal."""

    def filters(self) -> dict:
        return {"cluster_lines": build_lines}
