# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: inventory_value
short_description: Read a variable of the inventory although the play sets one of that name
version_added: 0.1.0
description:
  - Gives the value that a variable has for the host without what the play sets, and a default where the inventory does
    not say it.
  - So a playbook can derive a role's variable in C(vars_files), which outrank the inventory, and still let the
    inventory decide.
  - Unlike C(hostvars[inventory_hostname]), it knows the value of a variable that is written with C(hostvars) itself.
options:
  _terms:
    description: Names of variables.
    type: list
    elements: str
    required: true
  default:
    description: The value of a variable that the inventory does not have.
    type: raw
    required: true
author:
  - The evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
- name: Deploy haproxy
  hosts: load_balancers
  vars:
    haproxy_nodes: "{{ lookup('evenkeel.ha_web.inventory_value', 'haproxy_nodes', default=[]) }}"
  roles:
    - evenkeel.ha_web.haproxy
"""

RETURN = r"""
_raw:
  description: One value for every name.
  type: list
  elements: raw
"""

from typing import Any

from ansible.plugins.lookup import LookupBase


class LookupModule(LookupBase):
    """Read a variable of the inventory although the play sets one of that name."""

    def run(self, terms: list[str], variables: dict[str, Any] | None = None, **kwargs: Any) -> list[Any]:
        known = variables or {}
        self.set_options(var_options=known, direct=kwargs)
        inventory = known["hostvars"].raw_get(known["inventory_hostname"])
        default = self.get_option("default")
        return [self._templar.template(inventory[name]) if name in inventory else default for name in terms]
