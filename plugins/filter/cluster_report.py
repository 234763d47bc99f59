# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: cluster_report
short_description: Judge what all hosts of a cluster say of themselves
version_added: 0.1.0
description:
  - Puts together what M(evenkeel.ha_web.keepalived_info) and M(evenkeel.ha_web.haproxy_info) have returned of every
    load balancer, and says what is wrong, with a single host and between them.
options:
  _input:
    description:
      - What the modules have returned, by the names of the hosts. C(keepalived) and C(haproxy) of a load balancer,
        C(nginx) (of M(evenkeel.ha_web.nginx_info)) and C(unfinished) (of M(ansible.builtin.find)) of a web server.
      - A host that cannot be reached, or a module that has failed, is part of what is wrong.
    type: dict
    required: true
  certificate_days:
    description: A certificate that ends within so many days is wrong.
    type: int
    default: 14
author:
  - The evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
report: "{{ {'lb1': {'haproxy': haproxy, 'keepalived': vrrp}} | evenkeel.ha_web.cluster_report(certificate_days=30) }}"
"""

RETURN = r"""
_value:
  description:
    - C(healthy) is whether nothing is wrong. C(findings) is what is, each with C(hosts), C(what), C(remedy), and
      C(harmless) if it does not count as wrong.
    - C(vips) has every VRRP instance with its C(addresses), C(holders), C(seconds_held), and on its C(nodes) C(state),
      C(priority), C(seconds_in_state) and C(transitions).
    - C(load_balancers) has versions, reloads and configurations, C(frontends) the C(sessions) that each has and their
      C(limit) by load balancer, C(backends) the number of servers that are C(up), C(down) and C(out), C(certificates)
      those of every load balancer, C(web_servers) whether they run what is on disk.
  type: dict
"""

from ..plugin_utils._status.report import build_report


class FilterModule:
    """Judge what all hosts of a cluster say of themselves."""

    def filters(self) -> dict:
        return {"cluster_report": build_report}
