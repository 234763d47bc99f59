#!/usr/bin/python
# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: bird_info
short_description: Gather the state of BIRD, its sessions and what it announces
version_added: 0.2.0
description:
  - Asks the running BIRD for its sessions and the routes that it exports, and reads what the role's program announces.
  - Changes nothing, and does not require BIRD on the host.
options:
  directory:
    description: Configuration directory.
    type: path
    default: /etc/bird
extends_documentation_fragment: [evenkeel.ha_web.reads]
author:
  - The evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
- name: Wait until the node announces its addresses
  evenkeel.ha_web.bird_info:
  register: bird
  until: bird.announced == 'ready' and bird.peers | map(attribute='problem') | select | list == []
  retries: 30
  delay: 1
"""

RETURN = r"""
running:
  description: Whether BIRD runs.
  type: bool
  returned: always
answers:
  description: Whether BIRD answers on its control socket.
  type: bool
  returned: always
announced:
  description: V(ready), V(drain) or V(last_resort). Empty if the role's program has not run since the host started.
  type: str
  returned: always
unwell:
  description: Reports because of which the node is not announced.
  type: list
  elements: str
  returned: always
standing_by:
  description: Files that drain the node.
  type: list
  elements: str
  returned: always
guarded:
  description: Whether the role's firewall rules are loaded.
  type: bool
  returned: always
peers:
  description: BGP sessions.
  type: list
  elements: dict
  returned: always
  contains:
    address:
      description: Address of the router.
      type: str
    as:
      description: AS number of the router.
      type: int
    established:
      description: Whether the session stands.
      type: bool
    exported:
      description: Number of routes that the router gets.
      type: int
    bfd:
      description: Whether BFD finds the router alive. Null without BFD.
      type: bool
    problem:
      description: Why the router does not get every address. Empty if it does.
      type: str
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
        - Whether the daemon was started before its sandboxing was configured, which applies from its next start on.
      type: bool
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._bird.info import state
from ..module_utils._deployed.manifest import SetError
from ..module_utils._host.run import run_or_fail


def main() -> None:
    module = AnsibleModule(
        argument_spec={"directory": {"type": "path", "default": "/etc/bird"}}, supports_check_mode=True
    )
    try:
        found = state(run_or_fail(module), module.params["directory"])
    except (SetError, OSError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, **found)


if __name__ == "__main__":
    main()
