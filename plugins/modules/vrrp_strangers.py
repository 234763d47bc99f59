#!/usr/bin/python
# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vrrp_strangers
short_description: Fail if another host uses the virtual router id
version_added: 0.1.0
description:
  - Listens on the network before keepalived starts, and fails if a host other than the cluster's nodes is master of one
    of its virtual routers. Two clusters with the same id would take each other's addresses over.
  - Hears only multicast adverts, of VRRP and CARP. Unicast adverts never reach this host. A cluster that sends none
    during the test is not found.
  - Changes nothing. Does not listen if keepalived already runs.
options:
  routers:
    description: Virtual routers that the host is about to join.
    type: list
    elements: dict
    required: true
    suboptions:
      interface:
        description: Name of the interface.
        type: str
        required: true
      virtual_router_id:
        description: Virtual router id, 1-255.
        type: int
        required: true
  nodes:
    description: Addresses of the cluster's nodes. Their adverts are accepted.
    type: list
    elements: str
    required: true
  seconds:
    description: Seconds to listen. Adverts with a longer interval may be missed.
    type: float
    default: 1.3
extends_documentation_fragment: [evenkeel.ha_web.reads]
author:
  - The evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
- name: Fail if another host uses the virtual router id
  evenkeel.ha_web.vrrp_strangers:
    routers:
      - interface: eth0
        virtual_router_id: 51
    nodes: [192.0.2.11, 192.0.2.12]
"""

RETURN = r"""
listened:
  description: Whether the module has listened. It does not if keepalived runs.
  type: bool
  returned: success
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._host.run import run_or_fail
from ..module_utils._host.unit import Unit
from ..module_utils._keepalived.strangers import find_strangers, hear_adverts


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "routers": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": {
                    "interface": {"type": "str", "required": True},
                    "virtual_router_id": {"type": "int", "required": True},
                },
            },
            "nodes": {"type": "list", "elements": "str", "required": True},
            "seconds": {"type": "float", "default": 1.3},
        },
        supports_check_mode=True,
    )
    if Unit("keepalived", run_or_fail(module)).state().active:
        module.exit_json(changed=False, listened=False)
    wanted = [(router["interface"], router["virtual_router_id"]) for router in module.params["routers"]]
    try:
        found = find_strangers(
            hear_adverts([interface for interface, _vrid in wanted], module.params["seconds"]),
            wanted,
            module.params["nodes"],
        )
    except (OSError, ValueError) as error:
        module.fail_json(
            msg=f"cannot listen for VRRP routers on {', '.join(sorted({name for name, _vrid in wanted}))}: {error}"
        )
    if found:
        module.fail_json(
            msg="\n".join(
                f"virtual_router_id {sender.virtual_router_id} is used on {sender.interface} by {sender.address}, "
                "which is none of this cluster's nodes: choose another id, or name the node in keepalived_nodes"
                for sender in found
            )
        )
    module.exit_json(changed=False, listened=True)


if __name__ == "__main__":
    main()
