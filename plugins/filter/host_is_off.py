# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: host_is_off
short_description: Tell a host that is off from one that is about to be
version_added: 0.1.0
description:
  - Looks at what a task has registered on a host that was told to shut down. The SSH server of such a host refuses
    connections long before it is off; only where nobody answers is it off.
  - The task has to connect anew, see C(reset_connection), and to have C(ignore_unreachable).
options:
  _input:
    description: What the task has registered.
    type: dict
    required: true
author:
  - The evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
until_off: "{{ answer | evenkeel.ha_web.host_is_off }}"
"""

RETURN = r"""
_value:
  description: Whether the host is off.
  type: bool
"""

from ..plugin_utils._cluster.power import is_off


class FilterModule:
    """Tell a host that is off from one that is about to be."""

    def filters(self) -> dict:
        return {"host_is_off": is_off}
