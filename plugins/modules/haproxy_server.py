#!/usr/bin/python
# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: haproxy_server
short_description: Drain servers of a running HAProxy, wait until they are idle, and put them back
version_added: 0.1.0
description:
  - Changes the administrative state and weight of servers through the admin socket. Can wait until their sessions have
    ended or their health checks pass. Without O(state), O(weight) and O(wait_for), it only returns the servers' state.
  - Checks HAProxy's answer to each command, and the state of the servers afterwards. A change that was accepted but has
    no effect is an error.
  - Changes several servers in one call. If one of them does not exist, none is changed.
  - This module exists because M(community.general.haproxy) has no check mode and no diff, takes one server at a time,
    ignores HAProxy's answers, and by default does not report a server that does not exist. It counts retries instead of
    seconds, sees the sessions of the newest worker only, accepts C(UP 1/2) as up, and waits in vain for a server
    without checks.
  - A draining server still gets requests from clients whose cookie names it. O(state=maint) stops these as well.
  - Workers that a reload has replaced serve their remaining connections. They accept no changes, but their sessions are
    counted.
  - A command sent while a new worker takes over would be lost. Therefore a change and a reload by the unit of the role
    haproxy wait for each other. For a socket in C(/run/haproxy), both lock C(/run/haproxy-reload/lock). If the file
    cannot be opened, the change proceeds unlocked.
options:
  servers:
    description:
      - Servers as C(BACKEND/NAME), such as V(web/web1). V(*) matches every name, so V(*/web1) is the server web1 of all
        backends.
    type: list
    elements: str
    required: true
  state:
    description:
      - V(drain) takes the server out of rotation for new clients. Health checks continue.
      - V(maint) takes it out completely. Health checks stop.
      - V(ready) puts it back into rotation.
    type: str
    choices: [drain, maint, ready]
  weight:
    description: Weight from 0 to 256, or a percentage of the configured weight, such as V(50%).
    type: str
  wait_for:
    description:
      - V(sessions) waits until the servers have no sessions, including those in their queues. With O(state=maint), the
        servers drain until then.
      - V(up) waits until the health checks of the servers pass. A server that was in maintenance must pass one check
        more than it needs to be reported as up at first, so that its state before the maintenance does not count. A
        server without checks counts as up.
      - V(sessions) cannot be combined with O(state=ready), nor V(up) with O(state=maint). Check mode does not wait.
    type: str
    choices: [sessions, up]
  timeout:
    description: Maximum time to wait, in seconds.
    type: float
    default: 60
  on_timeout:
    description:
      - V(fail) fails after O(timeout). The servers keep their state of that moment; servers that should go into
        maintenance keep draining.
      - V(go_on) completes the change and returns the servers that were not waited for in RV(late).
    type: str
    choices: [fail, go_on]
    default: fail
  if_missing:
    description: Behavior if HAProxy does not have a server in O(servers).
    type: str
    choices: [fail, skip]
    default: fail
  if_stopped:
    description:
      - Behavior if no process listens on the socket, so that HAProxy does not run. A HAProxy that runs but does not
        answer is always an error.
    type: str
    choices: [fail, skip]
    default: fail
  socket:
    description: Path of the admin socket (C(level admin)).
    type: path
    default: /run/haproxy/admin.sock
  master_socket:
    description: Path of the master process's socket, which knows the workers that a reload has replaced. If it does not
      exist, there are none.
    type: path
    default: /run/haproxy-master.sock
attributes:
  check_mode:
    description: Returns the predicted changes.
    support: full
  diff_mode:
    description: Shows state and weight of every server before and after.
    support: full
  idempotent:
    description: Servers that already have the requested state and weight are not changed.
    support: full
seealso:
  - module: community.general.haproxy
  - module: evenkeel.ha_web.config_transaction
notes:
  - The role haproxy saves drained servers, servers in maintenance and changed weights before every reload. A start of
    HAProxy discards them.
author:
  - The evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
- name: Drain web1 in every backend and set it to maintenance
  evenkeel.ha_web.haproxy_server:
    servers: ["*/web1"]
    state: maint
    wait_for: sessions
    timeout: 120

- name: Put it back and wait until its health checks pass
  evenkeel.ha_web.haproxy_server:
    servers: ["*/web1"]
    state: ready
    wait_for: up

