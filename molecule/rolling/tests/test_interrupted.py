"""A deployment that is killed at any stage is finished by the same command; what an operator has drained stays
drained."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from cluster import lab_host, wait_until
from commands import APPLICATION, LOAD_BALANCERS, WEB_SERVERS, release, state
from controller import INVENTORY, ROOT, good, haproxy_server, playbook, words

MARK = "/var/lib/evenkeel-unfinished"
STAGES = {
    "drain": "Set the server on every load balancer to drain, wait for sessions",
    "take out": "Set the server on every load balancer to maint, wait for sessions",
    "deploy": "Install the release",
    "check": "Set the server on every load balancer to drain, wait for up",
    "put back": "Set the server on every load balancer to ready, wait for up",
    "note": "Remove the marks of an unfinished deployment",
}
"""A part of the name of the task during which the deployment is killed."""


def kill_at(stage: str, **variables: object) -> None:
    """Begin a deployment and kill all of it when the task begins."""
    command = ["ansible-playbook", "-i", str(INVENTORY), str(ROOT / "playbooks/deploy_web_servers.yml")]
    command += [f"--extra-vars={name}={value}" for name, value in {**APPLICATION, **variables}.items()]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", "ANSIBLE_PIPELINING": "1", "ANSIBLE_FORCE_COLOR": "0"}
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as running:
        said = []
        for line in running.stdout:
            said.append(line)
            if line.startswith("TASK") and STAGES[stage] in line:
                os.killpg(running.pid, signal.SIGKILL)
                return
    raise AssertionError("".join(said[-40:]))


@contextmanager
def drained_by_an_operator(balancer: str, name: str) -> Iterator[None]:
    haproxy_server(balancer, servers=[f"web/{name}"], state="drain")
    try:
        yield
    finally:
        haproxy_server(balancer, servers=[f"web/{name}"], state="ready", wait_for="up")


@contextmanager
def only(*names: str) -> Iterator[None]:
    """The load balancers have these web servers only, as with a smaller inventory."""
    gone = [name for name in WEB_SERVERS if name not in names]
    for balancer in LOAD_BALANCERS:
        haproxy_server(balancer, servers=[f"web/{name}" for name in gone], state="maint")
    try:
        yield
    finally:
        for balancer in LOAD_BALANCERS:
            haproxy_server(balancer, servers=[f"web/{name}" for name in gone], state="ready", wait_for="up")


def nothing_is_left() -> None:
    for name in WEB_SERVERS:
        assert not lab_host(name).file(MARK).exists


@pytest.mark.parametrize("stage", STAGES)
def test_two_web_servers(stage):
    """The first one is out when the deployment is killed, so that the second one serves alone."""
    with only("web1", "web2"):
        kill_at(stage, cluster_release=f"two {stage}".replace(" ", "-"))
        assert lab_host("web1").file(MARK).exists
        assert lab_host("web1").file(MARK).mode == 0o600
        good(release(f"two {stage}".replace(" ", "-")))
        for balancer in LOAD_BALANCERS:
            assert state(balancer) == {"web1": "ready", "web2": "ready", "web3": "maint"}
        nothing_is_left()


def test_a_single_web_server():
    with only("web1"):
        kill_at("deploy", cluster_release="single", cluster_min_in_rotation=0)
        assert state("lb1")["web1"] == "maint"
        good(release("single", cluster_min_in_rotation=0))
        assert [state(balancer)["web1"] for balancer in LOAD_BALANCERS] == ["ready", "ready"]
        nothing_is_left()


def test_all_but_one_are_drained():
    kill_at("deploy", cluster_release="most", cluster_serial=2)
    assert state("lb1") == {"web1": "maint", "web2": "maint", "web3": "ready"}
    good(release("most"))
    assert [state(balancer) for balancer in LOAD_BALANCERS] == [dict.fromkeys(WEB_SERVERS, "ready")] * 2
    nothing_is_left()


def test_what_an_operator_has_drained_stays_drained():
    with drained_by_an_operator("lb1", "web1"):
        kill_at("deploy", cluster_release="operator")
        assert state("lb2")["web1"] == "maint"
        assert "run deploy_web_servers.yml, which puts it back" in words(playbook("check_cluster"))
        good(release("operator"))
        assert state("lb1") == {"web1": "drain", "web2": "ready", "web3": "ready"}
        assert state("lb2") == dict.fromkeys(WEB_SERVERS, "ready")
    wait_until(lambda: state("lb1")["web1"] == "ready", "the operator has put it back")
    nothing_is_left()
