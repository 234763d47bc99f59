# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: haproxy_sections
short_description: Complete HAProxy's sections
version_added: 0.1.0
description:
  - Fills in what an inventory leaves out, merges the defaults of each kind into its items, and writes options as words,
    so that a template only prints.
positional: base
options:
  _input:
    description: The variables of the role haproxy by their names.
    type: dict
    required: true
  base:
    description:
      - What the variables' dicts are merged over. C(options) and C(server) by mode, C(timeouts), C(health_check) and
        C(client_limits).
      - C(newer_curves), names of curves that the host's OpenSSL knows besides those of the profile, and
        C(certificate_store), a directory that may be empty.
      - C(host), lines that say what memory and how many file descriptors the host has.
    type: dict
    required: true
author:
  - The evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
sections: "{{ __haproxy_variables | evenkeel.ha_web.haproxy_sections(__haproxy_base) }}"
"""

RETURN = r"""
_value:
  description:
    - C(defaults), C(proxies), C(peers) and C(userlists) in the order in which they are printed, every key present;
      C(maxconn), the limits of the process and of the role's own listeners; C(tls), lines of the global section; the
      addresses of the role's own listeners, C(health_bind) and C(stats_bind); and C(checked), names of the backends
      that check all of their servers.
  type: dict
"""

from ..plugin_utils._haproxy.limits import limits
from ..plugin_utils._haproxy.sections import sections
from ..plugin_utils._input.text import decrypted


def complete(variables: dict, base: dict) -> dict:
    """The sections, with limits that suit the host."""
    return sections(variables, {**base, "limits": limits(variables, base["host"])})


class FilterModule:
    """Complete HAProxy's sections."""

    def filters(self) -> dict:
        return {"haproxy_sections": decrypted(complete)}
