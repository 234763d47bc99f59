# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: host_is_off
short_description: Check whether a host is off and not just shutting down
version_added: 0.1.0
description:
  - Reads the registered result of a task on a host that is shutting down. Its SSH server refuses connections long
    before the host is off. The host is off when nothing answers at all.
  - The task needs a new connection, see C(reset_connection), and C(ignore_unreachable).
options:
  _input:
    description: The registered result.
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
    """Check whether a host is off and not just shutting down."""

    def filters(self) -> dict:
        return {"host_is_off": is_off}
