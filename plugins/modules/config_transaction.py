#!/usr/bin/python
# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: config_transaction
short_description: Deploy a daemon's configuration as one set, validated and rolled back on failure
version_added: 0.1.0
description:
  - Installs a set of files into the configuration directory of HAProxy, keepalived or nginx, and makes it the one that
    runs.
  - The future directory is built beside the live one and the daemon's own checker reads it under its final name, so a
    certificate, a map or an included file that is part of the same change is found. Only then do both directories
    change places, in one system call.
  - Besides, what the checkers accept although it cannot work is refused, such as a check script that keepalived would
    silently leave out, a router id that is used twice, or an interface that the host does not have.
  - A refused change leaves every file as it was and says which line of which file cannot be used, why, and what to do.
  - Files of the directory that the set does not name are kept, files that an earlier set named and this one does not
    are removed. Elsewhere, a file that somebody has put in the place of one of the set is not removed.
  - The replaced directory is kept beside the live one, as C(.NAME.previous). It is always the set that the last change
    has replaced.
  - Then the daemon is started or reloaded, never restarted, unless it runs what is on disk. Before that, what the set
    has installed elsewhere takes effect, that is systemd reads changed units and kernel parameters of C(/etc/sysctl.d)
    get their values. The service is enabled as well.
  - A reload that fails goes unnoticed otherwise, because the daemon goes on with what it had and systemd may report
    success. So the daemon is asked in its own way. HAProxy's master process says whether the new worker runs with all
    its listeners, nginx has new workers or has written to its error log, keepalived reports to the journal that it is
    done.
  - If the proof does not come, the previous set comes back, is made live and proven, and the module fails with both
    facts.
  - A run that was ended half-way, the reload included, is finished by the next one. Two runs at the same time are not
    possible; the second one fails.
options:
  daemon:
    description: Whose configuration it is, which decides the checker.
    type: str
    required: true
    choices: [haproxy, keepalived, nginx]
  directory:
    description:
      - The configuration directory, an absolute path, or a link to it. It must not be a mount point.
      - A container does not see that directories have changed places if it mounts the directory itself. It does if it
        mounts the one above.
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
          - An absolute path puts the file elsewhere, such as a drop-in of the daemon's unit. It comes, goes and is
            brought back with the set, which keeps a copy of it.
        type: str
        required: true
      content:
        description: The whole text of the file.
        type: str
        required: true
      mode:
        description: Permission bits as an octal string, such as V("0640"); a number is refused, because YAML reads 0640
          as 416.
        type: raw
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
  content_directories:
    description: Directories elsewhere whose content the daemon serves. Those that are missing are made; they are never
      changed or removed.
    type: list
    elements: str
    default: []
  unit:
    description: Name of the systemd service; that of the daemon if left out.
    type: str
  image:
    description:
      - The container image whose program checks the set, for a service that is C(docker run) of a container of the
        service's name. The host's own program does it if empty.
      - The service's signals have to reach the daemon, as they do with C(--sig-proxy).
    type: str
    default: ""
  image_options:
    description: Options of C(docker run) for the check. With V(--network=host) the daemon is taken to have the host's
      addresses.
    type: list
    elements: str
    default: []
  companions:
    description:
      - Units that serve beside the daemon and whose files are part of the set. They run while the daemon does, take
        part in every reload, and are stopped when they are not named any more.
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
  fatal_warnings:
    description: Refuse a set for which HAProxy prints warnings.
    type: bool
    default: false
  users:
    description: Users whom the set names and the host gets before it. Without them the daemon's checker would refuse
      the set.
    type: list
    elements: str
    default: []
  secrets:
    description:
      - Words that must not appear in diffs or messages, such as the passwords within the files.
      - Passwords in directives that are known to hold one (C(stats auth), C(password), C(auth_pass) ...) and private
        keys are masked without being named here, in the old files as well.
    type: list
    elements: str
    default: []
  state:
    description:
      - V(present) installs the set.
      - V(previous) brings back the set that the last change has replaced, with its own companions.
    type: str
    choices: [present, previous]
    default: present
attributes:
  check_mode:
    description:
      - Does everything but the commit and the reload, the daemon's check included.
      - Where the daemon, O(image) or one of O(users) does not exist yet, RV(checked) is false.
    support: full
  diff_mode:
    description: Shows every file that changes, with asterisks for secrets.
    support: full
  idempotent:
    description: A set that stands as declared is checked and a daemon that runs it left alone. O(state=previous)
      exchanges sets each time.
    support: partial
requirements:
  - systemd, util-linux and coreutils on the host, and the right to mount (root on any host; C(CAP_SYS_ADMIN) in a
    container)
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
    health: http://127.0.0.1:8405/healthz

- name: Restore the previous configuration
  evenkeel.ha_web.config_transaction:
    daemon: haproxy
    directory: /etc/haproxy
    main: haproxy.cfg
    state: previous
"""

RETURN = r"""
action:
  description:
    - What is done to make the set live, V(start), V(reload), V(settle) if only units or kernel parameters around the
      daemon have to be, or nothing. Empty where the daemon does not exist yet.
  type: str
  returned: success, and where the daemon does not run the set
checked:
  description: Whether the daemon's checker has accepted the set. False only in check mode on a host without the daemon
    or one of O(users).
  type: bool
  returned: success
version:
  description: The daemon's version, where it is installed.
  type: str
  returned: success
changes:
  description: The paths that change, relative to O(directory) or absolute.
  type: list
  elements: str
  returned: success
findings:
  description: What the checker said of the set; each has C(file), C(line), C(severity), C(message) and C(source), the
    line itself.
  type: list
  elements: dict
  returned: always
previous:
  description: The directory that holds the set from before the last change.
  type: str
  returned: success
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._transaction.proof import DAEMONS
from ..module_utils._transaction.run import transact


class Unlogged(AnsibleModule):
    """Does not tell the host's journal its parameters: that happens before it can say which of the files are
    sensitive."""

    def _log_invocation(self) -> None:
        pass


def main() -> None:
    module = Unlogged(
        argument_spec={
            "daemon": {"type": "str", "required": True, "choices": sorted(DAEMONS)},
            "directory": {"type": "path", "required": True},
            "main": {"type": "str", "required": True},
            "files": {
                "type": "list",
                "elements": "dict",
                "options": {
                    "path": {"type": "str", "required": True},
                    "content": {"type": "str", "required": True},
                    "mode": {"type": "raw", "default": "0644"},
                    "owner": {"type": "str", "default": "root"},
                    "group": {"type": "str", "default": "root"},
                    "sensitive": {"type": "bool", "default": False},
                },
            },
            "content_directories": {"type": "list", "elements": "str", "default": []},
            "unit": {"type": "str"},
            "image": {"type": "str", "default": ""},
            "image_options": {"type": "list", "elements": "str", "default": []},
            "companions": {"type": "list", "elements": "str", "default": []},
            "health": {"type": "str", "default": ""},
            "timeout": {"type": "float", "default": 10},
            "fatal_warnings": {"type": "bool", "default": False},
            "users": {"type": "list", "elements": "str", "default": []},
            "secrets": {"type": "list", "elements": "str", "default": [], "no_log": True},
            "state": {"type": "str", "choices": ["present", "previous"], "default": "present"},
        },
        required_if=[("state", "present", ["files"])],
        supports_check_mode=True,
    )
    transact(module)


if __name__ == "__main__":
    main()
