#!/usr/bin/python
# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: host_fault
short_description: Inject a temporary fault on a host
version_added: 0.1.0
description:
  - Kills a service, suspends it, or cuts the host off from the network.
  - Sets a systemd timer on the host before the fault, which repairs the host after O(seconds). The repair therefore
    needs no connection to the host. A reboot repairs it as well, because nothing is written to disk.
  - Affects all processes in the container of a service that the roles run in one.
  - A host can have one fault at a time.
options:
  state:
    description:
      - V(present) injects the fault. V(absent) ends a fault of this module at once and removes the timer.
    type: str
    choices: [present, absent]
    default: present
  fault:
    description:
      - Required if O(state=present).
      - V(killed) sends C(SIGKILL) to all processes of O(unit). systemd reacts as the unit configures. The repair starts
        the unit.
      - V(hung) sends C(SIGSTOP) to all processes of O(unit). The repair sends C(SIGCONT) and starts the unit.
      - V(cut) drops all packets in both directions, ARP included, on all interfaces except C(lo). The links stay up. It
        begins after one second, so that the module can return. Requires C(nft) and Linux 5.16 or newer.
    type: str
    choices: [killed, hung, cut]
  unit:
    description: Name of the systemd service, such as V(haproxy). Required for V(killed) and V(hung).
    type: str
  seconds:
    description: Seconds until the host repairs itself. Required if O(state=present).
    type: float
attributes:
  check_mode:
    description: Reports whether a fault would be injected or repaired.
    support: full
  diff_mode:
    description: There is no diff to show.
    support: none
notes:
  - The playbook C(evenkeel.ha_web.drill_failover) uses it and measures the effect on clients.
author:
  - The evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
- name: Suspend haproxy for half a minute at most
  evenkeel.ha_web.host_fault:
    fault: hung
    unit: haproxy
    seconds: 30

- name: End the fault
  evenkeel.ha_web.host_fault:
    state: absent
"""

RETURN = r"""
began:
  description: Time of the fault, in seconds since 1970.
  type: float
  returned: O(state=present), not in check mode
ends:
  description: Time at which the host repairs itself, in seconds since 1970.
  type: float
  returned: O(state=present), not in check mode
healed:
  description: Time of the repair, in seconds since 1970.
  type: float
  returned: O(state=absent), if there was something to mend, not in check mode
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._host.fault import (
    FaultError,
    cut_interfaces,
    heal,
    interfaces,
    is_pending,
    kill_service,
    start,
    stop_processes,
)
from ..module_utils._host.run import run_or_fail


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "fault": {"type": "str", "choices": ["killed", "hung", "cut"]},
            "unit": {"type": "str"},
            "seconds": {"type": "float"},
        },
        required_if=[
            ("state", "present", ("fault", "seconds")),
            ("fault", "killed", ("unit",)),
            ("fault", "hung", ("unit",)),
        ],
        supports_check_mode=True,
    )
    params, run = module.params, run_or_fail(module)
    there, wanted = is_pending(run), params["state"] == "present"
    if there and wanted:
        module.fail_json(msg="another fault is active: repair it with state absent, or wait until it ends by itself")
    if module.check_mode or not (there or wanted):
        module.exit_json(changed=there or wanted)
    try:
        if not wanted:
            module.exit_json(changed=True, healed=heal(run))
        unit = params["unit"]
        fault = {
            "killed": lambda: kill_service(run, unit),
            "hung": lambda: stop_processes(run, unit),
            "cut": lambda: cut_interfaces(interfaces()),
        }
        began = start(run, fault[params["fault"]](), params["seconds"])
        module.exit_json(changed=True, began=began, ends=began + params["seconds"])
    except FaultError as error:
        module.fail_json(msg=str(error))


if __name__ == "__main__":
    main()
