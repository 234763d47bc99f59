#!/usr/bin/python
# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: haproxy_info
short_description: Gather the state of a running HAProxy
version_added: 0.1.0
description:
  - Reads version, uptime, reloads, frontends, backends, servers and certificates from HAProxy and its master process.
  - Reports whether HAProxy runs the configuration on disk, which neither HAProxy nor systemd reports.
  - Changes nothing, and does not require HAProxy on the host.
options:
  directory:
    description: Configuration directory.
    type: path
    default: /etc/haproxy
  socket:
    description: The C(stats socket) of HAProxy. Reading certificates requires C(level admin).
    type: path
    default: /run/haproxy/admin.sock
  master_socket:
    description: Socket of the master process. Without it, nothing is known about reloads.
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
- name: Gather the state of HAProxy
  evenkeel.ha_web.haproxy_info:
  register: haproxy

- name: List the certificates that expire within two weeks
  ansible.builtin.debug:
    msg: "{{ haproxy.certificates | selectattr('days_left', 'lt', 14) | map(attribute='file') }}"
"""

RETURN = r"""
running:
  description: Whether HAProxy runs.
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
    shared:
      description:
        - Checksum of the configuration that all nodes of a cluster share. Comments, C(localpeer), values of C(maxconn),
          and the host's own addresses in C(bind) and C(source) are excluded. Empty if there is no haproxy.cfg.
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
    loaded:
      description:
        - Whether the files on disk are those that HAProxy read at its last start or reload, as recorded by the unit of
          the role haproxy. If they are and RV(configuration.pending) is not empty, the files were changed after the
          deployment.
      type: bool
      returned: when HAProxy runs
version:
  description: HAProxy's version.
  type: str
  returned: when HAProxy runs
uptime:
  description: Seconds since the start of HAProxy.
  type: int
  returned: when HAProxy runs
generation:
  description: Number of reloads since the start of HAProxy.
  type: int
  returned: when HAProxy runs
seconds_in_generation:
  description: Seconds since the start of the current worker.
  type: int
  returned: when HAProxy runs
reloads_failed:
  description: Number of failed reloads since the last successful one. 0 if the last reload succeeded.
  type: int
  returned: when HAProxy runs
old_workers:
  description: Number of workers that a reload has replaced and that still serve connections.
  type: int
  returned: when HAProxy runs
oldest_worker:
  description: Number of reloads that the oldest of these workers has survived.
  type: int
  returned: when HAProxy runs
max_reloads:
  description: Maximum number of reloads that an old worker survives (C(mworker-max-reloads)). 0 for no limit.
  type: int
  returned: when HAProxy runs
ended_workers:
  description:
    - Number of old workers that were ended with open connections since the last reload, by C(mworker-max-reloads),
      C(hard-stop-after) or a signal.
  type: int
  returned: when HAProxy runs
dropped_logs:
  description: Number of log lines that a target could not take, and that HAProxy dropped, since the last reload or
    start.
  type: int
  returned: when HAProxy runs
log_errors:
  description: Errors that the log daemon, C(haproxy-access-log.service), has reported within the last ten minutes,
    without duplicates.
  type: list
  elements: str
  returned: when HAProxy runs
connections:
  description: Connections of the process, without those of its admin sockets.
  type: dict
  returned: when HAProxy runs
  contains:
    current:
      description: Current connections, including those of the role's own listeners.
      type: int
    limit:
      description: Maximum number of connections (C(maxconn) of the global section).
      type: int
frontends:
  description: Frontends, including those of C(listen) sections.
  type: list
  elements: dict
  returned: when HAProxy runs
  contains:
    name:
      description: Name of the frontend.
      type: str
    status:
      description: V(OPEN), V(FULL), V(PAUSED) or V(STOP).
      type: str
    sessions:
      description: Current sessions.
      type: int
    limit:
      description: Maximum number of sessions.
      type: int
backends:
  description: Backends, including those of C(listen) sections.
  type: list
  elements: dict
  returned: when HAProxy runs
  contains:
    name:
      description: Name of the backend.
      type: str
    status:
      description: V(UP), or V(DOWN) if no server is available.
      type: str
    sessions:
      description: Current sessions.
      type: int
    limit:
      description: Number of sessions at which the dynamic limits of its servers are reached (C(fullconn)).
      type: int
    up:
      description: Number of servers in rotation.
      type: int
    down:
      description: Number of servers whose health checks fail.
      type: int
    out:
      description: Number of servers that were taken out of rotation, by their state or by weight 0.
      type: int
servers:
  description: Servers of all backends.
  type: list
  elements: dict
  returned: when HAProxy runs
  contains:
    backend:
      description: Name of the backend.
      type: str
    name:
      description: Name of the server.
      type: str
    state:
      description: Administrative state, V(ready), V(drain) or V(maint).
      type: str
    status:
      description: Status in HAProxy's statistics, such as C(UP), C(DOWN 1/2) or C(no check).
      type: str
    weight:
      description: Current weight.
      type: int
    configured_weight:
      description: Weight in the configuration.
      type: int
    sessions:
      description: Current sessions in all workers, plus requests in the server's queue.
      type: int
    check:
      description: Result of the last health check.
      type: str
    taken_out:
      description: Whether the server was taken out of rotation at run time, by its state or weight.
      type: bool
    in_rotation:
      description: Whether the server gets new clients.
      type: bool
listeners:
  description: TCP addresses and ports that HAProxy listens on.
  type: list
  elements: str
  returned: when HAProxy runs
certificates:
  description: Certificates that HAProxy has loaded.
  type: list
  elements: dict
  returned: when HAProxy runs
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
complaints:
  description: Warnings of HAProxy about the configuration on disk, with file, line and the text of the line. Passwords
    are masked.
  type: list
  elements: str
  returned: when HAProxy runs
pattern_files:
  description: Maps and lists of ACLs, as they are at run time.
  type: list
  elements: dict
  returned: when HAProxy runs
  contains:
    kind:
      description: V(map) or V(acl).
      type: str
    file:
      description: Path of the file from which it was loaded.
      type: str
    entries:
      description: Number of entries.
      type: int
    digest:
      description: SHA-256 of the entries, in sorted order.
      type: str
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
