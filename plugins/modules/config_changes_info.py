#!/usr/bin/python
# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: config_changes_info
short_description: Report who has changed the configuration of the daemons on a host, and when
version_added: 0.2.0
description:
  - Reads the log that M(evenkeel.ha_web.config_transaction) writes on each host, the latest change first.
  - The log is below C(/var/lib/evenkeel), which only root can read. It has the last 500 changes of each daemon, with
    names of files and without their content.
  - Changes nothing. A host without a log has no changes.
options:
  last:
    description: Number of changes to return.
    type: int
    default: 20
extends_documentation_fragment: [evenkeel.ha_web.reads]
seealso:
  - module: evenkeel.ha_web.config_transaction
author:
  - The evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
- name: Gather the last change
  evenkeel.ha_web.config_changes_info:
    last: 1
  register: log
"""

RETURN = r"""
changes:
  description: The changes, the latest first.
  type: list
  elements: dict
  returned: always
  contains:
    time:
      description: Time of the change by the host's clock, in UTC.
      type: str
      sample: "2026-11-30T15:59:01Z"
    by:
      description: User and address of the login on the host.
      type: str
      sample: alice from 192.0.2.9
    operator:
      description: Name that the caller has given, such as that of the user on the controller.
      type: str
    daemon:
      description: Daemon whose configuration was changed.
      type: str
    state:
      description: Value of O(evenkeel.ha_web.config_transaction#module:state).
      type: str
    action:
      description: What made the daemon run the set, such as V(reload).
      type: str
    outcome:
      description: V(live) if the daemon was proven to run the set, else a sentence.
      type: str
    files:
      description: Changed paths, 20 at most.
      type: list
      elements: str
    further_files:
      description: Number of changed paths beyond these.
      type: int
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._deployed.log import read_all
from ..module_utils._deployed.proven import MEMORY


def main() -> None:
    module = AnsibleModule(argument_spec={"last": {"type": "int", "default": 20}}, supports_check_mode=True)
    try:
        found = read_all(MEMORY)
    except OSError as error:
        module.fail_json(msg=f"cannot read the log of changes: {error}; run this as root")
    module.exit_json(changed=False, changes=found[: max(0, module.params["last"])])


if __name__ == "__main__":
    main()
