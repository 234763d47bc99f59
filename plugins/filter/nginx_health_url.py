# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: nginx_health_url
short_description: Find a URL at which nginx on the same host says that it is well
version_added: 0.1.0
description:
  - Takes the first listener of the sites that speaks plain HTTP or HTTPS.
positional: health_location
options:
  _input:
    description: The sites of O(evenkeel.ha_web.nginx#role:main:nginx_sites).
    type: list
    elements: dict
    required: true
  health_location:
    description: The path that every site answers. Without one there is no URL.
    type: str
    required: true
author:
  - The evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
url: "{{ [{'listens': ['8080 default_server']}] | evenkeel.ha_web.nginx_health_url('/healthz') }}"
# http://127.0.0.1:8080/healthz
"""

RETURN = r"""
_value:
  description: The URL, or nothing.
  type: str
"""

from ..plugin_utils._nginx.model import health_url


class FilterModule:
    """Find a URL at which nginx on the same host says that it is well."""

    def filters(self) -> dict:
        return {"nginx_health_url": health_url}
