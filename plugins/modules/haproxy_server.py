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
  - Changes the run-time state and weight of servers through the admin socket, and waits until their sessions have ended
    or their checks pass. Without O(state), O(weight) and O(wait_for) it tells what the servers are.
  - What HAProxy answers is read, and afterwards it is asked what the servers are. A change that was accepted but has no
    effect is an error.
  - Several servers change in one call. If one of them does not exist, none is touched.
  - M(community.general.haproxy) has neither check mode nor diff, takes one server at a time, does not look at what
    HAProxy answers, and by default says nothing of a server that does not exist. It counts retries instead of seconds,
    knows only the sessions of the newest worker, takes C(UP 1/2) for up, and waits in vain for a server without checks.
    That is why this module exists.
  - A server that drains still gets the requests of clients whose cookie names it. O(state=maint) ends that too.
  - The workers that a reload has replaced serve their connections to the end. They accept no changes, but their
    sessions count.
  - What a worker is told while another one takes over would be lost. So a reload by the role haproxy's unit and a
    change wait for each other; both lock the file O(socket) with C(.lock) behind it. Whoever may not write there goes
    on without.
options:
  servers:
    description:
      - Backend and server, such as V(web/web1). V(*) stands for every name, so V(*/web1) is the server web1 of every
        backend that has it.
    type: list
    elements: str
    required: true
  state:
    description:
      - V(drain) takes the server out of rotation for new clients, and goes on checking it.
      - V(maint) takes it out completely, without checks.
      - V(ready) puts it back.
    type: str
    choices: [drain, maint, ready]
  weight:
    description: A number from 0 to 256, or percents of the configured weight, such as V(50%).
    type: str
  wait_for:
    description:
      - V(sessions) waits until the servers have no sessions any more, the ones in their queues included. With
        O(state=maint) the servers drain until then.
      - V(up) waits until the checks of the servers pass. A server that was in maintenance has to pass one check more
        than it needs to be called up at first, so that what it was before does not count. A server without checks is
        up.
      - V(sessions) is refused with O(state=ready), and V(up) with O(state=maint). Nothing is waited for in check mode.
    type: str
    choices: [sessions, up]
  timeout:
    description: Seconds to wait.
    type: float
    default: 60
  on_timeout:
    description:
      - V(fail) ends the module when the time is over. The servers stay what they are then, which is draining if they
        should go into maintenance.
      - V(go_on) does what remains to be done, and says in RV(late) which servers were not waited for.
    type: str
    choices: [fail, go_on]
    default: fail
  if_missing:
    description: What to do about a name in O(servers) that HAProxy does not have.
    type: str
    choices: [fail, skip]
    default: fail
  if_stopped:
    description:
      - What to do if nobody listens on the socket, so that no HAProxy runs behind it. One that runs but does not answer
        is an error.
    type: str
    choices: [fail, skip]
    default: fail
  socket:
    description: The socket of level admin.
    type: path
    default: /run/haproxy/admin.sock
  master_socket:
    description: The socket of the master process, which knows the workers that a reload has replaced. If it does not
      exist there are none.
    type: path
    default: /run/haproxy-master.sock
attributes:
  check_mode:
    description: Says what would change.
    support: full
  diff_mode:
    description: Shows state and weight of every server before and after.
    support: full
  idempotent:
    description: A server that is what is wanted is left alone.
    support: full
seealso:
  - module: community.general.haproxy
  - module: evenkeel.ha_web.config_transaction
notes:
  - The role haproxy saves drained servers, servers in maintenance and changed weights before every reload. A start
    forgets them.
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

- name: Enable web1 and wait until its health check succeeds
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
  description: Every server that O(servers) names, also if the module fails after it has found them.
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
    before:
      description: What it was.
      type: dict
      contains: &server
        state:
          description: V(ready), V(drain) or V(maint).
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
    after:
      description: What it is now; in check mode the same with the state and weight that it would have.
      type: dict
      contains: *server
late:
  description: Backend and server of those that were not waited for, with O(on_timeout=go_on).
  type: list
  elements: str
  returned: when HAProxy runs
waiting_for:
  description:
    - One text for each of these servers that still has sessions, with O(wait_for=sessions). It names the first five
      sessions, each by its client, its frontend and its age.
  type: list
  elements: str
  returned: when HAProxy runs
running:
  description: Whether there is a HAProxy.
  type: bool
  returned: always
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._haproxy.cli import MASTER_SOCKET, NoAnswer, Stopped
from ..module_utils._haproxy.runtime import Outcome, Runtime, ServerError, foresee, make
from ..module_utils._haproxy.server import Server, Wanted, not_a_weight, not_servers


def results(before: list[Server], after: list[Server]) -> list[dict]:
    """The servers as the module returns them."""
    return [
        {"backend": b.backend, "name": b.name, "before": b.result(), "after": a.result()} for b, a in zip(before, after)
    ]


def report(outcome: Outcome) -> dict:
    """What the module returns of an outcome."""
    before, after = ("".join(server.line() for server in servers) for servers in (outcome.before, outcome.after))
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
    wrong = not_servers(params["servers"]) or not_a_weight(wanted.weight)
    if (params["state"], params["wait_for"]) in (("maint", "up"), ("ready", "sessions")):
        wrong = f"wait_for is {params['wait_for']}: that does not come with state {params['state']}"
    if wrong:
        module.fail_json(msg=wrong, running=True)

    runtime = Runtime(params["socket"], params["master_socket"])
    before: list[Server] = []
    try:
        before = runtime.named(params["servers"], may_miss=params["if_missing"] == "skip")
        if module.check_mode:
            outcome = foresee(before, wanted)
        else:
            outcome = make(
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
    """What the servers are, or were if HAProxy does not answer any more."""
    try:
        return runtime.these(before)
    except (NoAnswer, ServerError):
        return before


if __name__ == "__main__":
    main()
