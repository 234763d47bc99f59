"""What happens to the packets that the load balancers send each other."""

from __future__ import annotations

from contextlib import ExitStack
from math import inf

import pytest
from cluster import capture, wait_until
from conftest import LOAD_BALANCERS, VIPS, WEB_SERVERS
from faults import claim, filtered
from story import everywhere

VRIDS = ["51", "52"]


@pytest.mark.common
def test_nobody_hears_anybody_and_one_owner_is_left_afterwards(cluster):
    # An owner can lose the address to a node that is already deaf, and take it again when it is deaf as well.
    nodes = len(cluster.load_balancers)
    with cluster.audited(moves=nodes), ExitStack() as stack:
        for name in cluster.load_balancers:
            stack.enter_context(filtered(name, "INPUT -p vrrp -j DROP"))
        wait_until(lambda: all(len(found) == nodes for found in cluster.owners().values()), "every node is an owner")


def test_the_owner_is_not_heard_and_one_owner_is_left_afterwards(cluster, owner):
    others = cluster.others(owner)
    with cluster.audited(moves=3), ExitStack() as stack:
        for name in others:
            stack.enter_context(filtered(name, f"INPUT -p vrrp -s {LOAD_BALANCERS[owner]} -j DROP"))
        cluster.wait_for_owners(others, others)


def test_a_stranger_with_the_highest_priority_has_no_effect(cluster):
    heard = f"ip proto 112 and src {WEB_SERVERS['web1']}"
    with cluster.audited(moves=0, lossless=True), capture("lb1", "eth0", heard) as packets:
        claim("web1", VRIDS, VIPS.values(), LOAD_BALANCERS.values())
        wait_until(lambda: len(packets) > 100, "the stranger's adverts")


def test_a_third_of_the_packets_is_lost_and_one_owner_is_left_afterwards(cluster):
    lost = "iptables --list INPUT 1 --verbose --exact | awk '{print $1}'"
    with cluster.audited(moves=inf), ExitStack() as stack:
        for name in cluster.load_balancers:
            stack.enter_context(filtered(name, "INPUT -p vrrp -m statistic --mode random --probability 0.3 -j DROP"))
        wait_until(lambda: sum(map(int, everywhere(cluster.load_balancers, lost).values())) > 100, "100 lost packets")
