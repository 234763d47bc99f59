"""Overload is not death: no load moves the VIP, and a full load balancer goes on serving. OVERLOAD_SECONDS says how
long a load lasts."""

from __future__ import annotations

import os
import time

import pytest
from cluster import haproxy_info, lab_host, wait_until
from conftest import VIP
from controller import good, playbook
from faults import frozen, saturated
from loads import H2_100, IDLE, LOADS, RETURN, loaded, succeeded
from observed import observed

SECONDS = float(os.environ.get("OVERLOAD_SECONDS", "20"))
LOOPS = 4
"""Busy loops for each core of the machine, beside every load."""
MINUTE = max(SECONDS, 60.0)


def connections(host: str) -> int:
    """Return how many connections haproxy of a host has."""
    return int(haproxy_info(lab_host(host))["CurrConns"])


@pytest.mark.parametrize("load", [load for load in LOADS if load is not IDLE], ids=str)
def test_a_load_moves_nothing_and_others_are_answered(cluster, owner, load):
    with observed(cluster) as seen, saturated(owner, loops=LOOPS), loaded(load, VIP):
        time.sleep(SECONDS)
    seen.assert_unmoved()
    seen.assert_served()


def test_a_full_haproxy_is_reloaded_and_deployed_and_moves_nothing(cluster, owner):
    """A client keeps more connections than haproxy may have, and opens those anew that haproxy ends."""
    with observed(cluster) as seen, saturated(owner, loops=LOOPS), loaded(IDLE, VIP):
        end = time.monotonic() + MINUTE
        wait_until(lambda: connections(owner) > 3500, "the load's connections")
        seen.mark("reload")
        lab_host(owner).check_output("systemctl reload haproxy")
        seen.mark("site.yml with changed values")
        good(
            playbook(
                "site", haproxy_timeouts={"server": "31s"}, keepalived_instance_defaults={"garp_master_refresh": 31}
            )
        )
        seen.mark("end of site.yml")
        time.sleep(max(0.0, end - time.monotonic()))
    assert any(sample.full for sample in seen.fullness[owner].samples), "haproxy was never full"
    seen.assert_unmoved()
    seen.assert_served()


def test_a_hung_haproxy_moves_the_vip_once_and_clients_that_come_back_do_not_push_it_on(cluster, owner):
    """2,000 clients open new TLS connections to the heir in the same moment, beside the load that is there already."""
    with observed(cluster) as seen, saturated(owner, loops=LOOPS), loaded(H2_100, VIP):
        wait_until(lambda: connections(owner) > 100, "the load's connections")
        seen.mark(f"SIGSTOP of haproxy on {owner}")
        with frozen(owner, "haproxy"):
            cluster.wait_for_owners(cluster.others(owner))
            for _time in range(3):
                seen.mark("2,000 TLS handshakes at once")
                assert succeeded(RETURN, VIP) > 0
        seen.mark("SIGCONT")
        time.sleep(SECONDS / 2)
    seen.assert_moved_once()
    cluster.become_well()
