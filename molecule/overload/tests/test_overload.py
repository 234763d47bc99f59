"""Overload is not death: no load moves the VIP, and a full load balancer goes on serving. OVERLOAD_SECONDS says how
long a load lasts."""

from __future__ import annotations

import os
import time

import pytest
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._haproxy.maxconn import CONNECTION
from cluster import haproxy_info, lab_host, wait_until
from conftest import VIP
from controller import good, playbook
from faults import frozen, saturated
from loads import H2_100, IDLE, LOADS, NO_WINDOW, RETURN, kept_idle, loaded, succeeded
from observed import observed

SECONDS = float(os.environ.get("OVERLOAD_SECONDS", "20"))
LOOPS = 4
"""Busy loops for each core of the machine, beside every load."""
MINUTE = max(SECONDS, 60.0)


MOST = 50_000
"""Connections that a machine's memory and processors bear beside their clients."""


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


def test_http_2_clients_that_take_no_answer_fill_no_memory(cluster, owner):
    """What HAProxy keeps for them fits into what its limit of connections stands for."""
    allowed = int(haproxy_info(lab_host(owner))["Maxconn"]) * CONNECTION
    used = []
    with observed(cluster) as seen, loaded(NO_WINDOW, VIP):
        wait_until(lambda: connections(owner) > 900, "the load's connections", 60)
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            used.append(int(haproxy_info(lab_host(owner))["PoolUsed_MB"]) * 1024 * 1024)
            time.sleep(0.5)
    print(f"HAProxy used {max(used)} bytes of {allowed}")
    assert max(used) <= allowed
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


def memory(host: str) -> int:
    """Return how many bytes of memory haproxy of a host takes, old workers included."""
    sizes = lab_host(host).check_output("cat $(pgrep haproxy | sed 's,.*,/proc/&/smaps_rollup,') | grep ^Pss:")
    return sum(1024 * int(line.split()[1]) for line in sizes.splitlines())


@pytest.mark.long
def test_as_many_idle_connections_as_are_allowed_take_the_memory_of_the_formula_and_move_nothing(cluster, owner):
    """The limit is derived from the host. Clients have sent a request and keep their connections."""
    derived = {"haproxy_maxconn": 0, "haproxy_timeouts": {"http-keep-alive": "1h"}}
    good(playbook("deploy_load_balancers", **derived, keepalived_instance_defaults={"garp_master_refresh": 31}))
    limit = int(haproxy_info(lab_host(owner))["Maxconn"])
    number = min(MOST, limit * 9 // 10)
    # A few more, because some are in the making.
    with observed(cluster) as seen, loaded(kept_idle(number * 21 // 20), VIP):
        wait_until(lambda: connections(owner) >= number, "the load's connections", 900)
        seen.mark("all connections")
        time.sleep(SECONDS)
        assert connections(owner) >= number
        used = memory(owner)
    print(f"{number} of {limit} connections take {used // number} bytes each, with the process itself")
    assert used <= number * CONNECTION
    seen.assert_unmoved()
    seen.assert_served()
