# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: certificates_missing
short_description: Find the certificates of ACME clients that a node lacks
version_added: 0.2.0
description:
  - For the deployment of a load balancer, which copies them from other nodes.
  - Names the certificates that the node does not have, or that have expired there. Each is copied from the node on
    which it is valid for longest.
positional: host
options:
  _input:
    description:
      - What a loop of M(evenkeel.ha_web.haproxy_certificates) over all nodes has returned (its C(results)). The loop's
        variable is C(__node).
    type: list
    elements: dict
    required: true
  host:
    description: Name of the node.
    type: str
    required: true
author:
  - The evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
missing: "{{ stores.results | evenkeel.ha_web.certificates_missing('lb2') }}"
"""

RETURN = r"""
_value:
  description: One item for every C(node) to copy from, with the C(names) of the certificates.
  type: list
  elements: dict
"""

from ..plugin_utils._cluster.certificates import find_missing


class FilterModule:
    """Find the certificates of ACME clients that a node lacks."""

    def filters(self) -> dict:
        return {"certificates_missing": find_missing}
