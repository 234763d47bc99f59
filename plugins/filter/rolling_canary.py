# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: rolling_canary
short_description: Select the hosts that get a new release first and are watched
version_added: 0.2.0
description:
  - Returns the first of the hosts, and problems if others would get the release at the same time.
positional: servers, serial
options:
  _input:
    description: The hosts, in the order in which they are deployed.
    type: list
    elements: str
    required: true
  servers:
    description: How many hosts are watched, a number or percents.
    type: raw
    required: true
  serial:
    description: Hosts that are deployed at a time, in the format of a play's keyword C(serial).
    type: raw
    required: true
  watches:
    description: Whether hosts are watched at all. If not, there are none.
    type: bool
    default: true
author:
  - The evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
first: "{{ (groups['web_servers'] | evenkeel.ha_web.rolling_canary('25%', 1)).hosts }}"
"""

RETURN = r"""
_value:
  description: C(hosts), and C(problems), one line each.
  type: dict
"""

from ..plugin_utils._cluster.canary import select_canaries


class FilterModule:
    """Select the hosts that get a new release first and are watched."""

    def filters(self) -> dict:
        return {"rolling_canary": select_canaries}
