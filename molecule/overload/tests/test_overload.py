"""Overload is not death: no load moves the VIP, and a full load balancer goes on serving. OVERLOAD_SECONDS says how
long a load lasts."""

from __future__ import annotations

import csv
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._haproxy.maxconn import CONNECTION
from cluster import between, haproxy_info, lab_host, stopped, wait_until
from conftest import VIP
from controller import good, playbook
from faults import filtered, frozen, saturated, starved
from loads import H2_100, IDLE, LOADS, NO_WINDOW, RETURN, kept_idle, loaded, succeeded
from observed import observed

SECONDS = float(os.environ.get("OVERLOAD_SECONDS", "20"))
LOOPS = 4
"""Busy loops for each core of the machine, beside every load."""
MINUTE = max(SECONDS, 60.0)


WEB_SERVERS = ("web1", "web2")
LOST_ANSWERS = "OUTPUT --protocol tcp --sport 80 --match string --algo bm --string text/plain --jump DROP"
"""A rule that loses the web server's answers to health checks. The kernel still acknowledges the checks."""


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


@pytest.mark.long
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


def is_reported(host: str, name: str) -> bool:
    """Return whether the watch reports this of HAProxy."""
    return lab_host(host).check_output(f"cat /run/keepalived-watch/haproxy_{name}") != "0"


@pytest.fixture
def hidden_processes(cluster) -> Iterator[None]:
    """On the load balancers, only root with the capability to trace sees the processes of others."""
    hide = "mount -o remount,hidepid={} /proc"
    with ExitStack() as stack:
        for name in cluster.load_balancers:
            stack.enter_context(between(name, hide.format(2), hide.format(0)))
        yield
    cluster.become_well()


def test_hung_is_told_from_busy_where_processes_are_hidden(owner, hidden_processes):
    with starved(owner, "haproxy"):
        wait_until(lambda: is_reported(owner, "hangs_busy"), "busy")
        assert not is_reported(owner, "hangs")
    with frozen(owner, "haproxy"):
        wait_until(lambda: is_reported(owner, "hangs"), "hung")


def test_the_check_script_alone_detects_a_hung_haproxy_where_processes_are_hidden(cluster, owner, hidden_processes):
    with ExitStack() as stack:
        for name in cluster.load_balancers:
            stack.enter_context(stopped(name, "keepalived-watch"))
        stack.enter_context(frozen(owner, "haproxy"))
        cluster.wait_for_owners(cluster.others(owner))


def list_servers(host: str) -> dict[str, dict[str, str]]:
    """Return the statistics of each web server."""
    found = lab_host(host).check_output("echo 'show stat web 4 -1' | socat - /run/haproxy/admin.sock")
    return {row["svname"]: row for row in csv.DictReader(found.removeprefix("# ").splitlines())}


def has_servers(host: str, status: str) -> bool:
    """Return whether HAProxy finds all web servers in this status."""
    return {row["status"] for row in list_servers(host).values()} == {status}


def set_server(host: str, name: str, words: str) -> None:
    """Change a web server at run time."""
    lab_host(host).check_output(f"echo 'set server web/{name} {words}' | socat - /run/haproxy/admin.sock")


def collect_statuses(host: str, number: int) -> set[str]:
    """Return the statuses of so many answers of the load balancer. It may be late."""
    once = "curl --silent --output /dev/null --write-out '%{http_code}\\n' --max-time 60 http://127.0.0.1/"
    return set(lab_host(host).check_output(f"for _ in $(seq {number}); do {once}; done").split())


@pytest.fixture
def late(cluster) -> Iterator[str]:
    """A load balancer whose web servers answer everything but its health checks: they, or it, are late for them."""
    host = cluster.load_balancers[0]
    with ExitStack() as stack:
        for name in WEB_SERVERS:
            stack.enter_context(filtered(name, LOST_ANSWERS))
        wait_until(lambda: has_servers(host, "DOWN"), "all servers down")
        yield host
    wait_until(lambda: has_servers(host, "UP"), "all servers up")


def test_web_servers_that_are_all_late_for_health_checks_are_asked_anyway(late):
    before = list_servers(late)
    assert collect_statuses(late, 50) == {"200"}
    after = list_servers(late)
    assert {row["status"] for row in after.values()} == {"DOWN"}
    assert all(int(after[name]["stot"]) > int(before[name]["stot"]) for name in WEB_SERVERS)


@pytest.mark.parametrize("words", ["state maint", "state drain", "weight 0"])
def test_a_web_server_that_is_out_on_purpose_is_never_asked(late, words):
    set_server(late, "web1", words)
    try:
        before = list_servers(late)["web1"]["stot"]
        assert collect_statuses(late, 20) == {"200"}
        assert list_servers(late)["web1"]["stot"] == before
        set_server(late, "web2", words)
        assert collect_statuses(late, 2) == {"503"}
    finally:
        for name in WEB_SERVERS:
            set_server(late, name, "weight 100%" if "weight" in words else "state ready")


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
