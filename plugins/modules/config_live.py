#!/usr/bin/python
# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: config_live
short_description: Make the installed configuration the one that runs, and go back if it does not
version_added: 0.1.0
description:
  - Starts or reloads HAProxy, keepalived or nginx where it does not run the configuration on disk yet, and never restarts it.
  - A reload that fails goes unnoticed otherwise, because the daemon goes on with what it had and systemd reports success.
  - So the daemon is asked in its own way. HAProxy's master process says whether the new worker runs with all its listeners, nginx has
    new workers or has written to its error log, keepalived reports to the journal that it is done.
  - If the proof does not come, the previous set of M(evenkeel.ha_web.config_transaction) comes back, is made live and proven, and the
    module fails with both facts.
  - A run that was ended between the installation and the reload is finished by the next one.
  - Before that, what the set has installed outside its directory takes effect, that is systemd reads changed units and kernel parameters
    of C(/etc/sysctl.d) get their values. The service is enabled as well.
options:
  daemon:
    description: Which daemon it is.
    type: str
    required: true
    choices: [haproxy, keepalived, nginx]
  directory:
    description: The configuration directory that M(evenkeel.ha_web.config_transaction) has installed.
    type: path
    required: true
  unit:
    description: Name of the systemd service; that of the daemon if left out.
    type: str
  companions:
    description:
      - Units that serve beside the daemon and whose files are part of the same set. They run while the daemon does, take part in every
        reload, and are stopped when they are not named any more.
      - To be started at boot, the daemon's unit has to want them.
    type: list
    elements: str
    default: []
  health:
    description: A URL that the daemon answers with 2xx when it serves. Not asked if empty.
    type: str
    default: ""
  timeout:
    description: Seconds within which the proof has to come.
    type: float
    default: 10
attributes:
  check_mode:
    description: Says whether the daemon would be started or reloaded for what is on disk.
    details: A change that is not installed yet is not foreseen.
    support: partial
  diff_mode:
    description: There is no file to show.
    support: none
  idempotent:
    description: A daemon that runs what is on disk is left alone.
    support: full
seealso:
  - module: evenkeel.ha_web.config_transaction
author:
  - The evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
- name: Let haproxy run the installed configuration
  evenkeel.ha_web.config_live:
    daemon: haproxy
    directory: /etc/haproxy
    health: http://127.0.0.1:8405/healthz
"""

RETURN = r"""
action:
  description: What was done, V(start), V(reload), V(settle) if only units or kernel parameters around the daemon had to be, or nothing.
  type: str
  returned: always
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.evenkeel.ha_web.plugins.module_utils._live import DAEMONS, Live, NotProven
from ansible_collections.evenkeel.ha_web.plugins.module_utils._transaction import ConfigSet, TransactionError
from ansible_collections.evenkeel.ha_web.plugins.module_utils._unit import Unit


def go_back(live: Live, config: ConfigSet, was_active: bool) -> str:
    """Bring the previous set back and make it live again if the daemon ran; returns what is true afterwards."""
    if live.is_proven():
        return f"The configuration in {config.live} was proven before, so it stays; see what else the daemon says."
    try:
        with config.alone():
            config.restore()
    except TransactionError as error:
        return f"There is no previous set to go back to: {error}"
    refused = f"The previous set is back in {config.live} (the refused one is kept in {config.previous})"
    if not was_active:
        return f"{refused}; the service did not run before and does not run now."
    try:
        live.make_live("reload" if live.unit.state().active else "start")
    except NotProven as error:
        return f"{refused}, but it is not proven either:\n{error}"
    return f"{refused} and serves."


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "daemon": {"type": "str", "required": True, "choices": sorted(DAEMONS)},
            "directory": {"type": "path", "required": True},
            "unit": {"type": "str"},
            "companions": {"type": "list", "elements": "str", "default": []},
            "health": {"type": "str", "default": ""},
            "timeout": {"type": "float", "default": 10},
        },
        supports_check_mode=True,
    )
    name = module.params["daemon"]
    unit = Unit(module.params["unit"] or name, module.run_command)
    live = Live(name, module.params["directory"], unit, module.params["companions"], module.params["health"], module.params["timeout"])
    action = live.action()
    if not action or module.check_mode:
        module.exit_json(changed=bool(action), action=action)
    try:
        live.make_live(action)
    except NotProven as error:
        outcome = go_back(live, ConfigSet(module.params["directory"]), was_active=action != "start")
        module.fail_json(msg=f"{name} does not run the new configuration:\n{error}\n{outcome}", action=action)
    module.exit_json(changed=True, action=action)


if __name__ == "__main__":
    main()
