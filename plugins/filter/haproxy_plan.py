# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: haproxy_plan
short_description: Check the variables of the role haproxy and derive what its templates print
version_added: 0.1.0
description:
  - Merges the defaults of each kind of section into its items.
  - Reports values of a wrong type, variables that the role does not have, what cannot work together, such as a
    default_backend that does not exist or two listeners on one port, and limits that the host cannot bear.
  - Fills in what an inventory leaves out, and writes options as words.
positional: base, options, facts
options:
  _input:
    description: The variables of the role P(evenkeel.ha_web.haproxy#role) by their names.
    type: dict
    required: true
  base:
    description:
      - The defaults below those of the inventory. C(options) by mode, C(server), C(timeouts), C(health_check) and
        C(client_limits).
      - C(certificate_store), a directory of certificates that may be empty.
    type: dict
    required: true
  resources:
    description:
      - Lines that say which packages, what memory and how many file descriptors the host has, of the package manager,
        C(/proc), cgroups and C(systemctl show). What they do not say is not checked.
    type: list
    elements: str
    default: []
extends_documentation_fragment: [evenkeel.ha_web.plan, evenkeel.ha_web.earlier]
author:
  - The evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
plan: "{{ variables | evenkeel.ha_web.haproxy_plan(base, options, ansible_facts) }}"
"""

RETURN = r"""
_value:
  description:
    - C(problems), one line for each, C(model), which is empty if there are problems, and C(names), the services of this
      plan and of those before.
    - The model has C(defaults), C(proxies), C(peers) and C(userlists) in the order in which they are printed, every key
      present; C(maxconn), the limits of the process and of the role's own listeners; C(tls), lines of the global
      section; C(health_bind) and C(stats_bind), the addresses of the role's own listeners; C(checked), names of the
      backends that check all of their servers; C(stats_userlist); C(health_url); C(secrets), the passwords;
      C(certificate_store), whether certificates of ACME clients are served; C(companions), units that run beside
      haproxy; C(confined); and C(container) with its C(ports).
  type: dict
"""

from ..plugin_utils._haproxy.plan import plan
from ..plugin_utils._input.plan import with_sources
from ..plugin_utils._input.text import with_decrypted_texts


class FilterModule:
    """Check the variables of the role haproxy and derive what its templates print."""

    def filters(self) -> dict:
        return {"haproxy_plan": with_decrypted_texts(with_sources(plan))}
