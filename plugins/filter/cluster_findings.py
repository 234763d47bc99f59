# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: cluster_findings
short_description: Say what is wrong with a cluster, and what to do
version_added: 0.1.0
description:
  - Makes two lines of every finding of P(evenkeel.ha_web.cluster_report#filter).
options:
  _input:
    description: The report.
    type: dict
    required: true
author:
  - The evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
problems: "{{ report | evenkeel.ha_web.cluster_findings }}"
"""

RETURN = r"""
_value:
  description: The lines.
  type: list
  elements: str
"""

from ..plugin_utils._status.table import findings


class FilterModule:
    """Say what is wrong with a cluster, and what to do."""

    def filters(self) -> dict:
        return {"cluster_findings": findings}
