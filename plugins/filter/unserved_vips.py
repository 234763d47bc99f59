# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: unserved_vips
short_description: Find VIPs at which haproxy does not listen
version_added: 0.2.0
description:
  - Reports VIPs of an IP version for which no frontend and no listen of haproxy has a bind.
  - Reports nothing if haproxy listens nowhere, or at a name or environment variable, whose address only the host knows.
positional: proxies
options:
  _input:
    description: C(instances) of the model of P(evenkeel.ha_web.keepalived_plan#filter).
    type: list
    elements: dict
    required: true
  proxies:
    description: C(proxies) of the model of P(evenkeel.ha_web.haproxy_plan#filter).
    type: list
    elements: dict
    required: true
author:
  - The evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
that: keepalived_plan.model.instances | evenkeel.ha_web.unserved_vips(haproxy_plan.model.proxies) is falsy
"""

RETURN = r"""
_value:
  description: One line for each VIP.
  type: list
  elements: str
"""

from ..plugin_utils._cluster.served import find_unserved_vips


class FilterModule:
    """Find VIPs at which haproxy does not listen."""

    def filters(self) -> dict:
        return {"unserved_vips": find_unserved_vips}
