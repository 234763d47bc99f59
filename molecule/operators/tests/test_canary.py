"""A new release is tried on one server first: a bad one is stopped and taken back, a good one goes through."""

from __future__ import annotations

import os
import re

import pytest
from cluster import lab_host, wait_until
from controller import ROOT, good, haproxy_server, playbook, words
from prober import Prober

PREFIX = os.environ["LAB_PREFIX"]
VIP = f"{PREFIX}.240"
LOAD_BALANCERS = ["lb1", "lb2"]
WEB_SERVERS = ["web1", "web2", "web3"]
TASKS = ROOT / "molecule/operators/tasks/release.yml"
SITES = [
    {
        "name": "web",
        "listens": ["80 default_server"],
        "locations": [{"path": "/release", "lines": ["if (-f /var/www/web/bad) { return 500; }"]}],
    }
]
WEIGHTS = {"haproxy_server_defaults": {"weight": 100}}


def release(name: str, **variables: object):
    """Deploy a release, with a watch of the first server."""
    return playbook(
        "deploy_web_servers",
        cluster_deploy_tasks=TASKS,
        cluster_release=name,
        nginx_sites=SITES,
        # On a loaded machine, few requests come in a second.
        **{
            "cluster_canary_seconds": 30,
            "cluster_canary_min_requests": 5,
            "cluster_restore_tasks": TASKS,
            **variables,
        },
    )


def visitors() -> Prober:
    return Prober(VIP, path="/release", interval=0.02, timeout=20)


def releases() -> list[str]:
    return [lab_host(name).check_output("cat /var/www/web/release") for name in WEB_SERVERS]


def servers() -> set[tuple[str, str, int]]:
    """Name, state and weight of every server on every load balancer."""
    found = [item for name in LOAD_BALANCERS for item in haproxy_server(name, servers=["web/*"])["servers"]]
    return {(item["name"], item["after"]["state"], item["after"]["weight"]) for item in found}


READY = {(name, "ready", 100) for name in WEB_SERVERS}


@pytest.fixture(scope="module", autouse=True)
def _deployed():
    good(playbook("deploy_load_balancers", **WEIGHTS))
    good(release("one", cluster_canary_seconds=0))
    yield
    good(playbook("site"))


def test_a_bad_release_is_stopped_and_taken_back():
    with visitors() as clients:
        done = release("bad")
        assert clients.results
    said = words(done)
    assert done.returncode != 0
    assert "Release bad was stopped: web1: " in said
    assert "web1 has release one again." in said
    assert "Not reached, and unchanged: web2, web3." in said
    assert releases() == ["one"] * 3
    assert servers() == READY
    with visitors() as clients:
        wait_until(lambda: len(clients.results) >= 100, "clients of the release before")
    assert [result for result in clients.results if not result.ok] == []


def test_without_a_way_back_the_server_stays_out_until_the_next_deployment():
    with visitors():
        done = release("bad", cluster_restore_tasks="")
    assert done.returncode != 0
    assert "web1 is out of rotation" in words(done)
    assert releases() == ["bad", "one", "one"]
    assert {item for item in servers() if item[0] == "web1"} == {("web1", "maint", 100)}


def test_a_good_release_goes_through():
    with visitors() as clients:
        output = good(release("two", cluster_canary_weight="50%"))
    assert re.search(r"lb[12]: 0 of \d+ requests to web1 failed", output), output
    assert "requests to web2 failed" not in output
    assert releases() == ["two"] * 3
    assert servers() == READY
    assert [result for result in clients.results if not result.ok] == []


def test_others_must_not_get_the_release_together_with_it():
    done = release("three", cluster_serial=2)
    assert done.returncode != 0
    assert "web2 would get the release together with the servers that are watched" in words(done)
    assert releases() == ["two"] * 3


def test_a_weight_of_nothing_is_refused():
    good(playbook("deploy_load_balancers"))
    done = release("three", cluster_canary_weight="10%")
    assert done.returncode != 0
    assert "a weight of 10% is 0 for web/web1" in words(done)
    assert releases() == ["two"] * 3
    assert servers() == {(name, "ready", 1) for name in WEB_SERVERS}
