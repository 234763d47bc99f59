#!/usr/bin/python
# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: config_transaction
short_description: Deploy the configuration of a daemon as one set, verify that it runs, and roll back on failure
version_added: 0.1.0
description:
  - Installs a set of files into the configuration directory of BIRD, HAProxy, keepalived or nginx, and makes the daemon
    use it.
  - Builds the new directory beside the live one. The daemon's own checker reads it under its final path, so
    certificates, maps and included files of the same change are found. Then one system call exchanges the two
    directories.
  - Refuses configurations that the checker accepts although they cannot work, such as a check script that keepalived
    would silently ignore, a virtual router id that is used twice, or an interface that the host does not have.
  - Refuses a host on which the daemon cannot run any configuration, because its unit is masked or because settings of
    the distribution's unit name another file or take haproxy's master socket away.
  - Refuses a configuration that listens on a port which another program has, and names that program.
  - If a change is refused, all files stay as they were. The error names file, line, reason and remedy.
  - Keeps files in the directory that are not part of the set. Removes files that the previous set contained and this
    one does not. A file outside the directory is not removed if it has been replaced since.
  - Keeps the replaced directory beside the live one, as C(.NAME.previous). It always holds the set that the last change
    has replaced.
  - Starts or reloads the daemon unless it already runs the configuration on disk. Before that, systemd reads changed
    units and the kernel parameters of C(/etc/sysctl.d) are set. The service is enabled as well.
  - Restarts nginx, with a warning, if a reload cannot work, because the kernel refuses an address beside the wildcard
    of its port that nginx still has, or the wildcard beside an address.
  - Restarts keepalived, with a warning, if a virtual MAC address comes or goes, because it creates their interfaces and
    moves addresses to them only when it starts. Nothing else is ever restarted.
  - Verifies the reload with the daemon itself, because after a failed reload the daemon keeps its old configuration and
    systemd may still report success. The HAProxy master process must report a new worker with all listeners. nginx must
    have new workers and no new errors in its log. keepalived must report the end of the reload to the journal. BIRD
    must have its sessions and export its routes; until then it goes back by itself after a minute.
  - If this verification fails, the module restores the previous set, verifies that the daemon runs it, and fails.
  - Adds each change to a log on the host, which M(evenkeel.ha_web.config_changes_info) reads.
  - An interrupted run is completed by the next one. Of two concurrent runs, the second one fails.
options:
  daemon:
    description: Daemon whose configuration is deployed. It selects the checker.
    type: str
    required: true
    choices: [bird, haproxy, keepalived, nginx]
  directory:
    description:
      - Absolute path of the configuration directory, or of a link to it. It must not be a mount point.
      - A container must mount the parent directory. A container that mounts the directory itself does not see the
        exchange.
    type: path
    required: true
  main:
    description: Main file of the daemon, relative to O(directory).
    type: str
    required: true
  files:
    description: Files of the set. Required if O(state=present).
    type: list
    elements: dict
    suboptions:
      path:
        description:
          - Path relative to O(directory).
          - An absolute path installs the file elsewhere, such as a drop-in of the daemon's unit. The set keeps a copy
            and installs, removes and restores the file with the other files.
        type: str
        required: true
      content:
        description: Full content of the file. Required unless O(files[].state=absent).
        type: str
      mode:
        description: Permission bits as an octal string, such as V("0640"). A number is refused, because YAML reads 0640
          as 416.
        type: raw
        default: "0644"
      owner:
        description: Owner of the file.
        type: str
        default: root
      group:
        description: Group of the file.
        type: str
        default: root
      sensitive:
        description: Hide the content in diffs, logs and messages.
        type: bool
        default: false
      state:
        description:
          - V(absent) removes the file, and fails for a directory. Only O(files[].path) is needed then.
          - The file comes back when the set is removed. One outside O(directory) also comes back when it is no longer
            listed.
        type: str
        choices: [present, absent]
        default: present
        version_added: 0.2.0
  content_directories:
    description: Directories outside O(directory) whose content the daemon serves. They are created if missing, and
      never changed or removed.
    type: list
    elements: str
    default: []
  stand_ins:
    description: Certificates outside O(directory), with their keys, that may be missing while the set is checked. The
      check of nginx has a self-signed one in the place of each that is missing.
    type: list
    elements: str
    default: []
  unit:
    description: Name of the systemd service. Default is the name of the daemon.
    type: str
  image:
    description:
      - Container image with the daemon's program, for a service that runs C(docker run) with a container of the
        service's name. The check runs in a container of this image. If empty, the program on the host is used.
      - The service must pass signals on to the daemon, as C(--sig-proxy) does.
    type: str
    default: ""
  image_options:
    description: Options of C(docker run) for the check. With V(--network=host), the daemon is checked against the
      host's addresses.
    type: list
    elements: str
    default: []
  companions:
    description:
      - Units that run with the daemon and whose files are part of the set. They are started and reloaded with the
        daemon, and stopped once they are no longer listed.
      - For a start at boot, the daemon's unit must have C(Wants=) for them.
    type: list
    elements: str
    default: []
  health:
    description: URL that the daemon answers with a 2xx status when it is ready. If empty, no URL is requested.
    type: str
    default: ""
  timeout:
    description: Seconds within which the daemon must be verified to run the set.
    type: float
    default: 10
  replace_sites:
    description: Replace a configuration of nginx that was not deployed by this module although that ends sites which
      nginx serves. If false, the module fails and names their files.
    type: bool
    default: false
  require_sessions:
    description:
      - BIRD counts as running the set only when the session with every peer stands and every address is exported to it.
        A session that did not stand before and has not changed is not required.
      - V(false) does not ask for sessions, such as while the routers are not configured yet.
    type: bool
    default: true
    version_added: 0.2.0
  fatal_warnings:
    description: Refuse a set for which HAProxy prints warnings.
    type: bool
    default: false
  accepted_findings:
    description:
      - Texts of findings that do not refuse the set. A finding whose message contains one of them is returned as a
        warning.
      - Has no effect on what the daemon itself refuses to run.
    type: list
    elements: str
    default: []
    version_added: 0.2.0
  operator:
    description: Name of whoever makes the change, for the log on the host. The user and the address of the login are
      part of the log without it.
    type: str
    default: ""
    version_added: 0.2.0
  users:
    description: Users that the set refers to. If one does not exist, the module fails before the check. In check mode
      it warns and skips the check.
    type: list
    elements: str
    default: []
  secrets:
    description:
      - Strings to mask in diffs and messages, such as passwords within the files.
      - Private keys and the passwords of known directives (such as C(stats auth), C(password) and C(auth_pass)) are
        always masked, also in the old files.
    type: list
    elements: str
    default: []
  program_replaced:
    description: Tasks before this one replace the daemon's program by another release. In check mode they have not
      done so, and the set is not checked.
    type: bool
    default: false
    version_added: 0.2.0
  state:
    description:
      - V(present) deploys the set.
      - V(previous) restores the set that the last change has replaced, with its companions.
      - V(absent) stops and disables the daemon and its companions, removes the files of the set, brings those back that
        they have replaced, and removes the previous set. Other files of O(directory), O(content_directories) and
        packages stay.
    type: str
    choices: [present, previous, absent]
    default: present
