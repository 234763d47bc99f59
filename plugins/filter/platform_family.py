# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: platform_family
short_description: Find the family of a host's operating system, and warn of one that is not tested
version_added: 0.2.0
description:
  - Returns the family, for the name of a file with variables. Prints a warning for a system on which the roles are not
    tested.
  - A system on which the roles cannot work has the variables of Debian; the filters that plan a role refuse it.
options:
  _input:
    description: The host's C(ansible_facts).
    type: dict
    required: true
author:
  - The evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
- name: Load the platform's variables
  ansible.builtin.include_vars: "{{ ansible_facts | evenkeel.ha_web.platform_family }}.yml"
"""

RETURN = r"""
_value:
  description: V(Debian) or V(RedHat).
  type: str
"""

from collections.abc import Mapping
from typing import Any

from ansible.utils.display import Display

from ..plugin_utils._input.platform import FAMILIES, find_problem, find_warning


def find_family(facts: Mapping[str, Any]) -> str:
    """Return the family, or that whose variables stand in for it."""
    if not find_problem(facts) and (warning := find_warning(facts)):
        Display().warning(warning)
    family = str(facts["os_family"])
    return family if family in FAMILIES else FAMILIES[0]


class FilterModule:
    """Find the family of a host's operating system."""

    def filters(self) -> dict:
        return {"platform_family": find_family}
