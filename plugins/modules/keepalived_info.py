#!/usr/bin/python
# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: keepalived_info
short_description: Gather the state of keepalived and its VRRP instances
version_added: 0.1.0
description:
  - Reads the state of the VRRP instances from the running keepalived, which writes it to a JSON file on a signal.
  - Reads keepalived's configuration and the addresses of the host, so that the expected state can be compared with the
    actual state.
  - Changes nothing, and does not require keepalived on the host.
options:
  timeout:
    description: Seconds within which keepalived must answer.
    type: float
    default: 5
  settle:
    description:
      - Maximum number of seconds to wait while a state is so new that it may still change, such as just after the start
        of keepalived.
    type: float
    default: 0
  directory:
    description: Configuration directory with C(keepalived.conf).
    type: path
    default: /etc/keepalived
  neighbours:
    description:
      - Ask by ARP and by neighbour discovery which machines answer for the VIPs, for one second. The questions are
        those of hosts that look for a duplicate of an address, so no machine changes what it remembers of it.
    type: bool
    default: false
    version_added: 0.2.0
extends_documentation_fragment: [evenkeel.ha_web.reads]
author:
  - The evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
- name: Gather the state of keepalived
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
  description: Real-time priority in the configuration on disk. 0 for none.
  type: int
  returned: always
realtime:
  description: Whether the VRRP process runs with real-time priority.
  type: bool
  returned: always
instances:
  description: VRRP instances of the running keepalived. Empty if it does not run.
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
      description: Virtual router id.
      type: int
    priority:
      description: Configured priority.
      type: int
    effective_priority:
      description: Priority including the weights of tracked objects.
      type: int
    standing_by:
      description:
        - Whether a planned move keeps the addresses away from this host. It ends with the playbook that moves them. If
          that playbook was interrupted, its next run ends it.
      type: bool
    addresses:
      description: Virtual addresses with prefix length, on the holder and on backups.
      type: list
      elements: str
    connections:
      description:
        - Number of established TCP connections of this host to these addresses. With
          O(evenkeel.ha_web.keepalived#role:main:keepalived_second_chance), a node keeps serving its connections after
          the addresses have moved.
      type: int
    clients:
      description: Client address and port of the first five of these connections.
      type: list
      elements: str
    seconds_in_state:
      description: Seconds since the last change of the state. A reload that does not change the state does not count.
      type: float
    entered:
      description: States that the instance has entered since the host's boot according to the journal, the oldest
        first. A state that is entered twice in a row is listed once.
      type: list
      elements: dict
      contains:
        state:
          description: V(MASTER), V(BACKUP) or V(FAULT).
          type: str
        seconds_ago:
          description: Seconds since then.
          type: float
    times_master:
      description: Number of transitions to master since the start of keepalived.
      type: int
    times_released:
      description: Number of times the instance stopped being master since the start of keepalived.
      type: int
    adverts_received:
      description: Number of adverts received since the start of keepalived.
      type: int
    adverts_sent:
      description: Number of adverts sent since the start of keepalived.
      type: int
    adverts_refused:
      description:
        - Number of received packets that keepalived has discarded since its start, by the reason in its statistics,
          such as C(auth_failure). Reasons without packets are omitted.
      type: dict
version:
  description: Version of keepalived. Empty if it does not run.
  type: str
  returned: always
uptime:
  description: Seconds since the start of keepalived. 0 if it does not run.
  type: int
  returned: always
configuration:
  description: State of the configuration directory.
  type: dict
  returned: always
  contains:
    digest:
      description: Checksum of all files in the directory. Empty if it does not exist.
      type: str
    pending:
      description:
        - Action that makes the daemon run the configuration on disk, a value of
          RV(evenkeel.ha_web.config_transaction#module:action). Empty if none is needed or the directory does not exist.
      type: str
    unconfined:
      description:
        - Whether the daemon was started before its sandboxing was configured, such as before the first run of its role.
          The sandboxing applies from its next start on.
      type: bool
configured:
  description: Instances of the configuration on disk, also if keepalived does not run.
  type: list
  elements: dict
  returned: always
  contains:
    name:
      description: Name of the instance.
      type: str
    interface:
      description: Interface on which adverts are sent.
      type: str
    virtual_router_id:
      description: Virtual router id.
      type: int
    vrrp_version:
      description: VRRP version, 2 or 3.
      type: int
    priority:
      description: Configured priority.
      type: int
    preempt:
      description: Whether a node takes the addresses over from a node with lower priority.
      type: bool
    advert_int:
      description: Seconds between two adverts.
      type: float
    down_timer_adverts:
      description: Number of missed adverts after which the master counts as dead.
      type: int
    source:
      description: Source address of adverts. Empty if keepalived chooses it.
      type: str
    peers:
      description: Addresses to which adverts are sent. Empty for multicast.
      type: list
      elements: str
    addresses:
      description: Virtual addresses without prefix length, including excluded ones, as C(address) and C(interface).
      type: list
      elements: dict
    weights:
      description: Weights other than 0 of the tracked objects, except those of C(keepalived_yield_urls), which are no
        failures. Empty if a sync group ignores the weights.
      type: list
      elements: int
    sync_group:
      description: Name of its sync group. Empty if it has none.
      type: str
scripts:
  description: Check scripts of the configuration on disk, except those with a URL, which enforce their own time limit.
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
      description: Seconds after which a run counts as failed.
      type: float
    fall:
      description: Number of failed runs in a row until the check counts as failed.
      type: int
watched:
  description:
    - Content of every tracked file, by path. Null if the file does not exist. Without a weight, any content other than
      C(0) means FAULT.
  type: dict
  returned: always
kept_out:
  description:
    - Peers whose adverts the host's firewall drops, with the rule, by name of the instance. C(any) stands for all
      senders of multicast. Rules of iptables and nftables with conditions that the module does not understand are
      ignored.
  type: dict
  returned: always
problems:
  description: Reasons why the configuration on disk cannot fail over, one sentence each.
  type: list
  elements: str
  returned: always
host_addresses:
  description: Addresses of the host's interfaces, as C(address) and C(interface).
  type: list
  elements: dict
  returned: always
link_addresses:
  description: MAC addresses of the host's interfaces.
  type: list
  elements: str
  returned: always
  version_added: 0.2.0
strangers:
  description:
    - Machines that answer for a VIP by a MAC address that answers for none of the nodes' addresses of the configuration
      on disk. Empty without O(neighbours).
  type: list
  elements: dict
  returned: always
  version_added: 0.2.0
  contains:
    address:
      description: The VIP.
      type: str
    interface:
      description: Interface of this host on which the answer came.
      type: str
    link_address:
      description: MAC address of the machine.
      type: str
peers_heard:
  description:
    - Addresses of the peers to which this host would currently forward packets of unknown connections, if
      O(evenkeel.ha_web.keepalived#role:main:keepalived_second_chance) is enabled.
  type: list
  elements: str
  returned: always
kernel_deviations:
  description:
    - Differences between the kernel's state and the role's declaration, one sentence for each address, parameter, chain
      or table. C(keepalived-kernel.service) restores them within a second. The list is therefore empty unless that
      service does not run or another program keeps changing them.
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
            "neighbours": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    params = module.params

    try:
        found = state(run, params["timeout"], params["directory"], params["settle"], params["neighbours"])
    except (NoAnswer, SetError, OSError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, **found)


if __name__ == "__main__":
    main()
