# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: nginx_problems
short_description: Name what cannot work in what nginx is to run
version_added: 0.1.0
description:
  - Rules across sites and upstreams, such as one server name twice on one port, or TLS without a certificate.
options:
  _input:
    description: The same as for P(evenkeel.ha_web.nginx_model#filter).
    type: dict
    required: true
author:
  - The evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
that: declared | evenkeel.ha_web.nginx_problems is falsy
"""

RETURN = r"""
_value:
  description: One line for each problem; empty where there is none.
  type: list
  elements: str
"""

from ..plugin_utils._input.text import decrypted
from ..plugin_utils._nginx.problems import problems


class FilterModule:
    """Name what cannot work in what nginx is to run."""

    def filters(self) -> dict:
        return {"nginx_problems": decrypted(problems)}
