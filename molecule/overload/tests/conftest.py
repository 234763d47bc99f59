"""The lab of the overload: load balancers that share one address."""

from __future__ import annotations

import os
import time

import pytest
from cluster import sees_all_servers, wait_until
from story import Cluster

LOAD_BALANCERS = [f"lb{number}" for number in range(1, int(os.environ["LAB_NODES"]) + 1)]
VIP = f"{os.environ['LAB_PREFIX']}.240"


@pytest.fixture(scope="session")
def cluster() -> Cluster:
    """The cluster as the deployment has left it."""
    found = Cluster(LOAD_BALANCERS, {"cluster_vip": VIP})
    found.wait_for_owners(found.load_balancers)
    wait_until(lambda: all(map(sees_all_servers, LOAD_BALANCERS)), "all servers up")
    found.audited_until = time.time()
    found.normal = found.footprint()
    return found


@pytest.fixture
def owner(cluster: Cluster) -> str:
    """The load balancer that has the address when the story begins, also after one that has failed."""
    cluster.wait_for_owners(cluster.load_balancers)
    return cluster.owner()
