# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: site_summary
short_description: Summarize a deployment in a few lines
version_added: 0.2.0
description:
  - For the end of the playbook C(evenkeel.ha_web.site).
  - Writes where the site is, which node holds each VIP, which hosts have changed, and the next commands.
positional: addresses, frontends, changed, hosts, folder, inventories
options:
  _input:
    description: What M(evenkeel.ha_web.keepalived_info) has returned of every load balancer, by the names of the hosts.
    type: dict
    required: true
  addresses:
    description: Addresses that clients use, with or without a prefix length.
    type: list
    elements: str
    required: true
  frontends:
    description: HAProxy's frontends, as the role's variable has them.
    type: list
    elements: dict
    required: true
  changed:
    description: Names of the hosts that were changed.
    type: list
    elements: str
    required: true
  hosts:
    description: Names of all hosts, in order.
    type: list
    elements: str
    required: true
  folder:
    description: Directory of the playbooks.
    type: str
    required: true
  inventories:
    description: Inventories for the commands.
    type: list
    elements: str
    required: true
  trial:
    description: Whether the run was in check mode.
    type: bool
    default: false
author:
  - The evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
lines: "{{ seen | evenkeel.ha_web.site_summary(['192.0.2.10/24'], haproxy_frontends, ['lb1'], ['lb1', 'lb2'],
  playbook_dir, ansible_inventory_sources) }}"
"""

RETURN = r"""
_value:
  description: The lines.
  type: list
  elements: str
"""

from ..plugin_utils._cluster.summary import summarize_site


class FilterModule:
    """Summarize a deployment in a few lines."""

    def filters(self) -> dict:
        return {"site_summary": summarize_site}
