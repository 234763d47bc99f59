#!/usr/bin/python
# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vrrp_strangers
short_description: Fail if another host uses the virtual router id or a VIP
version_added: 0.1.0
description:
  - Listens on the network before keepalived starts, and fails if a host other than the cluster's nodes is master of one
    of its virtual routers. Two clusters with the same id would take each other's addresses over.
  - Hears only multicast adverts, of VRRP and CARP. Unicast adverts never reach this host. A cluster that sends none
    during the test is not found. Does not listen for adverts if keepalived already runs.
  - Asks by ARP and by neighbour discovery who has the addresses that the host is about to hold, and fails if it is this
    host itself, or a machine that is none of the nodes. The questions are those of hosts that look for a duplicate of
    an address, so no machine changes what it remembers of it.
  - A machine is a node if its MAC address answers for the address of a node too, is one of O(link_addresses), or is the
    virtual one of the address's own virtual router.
  - Changes nothing.
options:
  routers:
    description: Virtual routers with multicast adverts that the host is about to join.
    type: list
    elements: dict
    default: []
    suboptions:
      interface:
        description: Name of the interface.
        type: str
        required: true
      virtual_router_id:
        description: Virtual router id, 1-255.
        type: int
        required: true
  addresses:
    description:
      - VIPs that the host is about to hold. Those in O(directory) already are left out, because this host or another
        node can have them.
    type: list
    elements: dict
    default: []
    suboptions:
      address:
        description: The VIP, with or without its prefix length.
        type: str
        required: true
      interface:
        description: Name of the interface that the VIP will be on.
        type: str
        required: true
      virtual_router_id:
        description: Virtual router id of its instance, 1-255.
        type: int
        required: true
    version_added: 0.2.0
  link_addresses:
    description: MAC addresses of the nodes, as far as they are known.
    type: list
    elements: str
    default: []
    version_added: 0.2.0
  directory:
    description: Configuration directory with C(keepalived.conf).
    type: path
    default: /etc/keepalived
    version_added: 0.2.0
  nodes:
    description: Addresses of the cluster's nodes. Their adverts are accepted.
    type: list
    elements: str
    required: true
  seconds:
    description: Seconds to listen, for adverts and again for answers. Adverts with a longer interval may be missed.
    type: float
    default: 1.3
extends_documentation_fragment: [evenkeel.ha_web.reads]
author:
  - The evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
- name: Fail if another host uses the virtual router id or the VIP
  evenkeel.ha_web.vrrp_strangers:
    routers:
      - interface: eth0
        virtual_router_id: 51
    addresses:
      - address: 192.0.2.10/24
        interface: eth0
        virtual_router_id: 51
    nodes: [192.0.2.11, 192.0.2.12]
"""

RETURN = r"""
listened:
  description: Whether the module has listened for adverts. It does not if keepalived runs.
  type: bool
  returned: success
asked:
  description: The addresses for which the module has asked, without those that the host is configured to hold.
  type: list
  elements: str
  returned: success
  version_added: 0.2.0
"""

from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._address import canonical
from ..module_utils._host.run import Run, run_or_fail
from ..module_utils._host.system import Host, host_addresses
from ..module_utils._host.unit import Unit
from ..module_utils._keepalived.conf import parse
from ..module_utils._keepalived.neighbours import Vip, find_foreign_owners
from ..module_utils._keepalived.setup import setup
from ..module_utils._keepalived.strangers import find_strangers, hear_adverts


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "routers": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {
                    "interface": {"type": "str", "required": True},
                    "virtual_router_id": {"type": "int", "required": True},
                },
            },
            "addresses": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {
                    "address": {"type": "str", "required": True},
                    "interface": {"type": "str", "required": True},
                    "virtual_router_id": {"type": "int", "required": True},
                },
            },
            "link_addresses": {"type": "list", "elements": "str", "default": []},
            "directory": {"type": "path", "default": "/etc/keepalived"},
            "nodes": {"type": "list", "elements": "str", "required": True},
            "seconds": {"type": "float", "default": 1.3},
        },
        supports_check_mode=True,
    )
    run = run_or_fail(module)
    params = module.params
    vips = list_new_vips(params)
    listens = bool(params["routers"]) and not Unit("keepalived", run).state().active
    try:
        problems = [
            *(find_routers(params) if listens else []),
            *find_own_addresses(vips, run),
            *(describe_strangers(vips, params) if vips else []),
        ]
    except (OSError, ValueError) as error:
        interfaces = {place["interface"] for place in [*params["routers"], *vips]}
        module.fail_json(msg=f"cannot find out who else is on the network of {', '.join(sorted(interfaces))}: {error}")
    if problems:
        module.fail_json(msg="\n".join(problems))
    module.exit_json(changed=False, listened=listens, asked=[vip["address"] for vip in vips])


def find_routers(params: dict[str, Any]) -> list[str]:
    """One line for each other master of a virtual router."""
    wanted = [(router["interface"], router["virtual_router_id"]) for router in params["routers"]]
    heard = hear_adverts([interface for interface, _vrid in wanted], params["seconds"])
    return [
        f"virtual_router_id {sender.virtual_router_id} is used on {sender.interface} by {sender.address}, "
        "which is none of this cluster's nodes: choose another id, or name the node in keepalived_nodes"
        for sender in find_strangers(heard, wanted, params["nodes"])
    ]


def list_new_vips(params: dict[str, Any]) -> list[Vip]:
    """The addresses that the host is not configured to hold."""
    try:
        whole = parse(str(Path(params["directory"]) / "keepalived.conf"), Host())
    except OSError:
        configured = set()
    else:
        configured = {place["address"] for instance in setup(whole) for place in instance["addresses"]}
    vips: list[Vip] = [{**item, "address": canonical(item["address"].split("/")[0])} for item in params["addresses"]]
    return [vip for vip in vips if vip["address"] not in configured]


def find_own_addresses(vips: list[Vip], run: Run) -> list[str]:
    """One line for each address that this host has already, which a stop of keepalived would remove."""
    places = {place["address"]: place["interface"] for place in host_addresses(run(["ip", "-json", "address"])[1])}
    return [
        f"{vip['address']} is an address of this host already, on {places[vip['address']]}, and keepalived is not "
        "configured to hold it: choose a VIP that no host has, or remove the address from the host"
        for vip in vips
        if places.get(vip["address"], "lo") != "lo"
    ]


def describe_strangers(vips: list[Vip], params: dict[str, Any]) -> list[str]:
    """One line for each machine that answers for an address and is no node."""
    return [
        f"{answer.address} is in use: the machine with the MAC address {answer.link_address} answers for it on "
        f"{answer.interface}, and it is none of this cluster's nodes. Choose a VIP that no host has, or take it from "
        "that machine; keepalived_check_addresses: false is for networks in which a router answers for every address"
        for answer in find_foreign_owners(vips, params["nodes"], params["link_addresses"], params["seconds"])
    ]


if __name__ == "__main__":
    main()
