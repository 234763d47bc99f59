#!/usr/bin/python
# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: config_transaction
short_description: Install a daemon's configuration as one set that the daemon accepts, or change nothing
version_added: 0.1.0
description:
  - Installs a set of files into the configuration directory of HAProxy, keepalived or nginx.
  - The future directory is built beside the live one and the daemon's own checker reads it under its final name, so a certificate,
    a map or an included file that is part of the same change is found. Only then do both directories change places, in one system call.
  - Besides, what the checkers accept although it cannot work is refused, such as a check script that keepalived would silently leave out, a
    router id that is used twice, or an interface that the host does not have.
  - A refused change leaves every file as it was and says which line of which file cannot be used, why, and what to do.
  - Files of the directory that the set does not name are kept, files that an earlier set named and this one does not are removed.
  - The replaced directory is kept beside the live one, as C(.NAME.previous). It is always the set that the last change has replaced.
  - A run that was ended half-way is finished by the next one. Two runs at the same time are not possible; the second one fails.
  - The module neither starts nor reloads the daemon.
options:
  daemon:
    description: Whose configuration it is, which decides the checker.
    type: str
    required: true
    choices: [haproxy, keepalived, nginx]
  directory:
    description: The configuration directory, an absolute path. It must not be a mount point.
    type: path
    required: true
  main:
    description: The daemon's main file, relative to O(directory).
    type: str
    required: true
  files:
    description: The files of the set. Required for O(state=present).
    type: list
    elements: dict
    suboptions:
      path:
        description:
          - Path relative to O(directory).
          - An absolute path puts the file elsewhere, such as a drop-in of the daemon's unit. It comes, goes and is brought back with
            the set, which keeps a copy of it.
        type: str
        required: true
      content:
        description: The whole text of the file.
        type: str
        required: true
      mode:
        description: Permission bits as an octal string.
        type: str
        default: "0644"
      owner:
        description: Name of the owning user.
        type: str
        default: root
      group:
        description: Name of the owning group.
        type: str
        default: root
      sensitive:
        description: Keep the content out of diffs, logs and messages.
        type: bool
        default: false
  fatal_warnings:
    description: Refuse a set for which HAProxy prints warnings.
    type: bool
    default: false
  users:
    description: Users whom the set names and the host gets before it. Without them the daemon's checker would refuse the set.
    type: list
    elements: str
    default: []
  secrets:
    description:
      - Words that must not appear in diffs or messages, such as the passwords within the files.
      - Passwords in directives that are known to hold one (C(stats auth), C(password), C(auth_pass) ...) and private keys are masked
        without being named here, in the old files as well.
    type: list
    elements: str
    default: []
  state:
    description:
      - V(present) installs the set.
      - V(previous) brings back the set that the last change has replaced.
    type: str
    choices: [present, previous]
    default: present
attributes:
  check_mode:
    description:
      - Does everything but the commit, the daemon's check included.
      - Where the daemon or one of O(users) does not exist yet, RV(checked) is false.
    support: full
  diff_mode:
    description: Shows every file that changes, with asterisks for secrets.
    support: full
  idempotent:
    description: A set that stands as declared is checked and left alone. O(state=previous) exchanges the sets each time.
    support: partial
requirements:
  - util-linux and coreutils on the host, and the right to mount (root on any host; C(CAP_SYS_ADMIN) in a container)
seealso:
  - module: evenkeel.ha_web.haproxy_validate
author:
  - The evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
- name: Install a HAProxy configuration together with its map
  evenkeel.ha_web.config_transaction:
    daemon: haproxy
    directory: /etc/haproxy
    main: haproxy.cfg
    files:
      - path: haproxy.cfg
        content: "{{ lookup('ansible.builtin.template', 'haproxy.cfg.j2') }}"
        mode: "0640"
        group: haproxy
      - path: maps/hosts.map
        content: |
          www.example.com web
  notify: Reload haproxy

- name: Bring back what was there before
  evenkeel.ha_web.config_transaction:
    daemon: haproxy
    directory: /etc/haproxy
    main: haproxy.cfg
    state: previous
"""

RETURN = r"""
checked:
  description: Whether the daemon's checker has accepted the set. False only in check mode on a host without the daemon or one of O(users).
  type: bool
  returned: success
version:
  description: The daemon's version, where it is installed.
  type: str
  returned: success
changes:
  description: The paths that change, relative to O(directory).
  type: list
  elements: str
  returned: success
findings:
  description: What the checker said of the set; each has C(file), C(line), C(severity), C(message) and C(source), the line itself.
  type: list
  elements: dict
  returned: always
previous:
  description: The directory that holds the set from before the last change.
  type: str
  returned: success
