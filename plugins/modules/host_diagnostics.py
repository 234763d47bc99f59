#!/usr/bin/python
# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: host_diagnostics
short_description: Describe a host of the cluster in one text without secrets
version_added: 0.2.0
description:
  - Returns versions, units, addresses, routes, firewall, sockets, HAProxy's statistics, the latest lines of the
    journals, and the deployed configurations.
  - Files that were deployed as sensitive are left out. In all other text, private keys and the passwords of known
    directives are masked.
  - Changes nothing. A program that the host does not have is left out.
extends_documentation_fragment: [evenkeel.ha_web.reads]
author:
  - The evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
- name: Describe the host
  evenkeel.ha_web.host_diagnostics:
  register: described
"""

RETURN = r"""
text:
  description: The sections, each with a heading that begins with C(===).
  type: str
  returned: always
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._deployed.diagnostics import describe_host
from ..module_utils._deployed.manifest import SetError
from ..module_utils._host.run import run


def main() -> None:
    module = AnsibleModule(argument_spec={}, supports_check_mode=True)
    try:
        text = describe_host(run)
    except (SetError, OSError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, text=text)


if __name__ == "__main__":
    main()
