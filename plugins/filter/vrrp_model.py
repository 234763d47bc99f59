# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: vrrp_model
short_description: Derive what keepalived runs on one node
version_added: 0.1.0
description:
  - Derives priorities, source addresses and unicast peers from the ordered lists of nodes, gives every address its device and
    every instance what it tracks.
  - An instance whose C(nodes) does not name the node is left out.
options:
  _input:
    description:
      - The lists C(nodes), C(instances), C(sync_groups), C(scripts), C(track_files) and C(track_processes) of the role
        P(evenkeel.ha_web.keepalived#role), every item with its defaults.
      - C(node), the name of the node; C(timing), the values of the timing profile; C(reports), lists of the names of track files
        that are written on the host, by their folders; C(texts), further variables of one line each.
    type: dict
    required: true
author:
  - The evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
instances: "{{ (declared | evenkeel.ha_web.vrrp_model).instances }}"
"""

RETURN = r"""
_value:
  description: The lists C(instances), C(sync_groups), C(scripts), C(track_files) and C(track_processes) as the template prints them.
  type: dict
"""

from ansible_collections.evenkeel.ha_web.plugins.module_utils._vrrp_model import model


class FilterModule:
    """Derive what keepalived runs on one node."""

    def filters(self) -> dict:
        return {"vrrp_model": model}
