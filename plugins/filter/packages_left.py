# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: packages_left
short_description: Name the packages that the roles have left to the playbook
version_added: 0.1.0
description:
  - While the collection's playbooks try the roles, a role that does not find its daemon leaves its packages to the play
    that installs those of all such hosts at once. This names them.
positional: hostvars
options:
  _input:
    description: Names of hosts. Those on which no role has been tried have nothing left.
    type: list
    elements: str
    required: true
  hostvars:
    description: The variable C(hostvars).
    type: dict
    required: true
author:
  - The evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
hosts: "{{ groups['web_servers'] | evenkeel.ha_web.packages_left(hostvars) | list }}"
"""

RETURN = r"""
_value:
  description: The packages of each host that has some left, by its name.
  type: dict
"""

from ..plugin_utils._cluster.nodes import find_skipped_packages


class FilterModule:
    """Name the packages that the roles have left to the playbook."""

    def filters(self) -> dict:
        return {"packages_left": find_skipped_packages}