attributes:
  check_mode:
    description:
      - Does everything except the exchange of the directories and the reload. The daemon's check runs.
      - If the daemon, O(image) or one of O(users) does not exist yet, or O(program_replaced) is true, RV(checked) is
        false.
    support: full
  diff_mode:
    description: Shows every changed file, with secrets masked. A new file of more than five lines is only counted,
      unless the run has C(-v).
    support: full
  idempotent:
    description: If the set on disk is equal to the declared one, it is only checked, and a daemon that runs it is not
      reloaded. O(state=previous) exchanges the sets on every run.
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
- name: Deploy a HAProxy configuration together with its map
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

- name: Remove the configuration, and stop the daemon
  evenkeel.ha_web.config_transaction:
    daemon: haproxy
    directory: /etc/haproxy
    main: haproxy.cfg
    state: absent

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
    - Action that makes the set live. V(start), V(reload), V(restart), V(stop) for a removed set, or V(settle) if only
      units or kernel parameters around the daemon must change. Empty if none is needed or the daemon does not exist
      yet.
  type: str
  returned: success, and where the daemon does not run the set
checked:
  description: Whether the daemon's checker has accepted the set. False only in check mode, if the daemon or one of
    O(users) does not exist on the host, or with O(program_replaced).
  type: bool
  returned: success
version:
  description: Version of the daemon, if it is installed.
  type: str
  returned: success
changes:
  description: Changed paths, relative to O(directory) or absolute.
  type: list
  elements: str
  returned: success
findings:
  description: Messages of the checker. Each has C(file), C(line), C(severity), C(message) and C(source), the text of
    the line.
  type: list
  elements: dict
  returned: always
previous:
  description: Directory of the set before the last change.
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
                    "content": {"type": "str"},
                    "mode": {"type": "raw", "default": "0644"},
                    "owner": {"type": "str", "default": "root"},
                    "group": {"type": "str", "default": "root"},
                    "sensitive": {"type": "bool", "default": False},
                    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
                },
                "required_if": [("state", "present", ["content"])],
            },
            "content_directories": {"type": "list", "elements": "str", "default": []},
            "stand_ins": {"type": "list", "elements": "str", "default": []},
            "unit": {"type": "str"},
            "image": {"type": "str", "default": ""},
            "image_options": {"type": "list", "elements": "str", "default": []},
            "companions": {"type": "list", "elements": "str", "default": []},
            "health": {"type": "str", "default": ""},
            "timeout": {"type": "float", "default": 10},
            "replace_sites": {"type": "bool", "default": False},
            "require_sessions": {"type": "bool", "default": True},
            "fatal_warnings": {"type": "bool", "default": False},
            "accepted_findings": {"type": "list", "elements": "str", "default": []},
            "operator": {"type": "str", "default": ""},
            "users": {"type": "list", "elements": "str", "default": []},
            "secrets": {"type": "list", "elements": "str", "default": [], "no_log": True},
            "program_replaced": {"type": "bool", "default": False},
            "state": {"type": "str", "choices": ["present", "previous", "absent"], "default": "present"},
        },
        required_if=[("state", "present", ["files"])],
        supports_check_mode=True,
    )
    transact(module)


if __name__ == "__main__":
    main()
