# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: group_problems
short_description: Name inventory groups that are misspelt or missing
version_added: 0.2.0
description:
  - Reports each of C(load_balancers) and C(web_servers) that is empty or missing while there is a group of nearly that
    name, and a cluster in which both are.
options:
  _input:
    description: The variable C(groups).
    type: dict
    required: true
author:
  - The evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
that: groups | evenkeel.ha_web.group_problems is falsy
"""

RETURN = r"""
_value:
  description: One line for each problem.
  type: list
  elements: str
"""

from ..plugin_utils._cluster.names import find_group_problems


class FilterModule:
    """Name inventory groups that are misspelt or missing."""

    def filters(self) -> dict:
        return {"group_problems": find_group_problems}
