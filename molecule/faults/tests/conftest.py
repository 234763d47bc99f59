"""The lab of the faults: load balancers that share two addresses, and two web servers."""

from __future__ import annotations

import os
import time

import pytest
from story import Cluster

PREFIX = os.environ["LAB_PREFIX"]
LOAD_BALANCERS = {f"lb{number}": f"{PREFIX}.1{number}" for number in range(1, int(os.environ["LAB_NODES"]) + 1)}
WEB_SERVERS = {f"web{number}": f"{PREFIX}.2{number}" for number in (1, 2)}
VIPS = {"cluster_vip": f"{PREFIX}.240", "cluster_vip_2": f"{PREFIX}.241"}


@pytest.fixture(scope="session")
def cluster() -> Cluster:
    """The cluster as the deployment has left it."""
    found = Cluster(list(LOAD_BALANCERS), VIPS)
    # On new hosts nobody takes an address before the time that silence has to last.
    found.wait_for_owners(found.load_balancers)
    found.audited_until = time.time()
    found.normal = found.footprint()
    return found


@pytest.fixture
def owner(cluster: Cluster) -> str:
    """The load balancer that has the first address when the story begins."""
    return cluster.owner()


@pytest.fixture
def standby(cluster: Cluster) -> str:
    """A load balancer that has no address when the story begins."""
    owners = {host for found in cluster.owners().values() for host in found}
    return cluster.others(*owners)[0]
