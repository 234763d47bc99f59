"""keepalived ends, hangs or is reloaded; no address is left behind, and none has two owners for long."""

from __future__ import annotations

import pytest
from cluster import lab_host, stopped
from faults import frozen, killed

ENDS = {
    "somebody restarts it": "systemctl restart keepalived",
    "its parent is killed": "systemctl kill --kill-whom=main --signal=KILL keepalived",
    "its child is killed": "pkill --signal=KILL --parent $(systemctl show --property=MainPID --value keepalived)",
    "all of it is killed": pytest.param("systemctl kill --signal=KILL keepalived", marks=pytest.mark.common),
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_keepalived_ends_and_systemd_starts_it_again(cluster, owner, end):
    with cluster.audited():
        lab_host(owner).check_output(end)


@pytest.mark.common
def test_keepalived_is_stopped_and_another_node_takes_over(cluster, owner):
    with cluster.audited(), stopped(owner, "keepalived"):
        cluster.wait_for_owners(cluster.others(owner))


def test_keepalived_is_killed_for_good_and_leaves_no_address_behind(cluster, owner):
    with cluster.audited(), killed(owner, "keepalived"):
        cluster.wait_for_owners(cluster.others(owner))


def test_keepalived_hangs_and_there_is_one_owner_when_it_goes_on(cluster, owner):
    others = cluster.others(owner)
    with cluster.audited(), frozen(owner, "keepalived"):
        cluster.wait_for_owners(others, others)


def test_a_reload_of_keepalived_moves_nothing(cluster):
    with cluster.audited(moves=0, lossless=True):
        for name in cluster.load_balancers:
            lab_host(name).check_output("systemctl reload keepalived")
