# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: readable_variables
short_description: Read variables, some of which may be impossible to read
version_added: 0.2.0
description:
  - In the place of a value that cannot be worked out, such as one that uses an undefined variable, there is the reason.
    Filters that check values, such as P(evenkeel.ha_web.input_problems#filter), then name the variable.
options:
  _terms:
    description: Names of variables. One that ends with an underscore stands for all whose names begin with it.
    type: list
    elements: str
    required: true
author:
  - The evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
plan: "{{ lookup('evenkeel.ha_web.readable_variables', 'haproxy_')
  | evenkeel.ha_web.haproxy_plan(base, options, ansible_facts) }}"
"""

RETURN = r"""
_raw:
  description: The values by the names of their variables, in one dictionary.
  type: list
  elements: dict
"""

from typing import Any

from ansible.plugins.lookup import LookupBase

from ..plugin_utils._input.read import read_variables


class LookupModule(LookupBase):
    """Read variables, those that cannot be read included."""

    def run(self, terms: list[str], variables: dict[str, Any] | None = None, **_kwargs: Any) -> list[dict[str, Any]]:
        known = variables or {}
        beginnings = tuple(term for term in terms if term.endswith("_"))
        names = [name for name in known if name in terms or name.startswith(beginnings)]
        return [read_variables(self._templar, known, names)]
