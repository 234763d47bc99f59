#!/usr/bin/python
# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: nginx_info
short_description: Report whether nginx runs the configuration on disk
version_added: 0.1.0
description:
  - Reports whether nginx runs and whether it uses the configuration on disk, which neither nginx nor systemd reports.
  - Lists the certificates that the configuration names, which needs C(openssl) on the host.
  - Changes nothing, and does not require nginx on the host.
options:
  directory:
    description: Configuration directory.
    type: path
    default: /etc/nginx
extends_documentation_fragment: [evenkeel.ha_web.reads]
author:
  - The evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
- name: Gather the state of nginx
  evenkeel.ha_web.nginx_info:
  register: nginx
"""

RETURN = r"""
running:
  description: Whether nginx runs.
  type: bool
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
certificates:
  description: Certificates in the files that the configuration names, which nginx serves since its last reload.
  type: list
  elements: dict
  returned: always
  contains:
    file:
      description: Path of the file.
      type: str
    subject:
      description: Subject of the certificate.
      type: str
    names:
      description: Subject alternative names.
      type: list
      elements: str
    expires:
      description: End of validity in UTC, such as V(2027-02-28T12:00:00Z).
      type: str
    days_left:
      description: Whole days until then. Negative if the certificate has expired.
      type: int
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._deployed.manifest import SetError
from ..module_utils._deployed.proven import configuration
from ..module_utils._host.run import run_or_fail
from ..module_utils._host.unit import Unit
from ..module_utils._nginx.certificates import list_certificates


def main() -> None:
    module = AnsibleModule(
        argument_spec={"directory": {"type": "path", "default": "/etc/nginx"}}, supports_check_mode=True
    )
    run = run_or_fail(module)
    try:
        found = configuration("nginx", module.params["directory"], run)
    except (SetError, OSError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(
        changed=False,
        running=Unit("nginx", run).state().active,
        configuration=found,
        certificates=list_certificates(f"{module.params['directory']}/nginx.conf", run),
    )


if __name__ == "__main__":
    main()
