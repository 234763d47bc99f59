#!/usr/bin/python
# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: haproxy_info
short_description: Report the state of a running HAProxy
version_added: 0.1.0
description:
  - Asks HAProxy and its master process for version, uptime and reloads, frontends, backends, servers and certificates.
  - Says whether HAProxy runs the configuration on disk, which neither it nor systemd tells.
  - Changes nothing, and needs no HAProxy on the host.
options:
  directory:
    description: The configuration directory.
    type: path
    default: /etc/haproxy
  socket:
    description: HAProxy's C(stats socket), of C(level admin) if certificates are to be seen.
    type: path
    default: /run/haproxy/admin.sock
  master_socket:
    description: The socket of the master process. Without one, nothing is known of reloads.
    type: path
    default: /run/haproxy-master.sock
extends_documentation_fragment: [evenkeel.ha_web.reads]
seealso:
  - module: evenkeel.ha_web.haproxy_server
  - module: evenkeel.ha_web.keepalived_info
author:
  - The evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
- name: Read the state of haproxy
  evenkeel.ha_web.haproxy_info:
  register: haproxy

- name: List the certificates that expire within two weeks
  ansible.builtin.debug:
    msg: "{{ haproxy.certificates | selectattr('days_left', 'lt', 14) | map(attribute='file') }}"
"""

RETURN = r"""
running:
  description: Whether there is a HAProxy.
  type: bool
  returned: always
configuration:
  description: The configuration directory.
  type: dict
  returned: always
  contains:
    digest:
      description: A checksum of all files in it; empty if there is no such directory.
      type: str
    shared:
      description:
        - A checksum of what the nodes of a cluster have in common, that is without comments, C(localpeer), and the
          host's own addresses in C(bind) and C(source). Empty if there is no haproxy.cfg.
      type: str
    pending:
      description:
        - What is missing until the daemon runs what is on disk, in the words of
          RV(evenkeel.ha_web.config_transaction#module:action). Empty if it does, or if there is no such directory.
      type: str
    unconfined:
      description:
        - Whether the daemon was started before its unit was confined, as one is that ran when its role was first
          applied. It is confined from its next start on.
      type: bool
    loaded:
      description:
        - Whether the files in it are those that HAProxy has read at its last start or reload, by the note that the role
          haproxy's unit writes. If they are and something is pending all the same, they are not those that were
          deployed.
      type: bool
      returned: when HAProxy runs
version:
  description: HAProxy's version.
  type: str
  returned: when HAProxy runs
uptime:
  description: Seconds since HAProxy was started.
  type: int
  returned: when HAProxy runs
generation:
  description: How many times it was told to reload since then.
  type: int
  returned: when HAProxy runs
seconds_in_generation:
  description: Seconds since it runs the configuration that it runs.
  type: int
  returned: when HAProxy runs
reloads_failed:
  description: How many reloads have failed since the last one that has not; 0 if the last one succeeded.
  type: int
  returned: when HAProxy runs
old_workers:
  description: Number of processes that a reload has replaced and that still serve connections.
  type: int
  returned: when HAProxy runs
oldest_worker:
  description: Number of reloads that the oldest of these processes has survived.
  type: int
  returned: when HAProxy runs
max_reloads:
  description: Number of reloads that such a process survives, C(mworker-max-reloads) in the configuration; 0 for any
    number.
  type: int
  returned: when HAProxy runs
ended_workers:
  description:
    - Number of such processes that were ended with their connections since the last reload, because of
      C(mworker-max-reloads), C(hard-stop-after) or a signal.
  type: int
  returned: when HAProxy runs
connections:
  description: The connections of the whole process, without those of its sockets.
  type: dict
  returned: when HAProxy runs
  contains:
    current:
      description: Those that there are now, of the role's own listeners too.
      type: int
    limit:
      description: How many it accepts, the C(maxconn) of the global section.
      type: int
frontends:
  description: The frontends, those of C(listen) sections included.
  type: list
  elements: dict
  returned: when HAProxy runs
  contains:
    name:
      description: Its name.
      type: str
    status:
      description: V(OPEN), V(FULL), V(PAUSED) or V(STOP).
      type: str
    sessions:
      description: Its current sessions.
      type: int
    limit:
      description: The most sessions that it accepts.
      type: int
backends:
  description: The backends, those of C(listen) sections included.
  type: list
  elements: dict
  returned: when HAProxy runs
  contains:
    name:
      description: Its name.
      type: str
    status:
      description: V(UP), or V(DOWN) if no server can serve.
      type: str
    sessions:
      description: Its current sessions.
      type: int
    limit:
      description: The most sessions at which its servers' dynamic limits are reached.
      type: int
    up:
      description: Number of servers in rotation.
      type: int
    down:
      description: Number of servers whose checks do not pass.
      type: int
    out:
      description: Number of servers that somebody has taken out of rotation.
      type: int
servers:
  description: The servers of all backends.
  type: list
  elements: dict
  returned: when HAProxy runs
  contains:
    backend:
      description: Its backend.
      type: str
    name:
      description: Its name.
      type: str
    state:
      description: What somebody has told it to be, V(ready), V(drain) or V(maint).
      type: str
    status:
      description: What HAProxy's statistics say, such as C(UP), C(DOWN 1/2) or C(no check).
      type: str
    weight:
      description: Its weight.
      type: int
    configured_weight:
      description: The weight in the configuration.
      type: int
    sessions:
      description: Its current sessions in all workers, and those in its queue.
      type: int
    check:
      description: What its last check said.
      type: str
    taken_out:
      description: Whether somebody has taken it out of rotation at run time, by its state or weight.
      type: bool
    in_rotation:
      description: Whether it gets new clients.
      type: bool
listeners:
  description: TCP addresses and ports at which HAProxy listens.
  type: list
  elements: str
  returned: when HAProxy runs
certificates:
  description: The certificates that HAProxy has loaded.
  type: list
  elements: dict
  returned: when HAProxy runs
  contains:
    file:
      description: The file from which it was read.
      type: str
    subject:
      description: Its subject.
      type: str
    names:
      description: Its alternative names.
      type: list
      elements: str
    expires:
      description: When it ends, in UTC, such as V(2027-02-28T12:00:00Z).
      type: str
    days_left:
      description: Whole days until then; negative afterwards.
      type: int
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._deployed.manifest import SetError
from ..module_utils._haproxy.cli import MASTER_SOCKET, NoAnswer
from ..module_utils._haproxy.info import state
from ..module_utils._host.run import run_or_fail


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "directory": {"type": "path", "default": "/etc/haproxy"},
            "socket": {"type": "path", "default": "/run/haproxy/admin.sock"},
            "master_socket": {"type": "path", "default": MASTER_SOCKET},
        },
        supports_check_mode=True,
    )
    params = module.params
    try:
        found = state(params["socket"], params["master_socket"], params["directory"], run_or_fail(module))
    except (NoAnswer, SetError, OSError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, **found)


if __name__ == "__main__":
    main()