- name: Set the weight of the new release to a tenth
  evenkeel.ha_web.haproxy_server:
    servers: [shop/canary1, shop/canary2]
    weight: 10%

- name: Read the state of all servers
  evenkeel.ha_web.haproxy_server:
    servers: ["*/*"]
  register: rotation
"""

RETURN = r"""
servers:
  description: Servers that match O(servers). Also returned if the module fails after finding them.
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
    before:
      description: State before the change.
      type: dict
      contains: &server
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
    after:
      description: State after the change. In check mode, RV(servers[].before) with the predicted state and weight.
      type: dict
      contains: *server
late:
  description: Servers, as C(BACKEND/NAME), that O(on_timeout=go_on) did not wait for.
  type: list
  elements: str
  returned: when HAProxy runs
waiting_for:
  description:
    - One text for each of these servers that still has sessions, with O(wait_for=sessions). It lists the first five
      sessions with client, frontend and age.
  type: list
  elements: str
  returned: when HAProxy runs
running:
  description: Whether HAProxy runs.
  type: bool
  returned: always
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._haproxy.cli import MASTER_SOCKET, NoAnswer, Stopped
from ..module_utils._haproxy.runtime import Outcome, Runtime, ServerError, change_servers, predict_outcome
from ..module_utils._haproxy.server import Server, Wanted, describe_wrong_names, describe_wrong_weight


def results(before: list[Server], after: list[Server]) -> list[dict]:
    """The servers as the module returns them."""
    return [
        {"backend": b.backend, "name": b.name, "before": b.to_dict(), "after": a.to_dict()}
        for b, a in zip(before, after)
    ]


def report(outcome: Outcome) -> dict:
    """Build the result of the module from an outcome."""
    before, after = ("".join(server.diff_line() for server in servers) for servers in (outcome.before, outcome.after))
    return {
        "changed": before != after,
        "running": True,
        "servers": results(outcome.before, outcome.after),
        "late": [server.label for server in outcome.late],
        "waiting_for": outcome.waiting_for,
        "diff": {"before": before, "after": after},
    }


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "servers": {"type": "list", "elements": "str", "required": True},
            "state": {"type": "str", "choices": ["drain", "maint", "ready"]},
            "weight": {"type": "str"},
            "wait_for": {"type": "str", "choices": ["sessions", "up"]},
            "timeout": {"type": "float", "default": 60},
            "on_timeout": {"type": "str", "choices": ["fail", "go_on"], "default": "fail"},
            "if_missing": {"type": "str", "choices": ["fail", "skip"], "default": "fail"},
            "if_stopped": {"type": "str", "choices": ["fail", "skip"], "default": "fail"},
            "socket": {"type": "path", "default": "/run/haproxy/admin.sock"},
            "master_socket": {"type": "path", "default": MASTER_SOCKET},
        },
        supports_check_mode=True,
    )
    params = module.params
    wanted = Wanted(params["state"] or "", params["weight"] or "")
    wrong = describe_wrong_names(params["servers"]) or describe_wrong_weight(wanted.weight)
    if (params["state"], params["wait_for"]) in (("maint", "up"), ("ready", "sessions")):
        wrong = f"wait_for is {params['wait_for']}: that does not come with state {params['state']}"
    if wrong:
        module.fail_json(msg=wrong, running=True)

    runtime = Runtime(params["socket"], params["master_socket"])
    before: list[Server] = []
    try:
        before = runtime.find_servers(params["servers"], may_miss=params["if_missing"] == "skip")
        if module.check_mode:
            outcome = predict_outcome(before, wanted)
        else:
            outcome = change_servers(
                runtime, before, wanted, params["wait_for"] or "", params["timeout"], params["on_timeout"] == "go_on"
            )
    except Stopped as error:
        if params["if_stopped"] == "fail" or before:
            module.fail_json(msg=str(error), running=False)
        module.exit_json(changed=False, running=False)
    except (NoAnswer, ServerError) as error:
        module.fail_json(msg=str(error), running=True, servers=results(before, now(runtime, before)))
    module.exit_json(**report(outcome))


def now(runtime: Runtime, before: list[Server]) -> list[Server]:
    """Read the servers, or return those from before if HAProxy does not answer any more."""
    try:
        return runtime.refresh_servers(before)
    except (NoAnswer, ServerError):
        return before


if __name__ == "__main__":
    main()
