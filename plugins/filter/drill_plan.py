# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: drill_plan
short_description: Say what a failover drill does, and what speaks against it
version_added: 0.1.0
description:
  - Takes the names of faults apart, for C(evenkeel.ha_web.drill_failover).
positional: settings
options:
  _input:
    description: Names of faults, in their order.
    type: list
    elements: str
    required: true
  settings:
    description: Seconds that the drill was given, by the names of its variables.
    type: dict
    required: true
  anycast:
    description: Whether the instance of the drill has addresses that all nodes have at the same time.
    type: bool
    default: false
author:
  - The evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
plan: "{{ ['haproxy_killed', 'network_cut'] | evenkeel.ha_web.drill_plan({'drill_seconds': 5}) }}"
"""

RETURN = r"""
_value:
  description:
    - C(faults) with C(name), C(title), where (C(on)) and C(how) each happens; and C(problems), which is empty if
      nothing speaks against it.
  type: dict
"""

from ..plugin_utils._drill.faults import plan


class FilterModule:
    """Say what a failover drill does, and what speaks against it."""

    def filters(self) -> dict:
        return {"drill_plan": plan}
