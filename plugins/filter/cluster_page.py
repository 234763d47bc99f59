# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: cluster_page
short_description: Write the report on a cluster as a page of HTML
version_added: 0.2.0
description:
  - Writes what P(evenkeel.ha_web.cluster_report#filter) returns as one page of HTML that needs no other file, loads
    nothing and runs no script.
options:
  _input:
    description: The report.
    type: dict
    required: true
  title:
    description: Heading of the page.
    type: str
    default: Cluster
  moment:
    description: When the hosts were asked, in seconds since 1970.
    type: float
    default: 0
  folder:
    description: Directory of the playbooks, for commands that can be pasted. If it is empty, there are no commands.
    type: str
    default: ""
  inventories:
    description: Inventories of these commands.
    type: list
    elements: str
    default: []
author:
  - The evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
content: "{{ report | evenkeel.ha_web.cluster_page(title='Staging', moment=now().timestamp()) }}"
"""

RETURN = r"""
_value:
  description: The page.
  type: str
"""

from ..plugin_utils._status.page import build_page


class FilterModule:
    """Write the report on a cluster as a page of HTML."""

    def filters(self) -> dict:
        return {"cluster_page": build_page}
