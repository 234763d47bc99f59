"""The lab as the stories see it: hosts by name, and the cluster from a client's place."""

from __future__ import annotations

import os
import urllib.request

import pytest
from cluster import lab_host

LOAD_BALANCERS = ["lb1", "lb2"]
WEB_SERVERS = ["web1", "web2", "web3"]


@pytest.fixture(params=LOAD_BALANCERS)
def load_balancer(request):
    """Each load balancer in turn."""
    return lab_host(request.param)


@pytest.fixture(params=WEB_SERVERS)
def web_server(request):
    """Each web server in turn."""
    return lab_host(request.param)


@pytest.fixture
def prefix() -> str:
    """The first three numbers of every address in the lab."""
    return os.environ["LAB_PREFIX"]


@pytest.fixture
def vip(prefix: str) -> str:
    """The address that clients use."""
    return f"{prefix}.240"


@pytest.fixture
def get(vip: str):
    """Ask the cluster for a path; returns the text of the answer."""

    def ask(path: str = "/") -> str:
        with urllib.request.urlopen(f"http://{vip}{path}", timeout=5) as answer:
            return answer.read().decode()

    return ask


@pytest.fixture
def holders(vip: str):
    """Ask who holds the VIP; returns names."""

    def ask() -> list[str]:
        return [
            name
            for name in LOAD_BALANCERS
            if f" {vip}/" in lab_host(name).check_output("ip -brief address show dev eth0")
        ]

    return ask
