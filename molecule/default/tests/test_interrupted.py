"""A deployment that is ended while it changes a node keeps nobody from the next one."""

from __future__ import annotations

import os
import re
import signal
import subprocess

import pytest
from cluster import lab_host, wait_until
from controller import begun, good, playbook, words

pytestmark = pytest.mark.long

LOAD_BALANCERS = ["lb1", "lb2"]
STAGE = "Deploy the haproxy configuration"
BLOCKED = re.compile(r"another run is changing /etc/haproxy right now \(process (\d+)\)")


def end_at(stage: str, times: int, number: signal.Signals, **variables: object) -> None:
    """Begin a deployment and end it when the task begins for that time: the first is the trial."""
    with begun("deploy_load_balancers", stdout=subprocess.PIPE, **variables) as run:
        for line in run.stdout:
            times -= line.startswith(b"TASK") and stage.encode() in line
            if not times:
                os.killpg(run.pid, number)
                return
    raise AssertionError(f"{stage} did not begin")


def wait_for_end(process: str) -> None:
    """Wait until no load balancer has a process of that number."""
    still = f"test -e /proc/{process}"
    wait_until(lambda: all(lab_host(name).run(still).rc for name in LOAD_BALANCERS), "the ended run is over", 120)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_deployment_that_was_ended_blocks_the_next_one_only_while_it_works(number):
    variables = {"haproxy_maxconn": 3000 + number}
    end_at(STAGE, 2, number, **variables)
    while found := BLOCKED.search(words(done := playbook("deploy_load_balancers", **variables))):
        wait_for_end(found.group(1))
    good(done)
    for name in LOAD_BALANCERS:
        assert f"maxconn {variables['haproxy_maxconn']}" in lab_host(name).check_output("cat /etc/haproxy/haproxy.cfg")
    good(playbook("deploy_load_balancers"))
