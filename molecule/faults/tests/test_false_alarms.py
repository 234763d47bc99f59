"""Much to do is not a failure. FAULTS_SOAK says for how many seconds the first story goes on."""

from __future__ import annotations

import os
import time
from contextlib import ExitStack

import pytest
from cluster import lab_host, wait_until
from conftest import VIPS
from faults import busy_clients, filtered, saturated, starved

SOAK = float(os.environ.get("FAULTS_SOAK", "20"))


def test_load_lost_packets_and_reloads_move_nothing(cluster, owner):
    with cluster.audited(moves=0), ExitStack() as stack:
        stack.enter_context(busy_clients(VIPS["cluster_vip"], 400))
        stack.enter_context(saturated(owner))
        for name in cluster.load_balancers:
            stack.enter_context(filtered(name, "INPUT -p vrrp -m statistic --mode random --probability 0.05 -j DROP"))
        end = time.monotonic() + SOAK
        while time.monotonic() < end:
            lab_host(owner).check_output("systemctl reload haproxy")
            time.sleep(min(5.0, max(0.0, end - time.monotonic())))


@pytest.mark.common
def test_a_haproxy_that_answers_too_late_is_busy_and_keeps_its_addresses(cluster, owner):
    busy = "cat /run/keepalived-watch/haproxy_hangs_busy"
    with cluster.audited(moves=0), starved(owner, "--euid haproxy haproxy"):
        wait_until(lambda: lab_host(owner).check_output(busy) == "1", f"{owner} is busy")
        # Longer than a failure would take to be seen, by the watch and by the check script.
        time.sleep(10)
        assert lab_host(owner).check_output("cat /run/keepalived-watch/haproxy_hangs") == "0"
