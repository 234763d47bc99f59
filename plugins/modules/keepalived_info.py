#!/usr/bin/python
# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: keepalived_info
short_description: Say who holds which VIP, as keepalived itself sees it
version_added: 0.1.0
description:
  - Asks the keepalived that runs on the host for the state of its VRRP instances, by the signal that makes it write a JSON file.
  - Changes nothing, and needs no keepalived on the host.
options:
  timeout:
    description: Seconds within which keepalived has to answer.
    type: float
    default: 5
attributes:
  check_mode:
    description: It only reads.
    support: full
  diff_mode:
    description: There is no change to show.
    support: none
author:
  - The evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
- name: See who holds the VIP
  evenkeel.ha_web.keepalived_info:
  register: vrrp

- name: Name the instances whose addresses this host holds
  ansible.builtin.debug:
    msg: "{{ vrrp.instances | selectattr('state', 'eq', 'MASTER') | map(attribute='name') }}"
"""

RETURN = r"""
running:
  description: Whether keepalived runs.
  type: bool
  returned: always
instances:
  description: The VRRP instances; none where keepalived does not run.
  type: list
  elements: dict
  returned: always
  contains:
    name:
      description: Name of the instance.
      type: str
    state:
      description: V(MASTER), V(BACKUP), V(FAULT) or V(INIT).
      type: str
    virtual_router_id:
      description: The router id.
      type: int
    priority:
      description: The priority of the configuration.
      type: int
    effective_priority:
      description: The priority with the weights of what is tracked.
      type: int
    standing_by:
      description:
        - Whether a planned move keeps its addresses away from this host. That is over with the playbook that moves, unless somebody has
          ended it in the middle; then the next one ends it.
      type: bool
    addresses:
      description: Its virtual addresses with their prefixes, whoever holds them.
      type: list
      elements: str
    connections:
      description:
        - Number of established TCP connections that the host has at these addresses. With
          O(evenkeel.ha_web.keepalived#role:main:keepalived_second_chance) a node goes on serving its own after the addresses have moved.
      type: int
    seconds_in_state:
      description: Seconds since the last change of the state.
      type: float
    times_master:
      description: How often it has become master since keepalived has started.
      type: int
    adverts_received:
      description: Number of adverts since keepalived has started.
      type: int
    adverts_sent:
      description: Number of adverts since keepalived has started.
      type: int
peers_heard:
  description:
    - Addresses of the peers that take over connections now, where O(evenkeel.ha_web.keepalived#role:main:keepalived_second_chance) is on.
  type: list
  elements: str
  returned: always
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.evenkeel.ha_web.plugins.module_utils._vrrp_state import NoAnswer, state


def main() -> None:
    module = AnsibleModule(argument_spec={"timeout": {"type": "float", "default": 5}}, supports_check_mode=True)
    try:
        module.exit_json(changed=False, **state(module.run_command, module.params["timeout"]))
    except NoAnswer as error:
        module.fail_json(msg=str(error))


if __name__ == "__main__":
    main()
