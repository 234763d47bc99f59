# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: haproxy_problems
short_description: Name what cannot work in the input of the role haproxy
version_added: 0.1.0
description:
  - Rules across variables, such as a default_backend that does not exist or two listeners on one port, and limits that
    a host cannot bear.
options:
  _input:
    description: The variables of the role haproxy by their names.
    type: dict
    required: true
  host:
    description: Lines that say what memory and how many file descriptors the host has. What they do not say is not
      checked.
    type: list
    elements: str
    default: []
author:
  - The evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
that: __haproxy_variables | evenkeel.ha_web.haproxy_problems is falsy
"""

RETURN = r"""
_value:
  description: One line for each problem; empty where there is none.
  type: list
  elements: str
"""

from ..plugin_utils._haproxy.problems import problems
from ..plugin_utils._input.text import decrypted


class FilterModule:
    """Name what cannot work in the input of the role haproxy."""

    def filters(self) -> dict:
        return {"haproxy_problems": decrypted(problems)}
