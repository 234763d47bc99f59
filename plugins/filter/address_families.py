# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: address_families
short_description: List the IP versions of addresses
version_added: 0.1.0
description:
  - Returns V(4), V(6) or both, for services that listen on all addresses of these versions.
  - The default without any address is V(4).
options:
  _input:
    description: Addresses, with or without prefix. Other texts are left out.
    type: list
    elements: str
    required: true
author:
  - The evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
versions: "{{ ['192.0.2.10/24', '2001:db8::10/64'] | evenkeel.ha_web.address_families }}" # [4, 6]
"""

RETURN = r"""
_value:
  description: The versions in order, each once.
  type: list
  elements: int
"""

from ..plugin_utils._cluster.nodes import list_families


class FilterModule:
    """List the IP versions of addresses."""

    def filters(self) -> dict:
        return {"address_families": list_families}
