# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: vrrp_problems
short_description: Name what cannot work in what keepalived is to run
version_added: 0.1.0
description:
  - Rules across instances, groups and nodes, such as a virtual router id that is used twice, a VIP outside every subnet
    of its interface, or a weight with which a failure would not move the VIP.
positional: facts
options:
  _input:
    description: The same as for P(evenkeel.ha_web.vrrp_model#filter).
    type: dict
    required: true
  facts:
    description: The variable C(ansible_facts).
    type: dict
    required: true
author:
  - The evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
that: declared | evenkeel.ha_web.vrrp_problems(ansible_facts) is falsy
"""

RETURN = r"""
_value:
  description: One line for each problem; empty where there is none.
  type: list
  elements: str
"""

from ..plugin_utils._input.text import decrypted
from ..plugin_utils._keepalived.problems import problems


class FilterModule:
    """Name what cannot work in what keepalived is to run."""

    def filters(self) -> dict:
        return {"vrrp_problems": decrypted(problems)}
