# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: haproxy_problems
short_description: Name what cannot work in HAProxy's sections
version_added: 0.1.0
description:
  - Rules across sections, such as a default_backend that does not exist or two listeners on one port.
options:
  _input:
    description: Lists named C(frontends), C(backends) and C(listens), and C(local) with the health and statistics listeners.
    type: dict
    required: true
author:
  - The evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
that: model | evenkeel.ha_web.haproxy_problems is falsy
"""

RETURN = r"""
_value:
  description: One line for each problem; empty where there is none.
  type: list
  elements: str
"""

from ansible_collections.evenkeel.ha_web.plugins.module_utils._haproxy_model import problems


class FilterModule:
    """Name what cannot work in HAProxy's sections."""

    def filters(self) -> dict:
        return {"haproxy_problems": problems}
