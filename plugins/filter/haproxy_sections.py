# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: haproxy_sections
short_description: Complete HAProxy's sections
version_added: 0.1.0
description:
  - Fills in what an inventory leaves out of frontends, backends and listens, and merges the defaults into every server.
positional: mode, server_defaults
options:
  _input:
    description: Lists named C(frontends), C(backends) and C(listens).
    type: dict
    required: true
  mode:
    description: The mode of sections that name none.
    type: str
    required: true
  server_defaults:
    description: Options of every server.
    type: dict
    required: true
author:
  - The evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
sections: "{{ {'frontends': [], 'backends': haproxy_backends, 'listens': []} | evenkeel.ha_web.haproxy_sections('http', {}) }}"
"""

RETURN = r"""
_value:
  description: The same lists, every key present.
  type: dict
"""

from ansible_collections.evenkeel.ha_web.plugins.module_utils._haproxy_model import sections


class FilterModule:
    """Complete HAProxy's sections."""

    def filters(self) -> dict:
        return {"haproxy_sections": sections}
