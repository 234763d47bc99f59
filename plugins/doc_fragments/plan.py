# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """Options that the plan filters of all roles have."""

    DOCUMENTATION = r"""
options:
  options:
    description: The options of the role, as its C(argument_specs) has them.
    type: dict
    required: true
  facts:
    description: The variable C(ansible_facts), for the distribution, the interfaces and the addresses of the host. A
      system on which the role cannot work is a problem; of one on which it is not tested, Ansible prints a warning.
    type: dict
    required: true
  sources:
    description: Words of problems, and what to write in their place, such as the name of the variable of the inventory
      from which a playbook derives one of the role.
    type: dict
    default: {}
"""
