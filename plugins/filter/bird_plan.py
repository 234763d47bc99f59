# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: bird_plan
short_description: Check the variables of the role bird and derive what its templates print
version_added: 0.2.0
description:
  - Merges the defaults of peers, and derives the router id from the host's IPv4 address.
  - Reports values of a wrong type, variables that the role does not have, and what cannot work, such as an AS number
    that cannot be used, an address that a host has, or a peer in no network of the host.
positional: base, options, facts
options:
  _input:
    description: The variables of the role P(evenkeel.ha_web.bird#role) by their names.
    type: dict
    required: true
  base:
    description: C(peer), the defaults below those of the inventory; C(directory) and C(socket) of the running BIRD.
    type: dict
    required: true
extends_documentation_fragment: [evenkeel.ha_web.plan]
author:
  - The evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
plan: "{{ variables | evenkeel.ha_web.bird_plan(base, options, ansible_facts) }}"
"""

RETURN = r"""
_value:
  description:
    - C(problems), one line for each, and C(model), which is empty if there are problems.
    - The model has C(router_id), C(bfd), C(statics) (protocols with the routes), C(peers) and C(lines) as the template
      prints them; C(guards), who may reach BGP and BFD; C(announce), the settings of the role's own program; and
      C(secrets), the passwords.
  type: dict
"""

from ..plugin_utils._bird.plan import plan
from ..plugin_utils._input.plan import with_sources
from ..plugin_utils._input.text import with_decrypted_texts


class FilterModule:
    """Check the variables of the role bird and derive what its templates print."""

    def filters(self) -> dict:
        return {"bird_plan": with_decrypted_texts(with_sources(plan))}
