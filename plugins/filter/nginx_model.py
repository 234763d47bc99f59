# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: nginx_model
short_description: Write what an inventory says of nginx as lines
version_added: 0.1.0
description:
  - Writes the settings of every context, log formats, upstreams and sites as nginx has to read them, and fills in what
    sites leave out.
options:
  _input:
    description:
      - The variables of the role P(evenkeel.ha_web.nginx#role) without their prefix C(nginx_); settings, sites and
        upstreams have their defaults.
    type: dict
    required: true
author:
  - The evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
sites: "{{ (declared | evenkeel.ha_web.nginx_model).sites }}"
"""

RETURN = r"""
_value:
  description: The lists C(main), C(events) and C(http) of lines, and the lists C(upstreams) and C(sites) as the
    templates print them.
  type: dict
"""

from ..plugin_utils._input.text import decrypted
from ..plugin_utils._nginx.model import model


class FilterModule:
    """Write what an inventory says of nginx as lines."""

    def filters(self) -> dict:
        return {"nginx_model": decrypted(model)}
