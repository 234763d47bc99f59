# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: cluster_problems
short_description: Name what cannot work in the variables that the playbooks read
version_added: 0.1.0
description:
  - Looks at the variables of the VIPs and of the hosts' addresses, for values that YAML has changed, texts where lists
    are needed, and names where addresses are needed.
  - Reports variables whose names are nearly those of the playbooks.
  - Reports VIPs that no host can have, that a host has already or that are not the same on all load balancers, and
    hosts whose address is a loopback address.
positional: web_servers, hostvars
options:
  _input:
    description: Names of the load balancers.
    type: list
    elements: str
    required: true
  web_servers:
    description: Names of the web servers.
    type: list
    elements: str
    required: true
  hostvars:
    description: The variable C(hostvars).
    type: dict
    required: true
author:
  - The evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
that: groups['load_balancers'] | evenkeel.ha_web.cluster_problems(groups['web_servers'], hostvars) is falsy
"""

RETURN = r"""
_value:
  description: One line for each problem; empty where there is none.
  type: list
  elements: str
"""

from collections.abc import Mapping
from typing import Any

from ..plugin_utils._cluster.input import problems
from ..plugin_utils._cluster.names import find_misspelt_variables


def find_problems(load_balancers: list[str], web_servers: list[str], hostvars: Mapping[str, Any]) -> list[str]:
    """Misspelt names and wrong values of the variables of all hosts."""
    hosts = list(dict.fromkeys([*load_balancers, *web_servers]))
    return [*find_misspelt_variables(hosts, hostvars), *problems(load_balancers, web_servers, hostvars)]


class FilterModule:
    """Name what cannot work in the variables that the playbooks read."""

    def filters(self) -> dict:
        return {"cluster_problems": find_problems}
