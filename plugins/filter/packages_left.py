# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: packages_left
short_description: List the packages that the roles leave for the playbook to install
version_added: 0.1.0
description:
  - When the collection's playbooks run the roles in check mode, a role that does not find its daemon leaves its
    packages to the play that installs the packages of all such hosts at once. This filter lists them.
positional: hostvars
options:
  _input:
    description: Names of hosts. Hosts on which no role has run have no packages left.
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
  description: Packages by host name, of hosts that have some left.
  type: dict
"""

from ..plugin_utils._cluster.nodes import find_skipped_packages


class FilterModule:
    """List the packages that the roles leave for the playbook to install."""

    def filters(self) -> dict:
        return {"packages_left": find_skipped_packages}
