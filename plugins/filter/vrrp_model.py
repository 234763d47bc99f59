# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: vrrp_model
short_description: Derive what keepalived runs on one node
version_added: 0.1.0
description:
  - Derives priorities, source addresses and unicast peers from the ordered lists of nodes, gives every address its
    device and every instance what it tracks.
  - An instance whose C(nodes) does not name the node is left out.
options:
  _input:
    description:
      - The lists C(nodes), C(instances), C(sync_groups), C(scripts), C(track_files) and C(track_processes) of the role
        P(evenkeel.ha_web.keepalived#role), every item with its defaults.
      - C(node), the name of the node; C(timing), the values of the timing profile; C(state_directory), the folder of
        the files with which a node is told to stand by.
      - C(reports), lists of the names of track files that are written on the host, by their folders; C(yields), the
        same of those that make the node give way.
      - For P(evenkeel.ha_web.vrrp_problems#filter) alone, C(files), C(urls), C(numbers) and C(texts), further variables
        of the role.
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
  description:
    - The lists C(instances), C(sync_groups), C(scripts), C(track_files) and C(track_processes) as the template prints
      them.
    - C(second_chance), what lets connections outlive a move, and C(multicast), interface and router id of every
      instance without unicast.
  type: dict
"""

from ..plugin_utils._input.text import decrypted
from ..plugin_utils._keepalived.model import model


class FilterModule:
    """Derive what keepalived runs on one node."""

    def filters(self) -> dict:
        return {"vrrp_model": decrypted(model)}
