# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: drill_health
short_description: Check whether a cluster is healthy between two faults of a drill
version_added: 0.1.0
description:
  - For the playbook C(evenkeel.ha_web.drill_failover), which waits until there is no problem.
  - Every instance has to have one holder, and wait on all other nodes. Every load balancer has to give requests to the
    servers that had some when the drill began. Every node has to announce its anycast addresses, to every router.
positional: asked, normal
options:
  _input:
    description: The results of M(evenkeel.ha_web.keepalived_info), one for each load balancer, in a loop whose variable
      is C(__node).
    type: list
    elements: dict
    required: true
  asked:
    description: The results of M(evenkeel.ha_web.haproxy_server) for all servers, in a loop of the same kind.
    type: list
    elements: dict
    required: true
  normal:
    description: The C(rotation) when the drill began; empty where nothing is to be compared.
    type: dict
    required: true
  announced:
    description: The results of M(evenkeel.ha_web.bird_info), in a loop of the same kind.
    type: list
    elements: dict
    default: []
author:
  - The evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
health: "{{ seen.results | evenkeel.ha_web.drill_health(asked.results, {}) }}"
"""

RETURN = r"""
_value:
  description:
    - C(holders) by instance, C(rotation) (backends and names of the servers that get requests, by load balancer) and
      C(problems), which is empty if the cluster is healthy.
  type: dict
"""

from ..plugin_utils._drill.health import health


class FilterModule:
    """Check whether a cluster is healthy between two faults of a drill."""

    def filters(self) -> dict:
        return {"drill_health": health}
