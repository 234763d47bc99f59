"""An agent judges requests over SPOE. Without its answer, what the inventory says follows."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator

import pytest
import spop_agent
from cluster import ask, container, lab_host, wait_until
from controller import good, playbook

VIP = f"{os.environ['LAB_PREFIX']}.240"
LOAD_BALANCERS = ["lb1", "lb2"]
ON_ERROR = {"open": "continue", "closed": "refuse"}
PORTS = {"open": 8081, "closed": 8082}
ANSWER = "http-request return status 200 content-type text/plain string ok if !{ var(txn.never) -m found }"
MESSAGE = {"name": "look", "args": ["path=path"], "event": "on-frontend-http-request"}
VARIABLES = {
    "haproxy_spoe_agents": [
        {"name": name, "backend": "agents", "frontends": [name], "messages": [MESSAGE], "on_error": on_error}
        for name, on_error in ON_ERROR.items()
    ],
    "haproxy_frontends": [
        {"name": "http_in", "binds": [{"port": 80}], "default_backend": "web"},
        *(
            {
                "name": name,
                "binds": [{"port": port}],
                "lines": [f"http-request deny deny_status 403 if {{ var(txn.{name}.action) -m str deny }}", ANSWER],
            }
            for name, port in PORTS.items()
        ),
    ],
    "haproxy_backends": [
        {
            "name": "web",
            "servers": "{{ groups['web_servers'] | evenkeel.ha_web.cluster_nodes(hostvars, port=80) }}",
        },
        {
            "name": "agents",
            "mode": "tcp",
            "servers": [{"name": "agent", "address": "127.0.0.1", "port": 9000}],
            "lines": ["timeout server 3m", "option spop-check"],
        },
    ],
}


@pytest.fixture(scope="module", autouse=True)
def agents() -> Iterator[None]:
    """An agent on each load balancer, which haproxy asks."""
    for name in LOAD_BALANCERS:
        subprocess.run(["docker", "cp", "--quiet", spop_agent.__file__, f"{container(name)}:/root/"], check=True)
        lab_host(name).check_output("systemd-run --unit agent python3 -I /root/spop_agent.py 127.0.0.1 9000")
    good(playbook("deploy_load_balancers", **VARIABLES))
    yield
    good(playbook("deploy_load_balancers"))
    for name in LOAD_BALANCERS:
        lab_host(name).check_output("systemctl stop agent")


def answers(path: str = "/") -> dict[str, int]:
    """The status of a request to each frontend."""
    return {name: ask(f"http://{VIP}:{port}{path}").status for name, port in PORTS.items()}


def everywhere(command: str) -> None:
    for name in LOAD_BALANCERS:
        lab_host(name).check_output(command)


def test_what_the_agent_says_counts():
    wait_until(lambda: answers("/denied") == {"open": 403, "closed": 403}, "the verdict of an agent")
    assert answers() == {"open": 200, "closed": 200}


def test_a_request_without_an_answer_goes_on_or_is_refused():
    assert answers("/unanswered") == {"open": 200, "closed": 503}
    assert answers() == {"open": 200, "closed": 200}


def test_an_agent_that_hangs_stops_no_request():
    everywhere("systemctl kill --signal=STOP agent")
    assert answers("/denied") == {"open": 200, "closed": 503}
    everywhere("systemctl kill --signal=CONT agent")
    wait_until(lambda: answers("/denied") == {"open": 403, "closed": 403}, "the verdict of an agent")


def test_a_change_that_haproxy_refuses_leaves_the_agent_as_it_was():
    wrong = [{**agent, "lines": ["colour blue"]} for agent in VARIABLES["haproxy_spoe_agents"]]
    assert playbook("deploy_load_balancers", **{**VARIABLES, "haproxy_spoe_agents": wrong}).returncode != 0
    assert answers("/denied") == {"open": 403, "closed": 403}


def test_a_second_run_changes_nothing():
    assert set(re.findall(r"changed=(\d+)", good(playbook("deploy_load_balancers", **VARIABLES)))) == {"0"}


def test_a_dead_agent_stops_no_request_and_is_not_asked_any_more():
    everywhere("systemctl kill --signal=KILL agent")
    assert answers("/denied") == {"open": 200, "closed": 503}
    everywhere(
        "systemctl reset-failed agent || :; systemd-run --unit agent python3 -I /root/spop_agent.py 127.0.0.1 9000"
    )
    wait_until(lambda: answers("/denied") == {"open": 403, "closed": 403}, "the verdict of an agent")


def test_without_the_variable_its_files_are_gone():
    good(playbook("deploy_load_balancers"))
    for name in LOAD_BALANCERS:
        assert not lab_host(name).file("/etc/haproxy/spoe/open.conf").exists
        assert "filter spoe" not in lab_host(name).file("/etc/haproxy/haproxy.cfg").content_string
