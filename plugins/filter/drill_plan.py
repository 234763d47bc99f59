# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: drill_plan
short_description: Describe the faults of a failover drill, and check its settings
version_added: 0.1.0
description:
  - For the beginning of the playbook C(evenkeel.ha_web.drill_failover).
  - Reports names of faults that do not exist, faults that the instance of the drill cannot have, and times that are not
    more than 0 seconds.
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
    - C(faults), each with C(name), C(title), where it happens (C(on), V(holder) or V(web)) and how (C(how), V(break),
      V(move), V(drain) or V(reboot)). C(fault) and C(unit) are options of M(evenkeel.ha_web.host_fault) for V(break).
    - C(problems), one line for each; empty if the drill can begin.
  type: dict
"""

from ..plugin_utils._drill.faults import plan


class FilterModule:
    """Describe the faults of a failover drill, and check its settings."""

    def filters(self) -> dict:
        return {"drill_plan": plan}
