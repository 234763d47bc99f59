# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: nginx_plan
short_description: Check the variables of the role nginx and derive what its templates print
version_added: 0.1.0
description:
  - Merges the defaults of settings, upstreams and sites.
  - Reports values of a wrong type, variables that the role does not have, and what cannot work together, such as one
    server name twice on one port, or TLS without a certificate.
  - Writes the settings of every context, log formats, upstreams and sites as nginx reads them.
positional: base, options, facts
options:
  _input:
    description: The variables of the role P(evenkeel.ha_web.nginx#role) by their names.
    type: dict
    required: true
  base:
    description: The defaults below those of the inventory, as the dicts C(main), C(http), C(upstream) and C(site).
    type: dict
    required: true
  reached:
    description: The address at whose port 80 the load balancers ask this host. Empty if that is not known.
    type: str
    default: ""
extends_documentation_fragment: [evenkeel.ha_web.plan, evenkeel.ha_web.earlier]
author:
  - The evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
plan: "{{ variables | evenkeel.ha_web.nginx_plan(base, options, ansible_facts) }}"
"""

RETURN = r"""
_value:
  description:
    - C(problems), one line for each, C(model), which is empty if there are problems, and C(names), the services of this
      plan and of those before.
    - The model has the lists C(main), C(events) and C(http) of lines, C(upstreams) and C(sites) as the templates print
      them, C(health_url) (empty if no site can be asked), C(status_address), C(confined), C(content_directories), and
      C(container) with its C(ports) and C(roots).
  type: dict
"""

from ..plugin_utils._input.plan import with_sources
from ..plugin_utils._input.text import with_decrypted_texts
from ..plugin_utils._nginx.plan import plan


class FilterModule:
    """Check the variables of the role nginx and derive what its templates print."""

    def filters(self) -> dict:
        return {"nginx_plan": with_decrypted_texts(with_sources(plan))}
