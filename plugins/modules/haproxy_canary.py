#!/usr/bin/python
# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: haproxy_canary
short_description: Watch servers with a new release by HAProxy's counters, and drain them if they fail more than others
version_added: 0.2.0
description:
  - Puts servers into rotation, with a smaller weight if one is given, and compares their errors with those of the
    other servers of their backends, in the same time.
  - An error is an answer with a status of 5xx, an answer that is missing or cannot be read, or a connection that was
    not possible. Without HTTP, sessions are counted in the place of requests.
  - As soon as the servers are worse than the others, or HAProxy takes one of them for down, they are drained, so that
    they get no new clients. RV(reason) says why; the module does not fail.
  - At the end, the weight is that of the configuration again.
options:
  servers:
    description: Servers as C(BACKEND/NAME), such as V(web/web1). V(*) matches every name.
    type: list
    elements: str
    required: true
  seconds:
    description: Time to watch the servers.
    type: float
    default: 60
  weight:
    description: Weight of the servers meanwhile, from 1 to 256 or in percent of the configured one. If it is empty,
      they have the configured one.
    type: str
    default: ""
  max_errors:
    description: Percents of their requests by which the servers may fail more often than the others.
    type: float
    default: 1
  min_requests:
    description: Requests to the servers from which on they are compared. With fewer, they pass.
    type: int
    default: 10
  socket:
    description: Path of the admin socket (C(level admin)).
    type: path
    default: /run/haproxy/admin.sock
  master_socket:
    description: Path of the master process's socket.
    type: path
    default: /run/haproxy-master.sock
attributes:
  check_mode:
    description: Only checks that the servers exist and that O(weight) leaves them requests.
    support: full
  diff_mode:
    description: Returns no diff.
    support: none
  idempotent:
    description: Watches the servers on every run.
    support: none
seealso:
  - module: evenkeel.ha_web.haproxy_server
author:
  - The evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
- name: Watch the new release with a tenth of the requests
  evenkeel.ha_web.haproxy_canary:
    servers: [shop/web1]
    weight: 10%
    seconds: 120
  register: canary
  failed_when: canary.reason | default('') is truthy
"""

RETURN = r"""
reason:
  description: Why the servers were drained. Empty if they are no worse than the others.
  type: str
  returned: always
requests:
  description: Requests to the servers.
  type: int
  returned: always
errors:
  description: Those of them that ended in an error.
  type: int
  returned: always
other_requests:
  description: Requests to the other servers of the backends.
  type: int
  returned: always
other_errors:
  description: Those of them that ended in an error.
  type: int
  returned: always
running:
  description: Whether HAProxy runs.
  type: bool
  returned: always
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._haproxy.canary import Tally, require_weight, watch
from ..module_utils._haproxy.cli import MASTER_SOCKET, NoAnswer, Stopped
from ..module_utils._haproxy.runtime import Runtime, ServerError
from ..module_utils._haproxy.server import describe_wrong_names, describe_wrong_weight


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "servers": {"type": "list", "elements": "str", "required": True},
            "seconds": {"type": "float", "default": 60},
            "weight": {"type": "str", "default": ""},
            "max_errors": {"type": "float", "default": 1},
            "min_requests": {"type": "int", "default": 10},
            "socket": {"type": "path", "default": "/run/haproxy/admin.sock"},
            "master_socket": {"type": "path", "default": MASTER_SOCKET},
        },
        supports_check_mode=True,
    )
    params = module.params
    if wrong := describe_wrong_names(params["servers"]) or describe_wrong_weight(params["weight"]):
        module.fail_json(msg=wrong)
    runtime = Runtime(params["socket"], params["master_socket"])
    reason, tally = "", Tally([])
    try:
        servers = runtime.find_servers(params["servers"], may_miss=False)
        require_weight(servers, params["weight"])
        if not module.check_mode:
            reason, tally = watch(
                runtime,
                servers,
                params["weight"],
                params["seconds"],
                params["max_errors"],
                params["min_requests"],
            )
    except Stopped:
        module.exit_json(changed=False, running=False, **report("", Tally([])))
    except (NoAnswer, ServerError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=True, running=True, **report(reason, tally))


def report(reason: str, tally: Tally) -> dict:
    """What the module returns of a watch."""
    return {
        "reason": reason,
        "requests": tally.mine.requests,
        "errors": tally.mine.errors,
        "other_requests": tally.others.requests,
        "other_errors": tally.others.errors,
    }


if __name__ == "__main__":
    main()
