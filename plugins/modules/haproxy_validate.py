#!/usr/bin/python

# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: haproxy_validate
short_description: Validate a HAProxy configuration and return its errors
version_added: 0.1.0
description:
  - Runs the check of the target's C(haproxy) program on a configuration. Returns every alert and warning with file,
    line number and text of the line.
  - Does not start HAProxy and does not affect a running HAProxy.
author:
  - The evenkeel authors (@evenkeel)
options:
  path:
    description:
      - Files of the configuration, in the order in which HAProxy reads them.
      - A directory stands for its files C(*.cfg) in alphabetical order.
      - Exactly one of O(path) and O(content) is required.
    type: list
    elements: path
  content:
    description:
      - Text of a configuration that is not in a file yet.
      - It is written to a temporary file that only the user can read and that is removed afterwards. Findings report
        its name as V(content).
      - HAProxy requires a line feed at the end of the last line. P(ansible.builtin.file#lookup) strips it unless
        O(ansible.builtin.file#lookup:rstrip=false).
      - Exactly one of O(path) and O(content) is required.
    type: str
  fatal_warnings:
    description:
      - Treat a configuration with warnings as invalid.
    type: bool
    default: false
  fail_on_invalid:
    description:
      - Fail if the configuration is invalid.
      - If V(false), RV(valid) has the result.
    type: bool
    default: true
  executable:
    description:
      - Name or path of the C(haproxy) program.
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
  - HAProxy opens the certificates, error files and maps of the configuration and resolves its servers, users and
    groups. The result is therefore valid for this target and for a user who may read those files.
  - Passwords in returned lines are masked with asterisks.
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

- name: Check the configuration without failing
  evenkeel.ha_web.haproxy_validate:
    path: /etc/haproxy/haproxy.cfg
    fail_on_invalid: false
  register: checked

- name: Show the findings
  ansible.builtin.debug:
    msg: "{{ checked.findings }}"
  when: not checked.valid
"""

RETURN = r"""
valid:
  description: Whether HAProxy would start with the configuration. With O(fatal_warnings=true), also whether there are
    no warnings.
  type: bool
  returned: when HAProxy could be asked
  sample: false
version:
  description: Version of the HAProxy that checked the configuration.
  type: str
  returned: when HAProxy could be asked
  sample: 3.0.11-1+deb13u5
findings:
  description: Messages of HAProxy in its order. Never empty if the configuration is invalid.
  type: list
  elements: dict
  returned: when HAProxy could be asked
  contains:
    severity:
      description: V(alert), V(warning) or V(notice). HAProxy does not start with an alert.
      type: str
      returned: always
      sample: alert
    message:
      description: HAProxy's message.
      type: str
      returned: always
      sample: unknown keyword 'chekc'; did you mean 'check' maybe ?
    file:
      description: File with the error, V(content) for O(content), V(null) if unknown.
      type: str
      returned: always
      sample: /etc/haproxy/haproxy.cfg
    line:
      description: Line number of the error, starting at 1, V(null) if unknown.
      type: int
      returned: always
      sample: 12
    source:
      description: Text of the line without surrounding blanks, V(null) if unknown.
      type: str
      returned: always
      sample: server one 192.0.2.21:80 chekc
output:
  description: Output of HAProxy.
  type: str
  returned: when HAProxy could be asked
  sample: "[ALERT]    (958) : config : Fatal errors found in configuration."
rc:
  description: Exit status of the check.
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
        return check(run, [stream.name], binary, fatal_warnings).rename_file(stream.name, "content")


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
