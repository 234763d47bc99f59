"""Statistics and metrics are served to the networks that may read them, and to nobody else."""

from __future__ import annotations

import pytest
from cluster import lab_host
from controller import good, playbook

pytestmark = pytest.mark.once
URL = "http://{}:8404/metrics"


@pytest.fixture
def only_web1(prefix):
    """Metrics are for web1, without a password, and nobody may send a POST."""
    variables = {
        "haproxy_stats_users": [],
        "haproxy_stats_allowed": [f"{prefix}.21"],
        "haproxy_stats_lines": ["http-request deny deny_status 405 if METH_POST"],
        "haproxy_prometheus_enabled": True,
    }
    good(playbook("deploy_load_balancers", **variables))
    yield
    good(playbook("deploy_load_balancers"))


def curl(name: str, address: str, *words: str) -> str:
    """The status that a host gets, or 000 for a closed connection."""
    command = ["curl --silent --max-time 5 --output /dev/null --write-out '%{http_code}'", *words, URL.format(address)]
    return lab_host(name).run(" ".join(command)).stdout


@pytest.mark.usefixtures("only_web1")
def test_metrics_by_network(prefix):
    for address in (f"{prefix}.11", f"{prefix}.12"):
        assert curl("web1", address) == "200"
        assert curl("web1", address, "--request POST") == "405"
        assert curl("web2", address) == "000"
        assert curl("lb1", address) == "000"
