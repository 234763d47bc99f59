#!/usr/bin/python
# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: host_fault
short_description: Inject a fault on a host for a limited time
version_added: 0.1.0
description:
  - Kills a service, stops it in its tracks, or cuts the host off from the network.
  - Before anything is broken, a timer of systemd on the host is set that mends it after O(seconds). So it ends also if
    nobody comes back, and a reboot ends it as well, for nothing is written to disk.
  - A service that the roles run in a container is killed or stopped together with all that runs there.
  - There is one fault at a time on a host.
options:
  state:
    description:
      - V(present) does the fault. V(absent) mends what this module has broken, now, and takes the timer away.
    type: str
    choices: [present, absent]
    default: present
  fault:
    description:
      - Required for O(state=present).
      - V(killed) sends C(SIGKILL) to all processes of O(unit). systemd does what the unit says; in the end the unit is
        started.
      - V(hung) sends C(SIGSTOP) to all processes of O(unit), and C(SIGCONT) in the end.
      - V(cut) lets nothing in or out on all interfaces but C(lo), ARP included, while the links stay up. It begins
        after one second, so that the module can answer. Needs C(nft) and a kernel of 5.16 or newer.
    type: str
    choices: [killed, hung, cut]
  unit:
    description: The service, such as V(haproxy). Required for V(killed) and V(hung).
    type: str
  seconds:
    description: After how many seconds the host mends itself. Required for O(state=present).
    type: float
attributes:
  check_mode:
    description: Says whether something would be broken or mended.
    support: full
  diff_mode:
    description: There is nothing to show.
    support: none
notes:
  - It is meant for C(evenkeel.ha_web.drill_failover), which measures what clients see meanwhile.
author:
  - The evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
- name: Inject a hang of haproxy for at most half a minute
  evenkeel.ha_web.host_fault:
    fault: hung
    unit: haproxy
    seconds: 30

- name: Remove the fault
  evenkeel.ha_web.host_fault:
    state: absent
"""

RETURN = r"""
began:
  description: When the fault happens, in seconds since 1970.
  type: float
  returned: O(state=present), not in check mode
ends:
  description: When the host mends itself, in seconds since 1970.
  type: float
  returned: O(state=present), not in check mode
healed:
  description: When it was mended, in seconds since 1970.
  type: float
  returned: O(state=absent), if there was something to mend, not in check mode
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._host.fault import FaultError, cut, heal, hung, interfaces, killed, pending, start
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
    there, wanted = pending(run), params["state"] == "present"
    if there and wanted:
        module.fail_json(msg="another fault has not been mended yet: state absent does that, and so does time")
    if module.check_mode or not (there or wanted):
        module.exit_json(changed=there or wanted)
    try:
        if not wanted:
            module.exit_json(changed=True, healed=heal(run))
        unit = params["unit"]
        fault = {"killed": lambda: killed(run, unit), "hung": lambda: hung(run, unit), "cut": lambda: cut(interfaces())}
        began = start(run, fault[params["fault"]](), params["seconds"])
        module.exit_json(changed=True, began=began, ends=began + params["seconds"])
    except FaultError as error:
        module.fail_json(msg=str(error))


if __name__ == "__main__":
    main()
