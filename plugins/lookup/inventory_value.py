# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: inventory_value
short_description: Read the inventory's value of a variable that the play overrides
version_added: 0.1.0
description:
  - Returns the value that a variable has for the host without the variables of the play, or a default if the inventory
    does not set it.
  - A playbook can thus derive a role's variable in C(vars_files), which have precedence over the inventory, and still
    use the inventory's value.
  - Unlike C(hostvars[inventory_hostname]), it can read a variable whose value itself uses C(hostvars).
options:
  _terms:
    description: Names of variables.
    type: list
    elements: str
    required: true
  default:
    description: Value if the inventory does not set the variable.
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
  description: One value per name.
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
