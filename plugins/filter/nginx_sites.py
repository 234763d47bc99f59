# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: nginx_sites
short_description: Complete nginx's sites
version_added: 0.1.0
description:
  - Fills in what an inventory leaves out.
positional: web_root
options:
  _input:
    description: The sites.
    type: list
    elements: dict
    required: true
  web_root:
    description: Folder of the sites that name no root.
    type: str
    required: true
author:
  - The evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
sites: "{{ nginx_sites | evenkeel.ha_web.nginx_sites('/var/www') }}"
"""

RETURN = r"""
_value:
  description: The same sites, every key present.
  type: list
  elements: dict
"""

from ansible_collections.evenkeel.ha_web.plugins.module_utils._nginx_model import sites


class FilterModule:
    """Complete nginx's sites."""

    def filters(self) -> dict:
        return {"nginx_sites": sites}
