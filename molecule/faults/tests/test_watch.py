"""What watches haproxy fails itself; that is no reason to move an address."""

from __future__ import annotations

import time
from contextlib import ExitStack

from cluster import lab_host, stopped
from faults import frozen
from story import everywhere


def test_the_watch_is_killed_everywhere_and_nothing_moves(cluster):
    before = everywhere(cluster.load_balancers, "systemctl show --property=MainPID keepalived-watch")
    with cluster.audited(moves=0, lossless=True):
        everywhere(cluster.load_balancers, "systemctl kill --signal=KILL keepalived-watch")
    after = everywhere(cluster.load_balancers, "systemctl show --property=MainPID keepalived-watch")
    assert all(after[name] != before[name] for name in cluster.load_balancers)


def test_the_watch_is_stopped_everywhere_and_a_hung_haproxy_is_still_noticed(cluster, owner):
    with cluster.audited(loser=owner), ExitStack() as stack:
        for name in cluster.load_balancers:
            stack.enter_context(stopped(name, "keepalived-watch"))
        stack.enter_context(frozen(owner, "haproxy"))
        cluster.wait_for_owners(cluster.others(owner))


def test_the_watch_hangs_longer_than_haproxy_may_and_nothing_moves(cluster, owner):
    with cluster.audited(moves=0, lossless=True):
        lab_host(owner).check_output("systemctl kill --signal=STOP keepalived-watch")
        time.sleep(3)
        lab_host(owner).check_output("systemctl kill --signal=CONT keepalived-watch")
