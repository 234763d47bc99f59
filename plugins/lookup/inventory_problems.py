# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: inventory_problems
short_description: Find variables of the inventory from which nothing can be derived
version_added: 0.2.0
description:
  - Playbooks derive variables of roles from each other. This returns a problem for each variable of the inventory that
    cannot be read, has a wrong type, or has an unknown key, under the name that the inventory uses.
  - Shortcuts such as C(bgp_peers) are variables of the role that they are for.
options:
  _terms:
    description: Names of roles.
    type: list
    elements: str
    required: true
author:
  - The evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
- name: Fail on values of a wrong type
  ansible.builtin.fail:
    msg: "{{ problems | evenkeel.ha_web.problem_message }}"
  when: problems is truthy
  vars:
    problems: "{{ query('evenkeel.ha_web.inventory_problems', 'haproxy', 'keepalived') }}"
"""

RETURN = r"""
_raw:
  description: One line for each problem.
  type: list
  elements: str
"""

from typing import Any

from ansible.plugins.lookup import LookupBase

from ..plugin_utils._cluster.derived import find_wrong_types, list_options
from ..plugin_utils._input.read import read_variables


class LookupModule(LookupBase):
    """Find values of the inventory that are no values of the variables of these roles."""

    def run(self, terms: list[str], variables: dict[str, Any] | None = None, **_kwargs: Any) -> list[str]:
        known = variables or {}
        inventory = known["hostvars"].raw_get(known["inventory_hostname"])
        return [problem for role in terms for problem in self._find_problems(role, inventory)]

    def _find_problems(self, role: str, inventory: dict[str, Any]) -> list[str]:
        options = list_options(role)
        given = read_variables(self._templar, inventory, [name for name in options if name in inventory])
        return find_wrong_types(role, given, options, inventory)