"""

import os
import pwd
import re
from functools import partial

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.evenkeel.ha_web.plugins.module_utils import _disk, _effect, _haproxy, _keepalived, _nginx
from ansible_collections.evenkeel.ha_web.plugins.module_utils._finding import CheckerMissing, Verdict
from ansible_collections.evenkeel.ha_web.plugins.module_utils._host import Host
from ansible_collections.evenkeel.ha_web.plugins.module_utils._transaction import ConfigSet, File, TransactionError

BOUNDED = ["timeout", "--kill-after=5", "60"]
"""A checker that does not come to an end has not accepted anything: there are files that keepalived -t reads for ever."""


def verdict(module: AnsibleModule, config: ConfigSet, binary: str, host: Host, staged: bool) -> Verdict:
    """Ask the daemon's checker about the staged directory, or about the live one, and the rules about the host as it will be."""
    main = os.path.join(module.params["directory"], module.params["main"])

    def call(argv: list[str]) -> tuple[int, str, str]:
        return module.run_command([*BOUNDED, *argv], handle_exceptions=False)

    run = partial(config.in_place, call) if staged else call
    if module.params["daemon"] == "haproxy":
        return _haproxy.check(run, [main], binary, fatal_warnings=module.params["fatal_warnings"], host=host)
    if module.params["daemon"] == "keepalived":
        with _disk.present(_keepalived.report_directories(main, host)):
            return _keepalived.check(run, main, binary, host)
    return _nginx.check(run, main, binary, host)


def parameters(files: list[File]) -> dict[str, str]:
    """The kernel parameters that the set brings along."""
    found: dict[str, str] = {}
    for file in files:
        if file.path.startswith(_effect.PARAMETERS):
            found.update(_effect.parameters(file.content.decode("utf-8", errors="replace")))
    return found


def declared(module: AnsibleModule) -> list[File]:
    """The files of the set; lines of sensitive ones are masked in everything the module returns."""
    files = []
    for item in module.params["files"]:
        if item["sensitive"]:
            module.no_log_values.update(line for line in item["content"].splitlines() if len(line) > 3)
        files.append(
            File(
                path=item["path"],
                content=item["content"].encode(),
                mode=permissions(item),
                owner=item["owner"],
                group=item["group"],
                sensitive=item["sensitive"],
            )
        )
    return files


def exists(user: str) -> bool:
    """Whether the host has the user."""
    try:
        pwd.getpwnam(user)
    except KeyError:
        return False
    return True


def permissions(item: dict) -> int:
    """The mode of one declared file."""
    if not re.fullmatch(r"0?[0-7]{3,4}", item["mode"]):
        raise TransactionError(f"{item['path']}: its mode is '{item['mode']}': an octal number is needed, such as 0644")
    return int(item["mode"], 8)


def present(module: AnsibleModule, config: ConfigSet) -> dict:
    """Install the set; returns what the module returns, ends the module where the set is refused."""
    files = declared(module)
    changes = config.changes(files)
    result = {
        "changed": bool(changes),
        "changes": [change.path for change in changes],
        "diff": [change.diff() for change in changes],
        "findings": [],
        "checked": False,
        "version": "",
        "previous": str(config.previous),
    }
    daemon = module.params["daemon"]
    binary = module.get_bin_path(daemon)
    missing = ([] if binary else [daemon]) + [f"user {name}" for name in module.params["users"] if not exists(name)]
    if missing:
        if not module.check_mode:
            module.fail_json(msg=f"missing on the host: {', '.join(missing)}; install that before the configuration", **result)
        module.warn(f"the configuration of {daemon} is not checked in this run, because the host does not have yet: {', '.join(missing)}")
        return result
    if changes:
        config.stage(files, changes)
    host = Host(config.where if changes else str, parameters(files))
    answer = verdict(module, config, binary, host, staged=bool(changes))
    result["checked"] = answer.valid
    result["version"] = answer.version
    result["findings"] = [finding.to_dict() for finding in answer.findings]
    if not answer.valid:
        result.update(changed=False, diff=[])
        module.fail_json(msg=refusal(module, answer), **result)
    if changes and not module.check_mode:
        config.commit()
    return result


def refusal(module: AnsibleModule, answer: Verdict) -> str:
    """The message of a refused set: what, where, and that nothing has changed."""
    name = f"{module.params['daemon']} {answer.version}".strip()
    return f"{name} refuses this configuration; {module.params['directory']} is unchanged and still in use.\n{answer.describe()}"


def restored(module: AnsibleModule, config: ConfigSet) -> dict:
    """Bring the previous set back; returns what the module returns."""
    config.require_previous()
    if not module.check_mode:
        config.restore()
    return {"changed": True, "findings": [], "previous": str(config.previous)}


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "daemon": {"type": "str", "required": True, "choices": ["haproxy", "keepalived", "nginx"]},
            "directory": {"type": "path", "required": True},
            "main": {"type": "str", "required": True},
            "files": {
                "type": "list",
                "elements": "dict",
                "options": {
                    "path": {"type": "str", "required": True},
                    "content": {"type": "str", "required": True},
                    "mode": {"type": "str", "default": "0644"},
                    "owner": {"type": "str", "default": "root"},
                    "group": {"type": "str", "default": "root"},
                    "sensitive": {"type": "bool", "default": False},
                },
            },
            "fatal_warnings": {"type": "bool", "default": False},
            "users": {"type": "list", "elements": "str", "default": []},
            "secrets": {"type": "list", "elements": "str", "default": [], "no_log": True},
            "state": {"type": "str", "choices": ["present", "previous"], "default": "present"},
        },
        required_if=[("state", "present", ["files"])],
        supports_check_mode=True,
    )
    config = ConfigSet(module.params["directory"], trial=module.check_mode)
    try:
        with config.alone():
            try:
                if not module.check_mode:
                    config.recover()
                module.exit_json(**(present if module.params["state"] == "present" else restored)(module, config))
            finally:
                config.discard()
    except (TransactionError, CheckerMissing, OSError) as error:
        module.fail_json(msg=str(error))


if __name__ == "__main__":
    main()
