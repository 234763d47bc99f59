# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: hosts_of_whole_run
short_description: Refuse a run that leaves out the tasks at its beginning
version_added: 0.2.0
description:
  - Returns a pattern of hosts for the first play of a playbook whose later tasks rely on the earlier ones.
  - Fails if C(ansible-playbook) was called with C(--start-at-task). Ansible then skips even a task that checks for it,
    but still evaluates the hosts of a play.
options:
  _terms:
    description: Patterns of hosts.
    type: list
    elements: str
    required: true
author:
  - The evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
- name: Check the groups
  hosts: "{{ lookup('evenkeel.ha_web.hosts_of_whole_run', 'localhost:all') }}"
"""

RETURN = r"""
_raw:
  description: The patterns.
  type: list
  elements: str
"""

from typing import Any

from ansible import context
from ansible.errors import AnsibleError
from ansible.plugins.lookup import LookupBase


class LookupModule(LookupBase):
    """Return a pattern of hosts unless the run begins at a later task."""

    def run(self, terms: list[str], variables: dict[str, Any] | None = None, **_kwargs: Any) -> list[str]:
        if task := context.CLIARGS.get("start_at_task"):
            raise AnsibleError(
                f"Nothing was done. The option --start-at-task '{task}' leaves out tasks on which the others rely: run "
                "the whole playbook again, which only changes what differs."
            )
        return terms
