#!/usr/bin/python

# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: haproxy_validate
short_description: Check a HAProxy configuration and show what is wrong with it
version_added: 0.1.0
description:
  - Asks the C(haproxy) of the target whether it could start with a configuration, and returns every alert and
    warning with the file, the line number and the text of the line.
  - HAProxy is not started, and a running HAProxy is not touched.
author:
  - The evenkeel authors (@evenkeel)
options:
  path:
    description:
      - The files that make up the configuration, in the order in which HAProxy reads them.
      - A directory stands for the files named C(*.cfg) in it, in alphabetical order.
      - Exactly one of O(path) and O(content) must be specified.
    type: list
    elements: path
  content:
    description:
      - The text of a configuration to check before it is written anywhere.
      - It is kept in a temporary file that only the user can read, and that is removed afterwards. The findings
        name it V(content).
      - HAProxy demands a line feed at the end of the last line. P(ansible.builtin.file#lookup) strips it unless
        it is told not to with O(ansible.builtin.file#lookup:rstrip=false).
      - Exactly one of O(path) and O(content) must be specified.
    type: str
  fatal_warnings:
    description:
      - Whether a configuration of which HAProxy warns is invalid.
    type: bool
    default: false
  fail_on_invalid:
    description:
      - Whether the task fails if the configuration is invalid.
      - If V(false), look at RV(valid).
    type: bool
    default: true
  executable:
    description:
      - The name or path of the C(haproxy) program.
    type: path
    default: haproxy
attributes:
  check_mode:
    description: Can run in C(check_mode) and return what it would return outside of it.
    support: full
    details:
      - This action does not modify state.
  diff_mode:
    description: Returns details on what has changed when in diff mode.
    support: none
    details:
      - This action does not modify state.
  idempotent:
    description: When run twice in a row with the same arguments, the second invocation indicates no change.
    support: full
    details:
      - This action does not modify state.
notes:
  - HAProxy opens the certificates, error files and maps that the configuration names and looks up its servers, users
    and groups. So the answer holds for the target, and for a user who may read those files.
  - Passwords on a line that is returned are replaced by asterisks.
"""

EXAMPLES = r"""
- name: Check the configuration that HAProxy would read at its next start
  evenkeel.ha_web.haproxy_validate:
    path: /etc/haproxy/haproxy.cfg

- name: Check a main file together with a directory of further files
  evenkeel.ha_web.haproxy_validate:
    path:
      - /etc/haproxy/haproxy.cfg
      - /etc/haproxy/conf.d
    fatal_warnings: true

- name: Check a template before it is written
  evenkeel.ha_web.haproxy_validate:
    content: "{{ lookup('ansible.builtin.template', 'haproxy.cfg.j2') }}"

- name: Check every load balancer without failing
  evenkeel.ha_web.haproxy_validate:
    path: /etc/haproxy/haproxy.cfg
    fail_on_invalid: false
  register: checked

- name: Report the findings
  ansible.builtin.debug:
    msg: "{{ checked.findings }}"
  when: not checked.valid
"""

RETURN = r"""
valid:
  description: Whether HAProxy would start with the configuration, and with O(fatal_warnings=true) also without a
    warning.
  type: bool
  returned: when HAProxy could be asked
  sample: false
version:
  description: The version of the HAProxy that checked the configuration.
  type: str
  returned: when HAProxy could be asked
  sample: 3.0.11-1+deb13u5
findings:
  description: What HAProxy found, in its order. Never empty if the configuration is invalid.
  type: list
  elements: dict
  returned: when HAProxy could be asked
  contains:
    severity:
      description: V(alert), V(warning) or V(notice). With an alert HAProxy does not start.
      type: str
      returned: always
      sample: alert
    message:
      description: What HAProxy says.
      type: str
      returned: always
      sample: unknown keyword 'chekc'; did you mean 'check' maybe ?
    file:
      description: The file with the offending line, V(content) for O(content), V(null) if not known.
      type: str
      returned: always
      sample: /etc/haproxy/haproxy.cfg
    line:
      description: The number of the offending line, counted from 1, V(null) if not known.
      type: int
      returned: always
      sample: 12
    source:
      description: The offending line without the blanks around it, V(null) if not known.
      type: str
      returned: always
      sample: server one 192.0.2.21:80 chekc
output:
  description: What HAProxy printed.
  type: str
  returned: when HAProxy could be asked
  sample: "[ALERT]    (958) : config : Fatal errors found in configuration."
rc:
  description: The exit code of the check.
  type: int
  returned: when HAProxy could be asked
  sample: 1
"""

import tempfile

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._check.finding import CheckerMissing, Verdict
from ..module_utils._haproxy.check import check
from ..module_utils._host.run import Run, run


def check_content(run: Run, content: str, binary: str, fatal_warnings: bool, tmpdir: str) -> Verdict:
    """Check a configuration that is not in a file yet. Only the user can read the file that it is put in."""
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", newline="", dir=tmpdir, suffix=".cfg") as stream:
        stream.write(content)
        stream.flush()
        return check(run, [stream.name], binary, fatal_warnings).renamed(stream.name, "content")


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "list", "elements": "path"},
            "content": {"type": "str", "no_log": True},
            "fatal_warnings": {"type": "bool", "default": False},
            "fail_on_invalid": {"type": "bool", "default": True},
            "executable": {"type": "path", "default": "haproxy"},
        },
        mutually_exclusive=[("path", "content")],
        required_one_of=[("path", "content")],
        supports_check_mode=True,
    )
    params = module.params
    binary = module.get_bin_path(params["executable"]) or params["executable"]

    try:
        if params["content"] is not None:
            verdict = check_content(run, params["content"], binary, params["fatal_warnings"], module.tmpdir)
        elif params["path"]:
            verdict = check(run, params["path"], binary, params["fatal_warnings"])
        else:
            module.fail_json(msg="path is an empty list: name at least one file or directory")
    except CheckerMissing as exc:
        module.fail_json(msg=str(exc))

    if verdict.valid or not params["fail_on_invalid"]:
        module.exit_json(changed=False, **verdict.to_dict())
    module.fail_json(
        msg=f"HAProxy {verdict.version} refuses the configuration:\n{verdict.describe()}", **verdict.to_dict()
    )


if __name__ == "__main__":
    main()
