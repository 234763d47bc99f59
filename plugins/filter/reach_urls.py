# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: reach_urls
short_description: Choose servers by which a load balancer notices that it is cut off
version_added: 0.1.0
description:
  - For inventories that set C(keepalived_yield_urls) themselves.
  - Returns items of C(keepalived_yield_urls) for the first servers of HAProxy's backends, each host once.
  - Only servers of backends with an HTTP health check are chosen. A database would log every connection without a
    request, or ban its client.
  - Servers that are host names or sockets are left out.
options:
  _input:
    description: Backends, as C(haproxy_backends) and C(haproxy_listens) have them.
    type: list
    elements: dict
    required: true
  most:
    description: Maximum number of items.
    type: int
    default: 3
author:
  - The evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
keepalived_yield_urls: "{{ haproxy_backends | evenkeel.ha_web.reach_urls }}"
"""

RETURN = r"""
_value:
  description: Items with C(name) and C(url).
  type: list
  elements: dict
"""

from ..plugin_utils._haproxy.reach import reach_urls


class FilterModule:
    """Choose servers by which a load balancer notices that it is cut off."""

    def filters(self) -> dict:
        return {"reach_urls": reach_urls}
