#!/usr/bin/python
# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: keepalived_info
short_description: Report the state of every VRRP instance of keepalived
version_added: 0.1.0
description:
  - Asks the keepalived that runs on the host for the state of its VRRP instances, by the signal that makes it write a
    JSON file.
  - Reads its configuration and the addresses of the host, so that what should be can be told from what is.
  - Changes nothing, and needs no keepalived on the host.
options:
  timeout:
    description: Seconds within which keepalived has to answer.
    type: float
    default: 5
  settle:
    description:
      - How many seconds at most to wait while a state is so new that it may be about to change, as it is just after
        keepalived has started.
    type: float
    default: 0
  directory:
    description: The configuration directory, with C(keepalived.conf) in it.
    type: path
    default: /etc/keepalived
extends_documentation_fragment: [evenkeel.ha_web.reads]
author:
  - The evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
- name: Read the VRRP states
  evenkeel.ha_web.keepalived_info:
  register: vrrp

- name: List the instances whose addresses this host holds
  ansible.builtin.debug:
    msg: "{{ vrrp.instances | selectattr('state', 'eq', 'MASTER') | map(attribute='name') }}"
"""

RETURN = r"""
running:
  description: Whether keepalived runs.
  type: bool
  returned: always
rt_priority:
  description: The real-time priority that the configuration on disk asks for; 0 for none.
  type: int
  returned: always
realtime:
  description: Whether keepalived's VRRP process runs with real-time priority.
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
        - Whether a planned move keeps its addresses away from this host. That is over with the playbook that moves,
          unless somebody has ended it in the middle; then the next one ends it.
      type: bool
    addresses:
      description: Its virtual addresses with their prefixes, whoever holds them.
      type: list
      elements: str
    connections:
      description:
        - Number of established TCP connections that the host has at these addresses. With
          O(evenkeel.ha_web.keepalived#role:main:keepalived_second_chance) a node goes on serving its own after the
          addresses have moved.
      type: int
    clients:
      description: The first five of these connections, each by the client's address and port.
      type: list
      elements: str
    seconds_in_state:
      description: Seconds since the last change of the state.
      type: float
    times_master:
      description: How often it has become master since keepalived has started.
      type: int
    times_released:
      description: How often it has given the addresses away since keepalived has started.
      type: int
    adverts_received:
      description: Number of adverts since keepalived has started.
      type: int
    adverts_sent:
      description: Number of adverts since keepalived has started.
      type: int
    adverts_refused:
      description:
        - How many packets of others it has thrown away since keepalived has started, by the reason in the words of its
          statistics, such as C(auth_failure). Reasons that have not occurred are left out.
      type: dict
version:
  description: keepalived's version; empty if it does not run.
  type: str
  returned: always
uptime:
  description: Seconds since keepalived was started; 0 if it does not run.
  type: int
  returned: always
configuration:
  description: The configuration directory.
  type: dict
  returned: always
  contains:
    digest:
      description: A checksum of all files in it; empty if there is no such directory.
      type: str
    pending:
      description:
        - What is missing until the daemon runs what is on disk, in the words of
          RV(evenkeel.ha_web.config_transaction#module:action). Empty if it does, or if there is no such directory.
      type: str
    unconfined:
      description:
        - Whether the daemon was started before its unit was confined, as one is that ran when its role was first
          applied. It is confined from its next start on.
      type: bool
configured:
  description: The instances of the configuration on disk, whether keepalived runs or not.
  type: list
  elements: dict
  returned: always
  contains:
    name:
      description: Name of the instance.
      type: str
    interface:
      description: Where its adverts are sent.
      type: str
    virtual_router_id:
      description: The router id.
      type: int
    vrrp_version:
      description: 2 or 3.
      type: int
    priority:
      description: The priority.
      type: int
    preempt:
      description: Whether a node takes the addresses from one of lower priority.
      type: bool
    advert_int:
      description: Seconds between two adverts.
      type: float
    down_timer_adverts:
      description: How many adverts have to be missed.
      type: int
    source:
      description: The address from which adverts are sent; empty if keepalived chooses it.
      type: str
    peers:
      description: The addresses to which adverts are sent; none for multicast.
      type: list
      elements: str
    addresses:
      description: The virtual addresses without prefixes, the excluded ones among them, as C(address) and C(interface).
      type: list
      elements: dict
    weights:
      description: The weights other than 0 of what it watches, without those of C(keepalived_yield_urls), which are no
        failures.
      type: list
      elements: int
    sync_group:
      description: Name of its group, empty if it is in none.
      type: str
scripts:
  description: The check scripts of the configuration on disk, without those that ask a URL, which keep their time
    themselves.
  type: list
  elements: dict
  returned: always
  contains:
    name:
      description: Name of the script.
      type: str
    interval:
      description: Seconds between two runs.
      type: float
    timeout:
      description: Seconds after which a run that has not ended counts as failed.
      type: float
    fall:
      description: How many runs in a row have to fail.
      type: int
watched:
  description:
    - The content of every file that the configuration has keepalived watch, by its path; null if there is no such file.
      Without a weight, anything but C(0) means FAULT.
  type: dict
  returned: always
kept_out:
  description:
    - The peers whose adverts the host's firewall drops, each with the rule, by the names of the instances; C(any)
      stands for all who send multicast. The rules of iptables and nftables are read, and those whose conditions are not
      understood are left out.
  type: dict
  returned: always
problems:
  description: Why the configuration on disk cannot fail over, one sentence for each reason.
  type: list
  elements: str
  returned: always
host_addresses:
  description: The addresses of the host's interfaces, as C(address) and C(interface).
  type: list
  elements: dict
  returned: always
peers_heard:
  description:
    - Addresses of the peers that take over connections now, where
      O(evenkeel.ha_web.keepalived#role:main:keepalived_second_chance) is on.
  type: list
  elements: str
  returned: always
kernel_deviations:
  description:
    - What the kernel does not hold as the role has declared it, one sentence for each address, parameter, chain or
      table that differs. C(keepalived-kernel.service) restores it within a second, so this is empty unless that does
      not run or somebody works against it.
  type: list
  elements: str
  returned: always
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._deployed.manifest import SetError
from ..module_utils._host.run import run
from ..module_utils._keepalived.state import NoAnswer, state


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "timeout": {"type": "float", "default": 5},
            "settle": {"type": "float", "default": 0},
            "directory": {"type": "path", "default": "/etc/keepalived"},
        },
        supports_check_mode=True,
    )
    params = module.params

    try:
        found = state(run, params["timeout"], params["directory"], params["settle"])
    except (NoAnswer, SetError, OSError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, **found)


if __name__ == "__main__":
    main()
