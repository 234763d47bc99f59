# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: cluster_changes
short_description: Compare two reports on a cluster
version_added: 0.2.0
description:
  - Compares two reports, C(report) of P(evenkeel.ha_web.cluster_report#filter), and writes what has changed between
    them.
  - Numbers within findings, such as times and connections, are not compared.
options:
  _input:
    description: The later report.
    type: dict
    required: true
  before:
    description: The earlier report. If it is empty, the state is written as if everything had changed.
    type: dict
    default: {}
author:
  - The evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
changes: "{{ report | evenkeel.ha_web.cluster_changes(before=earlier) }}"
"""

RETURN = r"""
_value:
  description: One line for each change.
  type: list
  elements: str
"""

from ..plugin_utils._status.changes import list_changes


class FilterModule:
    """Compare two reports on a cluster."""

    def filters(self) -> dict:
        return {"cluster_changes": list_changes}
