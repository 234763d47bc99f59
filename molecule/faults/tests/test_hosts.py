"""A host dies, boots, stalls or loses its network."""

from __future__ import annotations

import time
from contextlib import ExitStack

import pytest
from cluster import lab_host, stopped, wait_until
from faults import link_down, paused, powered_off, unplugged

GONE = {
    "it is dead": pytest.param(powered_off, marks=pytest.mark.common),
    "it stalls": paused,
    "its switch port is dead": unplugged,
    "its link is down": link_down,
}


@pytest.mark.parametrize("gone", GONE.values(), ids=GONE)
def test_a_host_is_gone_and_another_one_takes_over(cluster, owner, gone):
    others = cluster.others(owner)
    with cluster.audited(), gone(owner):
        cluster.wait_for_owners(others, others)


@pytest.mark.common
@pytest.mark.parametrize("sign", ["reaches_*", "haproxy_has_no_server"])
def test_a_host_that_was_cut_off_leaves_the_addresses_where_they_are(cluster, owner, sign):
    """It has held them all the time and is preferred, but its haproxy has found every server dead, or is about to."""

    def gives_way() -> bool:
        return "1" in lab_host(owner).check_output(f"cat /run/keepalived-watch/{sign}").splitlines()

    others = cluster.others(owner)
    with cluster.audited(), ExitStack() as clients:
        with unplugged(owner):
            cluster.wait_for_owners(others, others)
            wait_until(gives_way, f"{owner} is cut off from its servers")
            clients.enter_context(cluster.served())
        cluster.wait_for_owners(others)
        wait_until(lambda: not gives_way(), f"{owner} reaches its servers again")


def test_all_hosts_boot_at_the_same_time(cluster):
    with cluster.audited(), powered_off(*cluster.load_balancers):
        pass


def test_a_host_that_boots_takes_no_address_before_its_haproxy_answers(cluster, owner):
    other, last = cluster.others(owner)
    # The address that another node has had goes to the last one first.
    with cluster.audited(moves=3), stopped(other, "keepalived"), stopped(last, "keepalived"):
        lab_host(owner).check_output("systemctl disable haproxy")
        with powered_off(owner):
            began = time.time()
        cluster.wait_for_fault(owner, began)
        assert not cluster.takeovers(began)
        lab_host(owner).check_output("systemctl enable --now haproxy")
        cluster.wait_for_owners([owner])
