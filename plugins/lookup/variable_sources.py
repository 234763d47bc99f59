# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: variable_sources
short_description: Find the variables of the inventory from which playbooks derive those of roles
version_added: 0.2.0
description:
  - The plans of the roles report problems under the names of their own variables. This returns what an inventory has in
    their place, such as C(bgp_peers) for C(bird_peers).
author:
  - The evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
plan: "{{ variables | evenkeel.ha_web.bird_plan(base, options, ansible_facts, sources=sources) }}"
vars:
  sources: "{{ lookup('evenkeel.ha_web.variable_sources') }}"
"""

RETURN = r"""
_raw:
  description: Texts of messages, and what to write in their place.
  type: list
  elements: dict
"""

from typing import Any

from ansible.plugins.lookup import LookupBase

from ..plugin_utils._cluster.derived import SOURCES, find_sources
from ..plugin_utils._input.read import read_variables


class LookupModule(LookupBase):
    """Find what the inventory has in the place of variables of roles."""

    def run(self, terms: list[str], variables: dict[str, Any] | None = None, **_kwargs: Any) -> list[dict[str, str]]:
        known = variables or {}
        inventory = known["hostvars"].raw_get(known["inventory_hostname"])
        names = [name for name in SOURCES if name in inventory]
        return [find_sources({**inventory, **read_variables(self._templar, inventory, names)})]
