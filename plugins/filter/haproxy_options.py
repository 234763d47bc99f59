# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: haproxy_options
short_description: Write data as the words of a HAProxy line
version_added: 0.1.0
description:
  - True is the name alone, false is left out, everything else is name and value.
options:
  _input:
    description: Names and values.
    type: dict
    required: true
author:
  - The evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
line: "server web1 192.0.2.21:80 {{ {'check': true, 'inter': '1s'} | evenkeel.ha_web.haproxy_options }}"
"""

RETURN = r"""
_value:
  description: The words.
  type: str
"""

from ansible_collections.evenkeel.ha_web.plugins.module_utils._haproxy_model import options


class FilterModule:
    """Write data as the words of a HAProxy line."""

    def filters(self) -> dict:
        return {"haproxy_options": options}
