"""Nodes share two addresses; each address is preferably on a node of its own."""

from __future__ import annotations

from contextlib import ExitStack

import pytest
from faults import powered_off
from story import Cluster, everywhere

HOME = {"cluster_vip": "lb1", "cluster_vip_2": "lb2"}


def set_delay(cluster: Cluster, seconds: int) -> None:
    """Say how long after it is well a node takes the addresses for which it is preferred."""
    command = (
        f"sed -i 's/preempt_delay .*/preempt_delay {seconds}/' /etc/keepalived/keepalived.conf && systemctl "
        "reload keepalived"
    )
    everywhere(cluster.load_balancers, command)


def test_the_addresses_go_home_and_a_dead_node_moves_its_own_only(cluster):
    with cluster.audited(moves=1):
        set_delay(cluster, 1)
        cluster.wait_for(HOME)
        set_delay(cluster, 1000)
    with cluster.audited(moves=1) as taken, powered_off("lb1"):
        cluster.wait_for_owners(cluster.others("lb1"), cluster.others("lb1"))
    assert {change.instance for change in taken} == {"cluster_vip"}


@pytest.mark.common
def test_nodes_die_until_one_is_left_that_has_all_addresses(cluster):
    left = list(cluster.load_balancers)
    with cluster.audited(moves=len(left) - 1), ExitStack() as dead:
        while len(left) > 1:
            owners = cluster.owners(left)["cluster_vip"]
            dead.enter_context(powered_off(*owners))
            left = [name for name in left if name not in owners]
            cluster.wait_for_owners(left, left)
