"""Clients hold every connection of all frontends; health checks, statistics, modules, playbooks and reloads work all
the same."""

from __future__ import annotations

import csv
import re
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from cluster import container, haproxy_info, lab_host, wait_until
from conftest import ADDRESSES, LOAD_BALANCERS, PREFIX, VIP, copied
from controller import ansible, haproxy_server, playbook
from inside import inside

ATTACKER = "web1"
PORTS = {80: 5, 7443: 2, 8080: 2, 8081: 2, 8443: 2, 9443: 2}
"""A port of each frontend whose clients can be silent, and how many addresses hold 100 connections each to it: more
than it accepts. haproxy ends silent connections all at once: at port 80, where the number is asserted, others wait to
take all 200 places."""

CHECKS = {
    "health": "curl --silent --fail --max-time 3 http://127.0.0.1:8405/healthz",
    "servers": "curl --silent --fail --max-time 3 http://127.0.0.1:8405/healthz/servers",
    "statistics": "curl --silent --fail --max-time 3 --user {user} http://127.0.0.1:8404/stats",
    "metrics": "curl --silent --fail --max-time 3 --user {user} http://127.0.0.1:8404/metrics",
}


@pytest.fixture(scope="module", autouse=True)
def addresses() -> Iterator[list[str]]:
    """Further addresses of the attacker: each may have 100 connections."""
    copied(Path(__file__).parents[2] / "shared/holders.py", ATTACKER, "/root/holders.py")
    found = [f"{PREFIX}.{number}" for number in range(100, 100 + sum(PORTS.values()))]
    for address in found:
        lab_host(ATTACKER).check_output(f"ip address add {address}/24 dev eth0")
    yield found
    for address in found:
        lab_host(ATTACKER).check_output(f"ip address del {address}/24 dev eth0")


@contextmanager
def holding(target: str, port: int, sources: list[str]) -> Iterator[None]:
    """Each source has 100 silent connections, and connects again whenever haproxy ends one."""
    options = [word for source in sources for word in ("--source", source)]
    command = ["python3", "/root/holders.py", target, str(100 * len(sources)), "--port", str(port), *options]
    with subprocess.Popen(
        [*inside(container(ATTACKER)), *command], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
    ) as process:
        yield
        process.communicate()


def frontends(name: str) -> dict[str, tuple[int, int]]:
    """The connections of every frontend whose clients can be silent, and how many it accepts."""
    said = lab_host(name).check_output("echo 'show stat -1 1 -1' | socat - /run/haproxy/admin.sock")
    rows = csv.DictReader(said.removeprefix("# ").splitlines())
    return {
        row["pxname"]: (int(row["scur"]), int(row["slim"]))
        for row in rows
        if row["pxname"] not in ("health", "statistics", "unwell_tcp")
    }


@pytest.fixture
def full(load_balancer, addresses) -> Iterator[str]:
    """Nobody gets one more connection of this load balancer."""
    left = list(addresses)
    with ExitStack() as stack:
        for port, number in PORTS.items():
            stack.enter_context(holding(ADDRESSES[load_balancer], port, [left.pop() for _number in range(number)]))
        wait_until(
            lambda: all(current >= limit for current, limit in frontends(load_balancer).values()),
            "every connection is taken",
        )
        yield load_balancer


def ask_all(name: str) -> dict[str, int]:
    """The exit status of each check on the load balancer."""
    password = re.search(
        "user admin insecure-password '(.*)'", lab_host(name).check_output("cat /etc/haproxy/haproxy.cfg")
    )
    assert password
    return {
        check: lab_host(name).run(command.format(user=f"admin:{password.group(1)}")).rc
        for check, command in CHECKS.items()
    }


def test_health_statistics_and_metrics_answer(full):
    changes = lab_host(full).check_output("journalctl --unit keepalived --output cat | grep --count Entering")
    answers = [ask_all(full) for _number in range(10)]
    assert answers == [dict.fromkeys(CHECKS, 0)] * 10
    assert int(haproxy_info(lab_host(full))["CurrConns"]) >= 600
    assert lab_host(full).check_output("journalctl --unit keepalived --output cat | grep --count Entering") == changes


def test_modules_and_playbooks_work(full):
    done = haproxy_server(full, servers=["web/web2"], state="drain")
    assert not done["failed"], done
    done = haproxy_server(full, servers=["web/web2"], state="ready")
    assert not done["failed"], done
    info = ansible("ansible", full, "-m", "evenkeel.ha_web.haproxy_info").stdout
    assert "limit: 900" in info, info
    run = playbook("check_cluster")
    report = run.stdout + run.stderr
    # haproxy ends connections that say nothing, and accepts those that wait: some are missing at any moment.
    assert re.search(rf"{full}: clients have taken (all|\d+ of the) 200 connections of www", report), report


def test_haproxy_reloads(full):
    before = haproxy_info(lab_host(full))["Pid"]
    assert lab_host(full).run("timeout 30 systemctl reload haproxy").rc == 0
    assert haproxy_info(lab_host(full))["Pid"] != before
    assert ask_all(full) == dict.fromkeys(CHECKS, 0)


def test_clients_are_served_again_when_they_let_go():
    wait_until(
        lambda: lab_host("web2").run(f"curl --silent --fail --insecure --max-time 5 https://{VIP}/").rc == 0,
        "a client is served",
    )
    for name in LOAD_BALANCERS:
        wait_until(lambda name=name: frontends(name)["www"][0] < 200, f"connections of {name} are free")
