"""A web server fails, and clients that read do not notice."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial

import pytest
from cluster import ask, between, stopped, wait_until
from conftest import LOAD_BALANCERS, VIPS, WEB_SERVERS
from faults import Fault, frozen, killed, powered_off
from story import SERVERS, Cluster, everywhere


def black_hole(name: str) -> Fault:
    """The host gets every packet of the load balancers, and none of its answers arrives."""
    begin = " && ".join(f"ip route add blackhole {address}" for address in LOAD_BALANCERS.values())
    return between(name, begin, begin.replace("add", "delete"))


FAULTS = {
    "its nginx is killed": partial(killed, unit="nginx"),
    "its nginx is stopped": partial(stopped, unit="nginx"),
    "its nginx hangs": partial(frozen, processes="nginx"),
    "its answers are lost": black_hole,
    "its host is dead": pytest.param(powered_off, marks=pytest.mark.common),
}


def wait_for_servers(cluster: Cluster, **up: bool) -> None:
    """Wait until haproxy on every load balancer sees these servers up or down."""
    wanted = {f"web {name} {int(state)}" for name, state in up.items()}
    wait_until(lambda: all(wanted <= set(text.splitlines()) for text in everywhere(cluster.load_balancers, SERVERS).values()), str(up))


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_web_server_fails_and_no_request_is_lost(cluster, fault):
    with cluster.audited(moves=0, lossless=True), fault("web1"):
        wait_for_servers(cluster, web1=False, web2=True)


def test_all_web_servers_fail_and_the_addresses_stay(cluster):
    with cluster.audited(moves=0), ExitStack() as stack:
        for name in WEB_SERVERS:
            stack.enter_context(stopped(name, "nginx"))
        wait_for_servers(cluster, **dict.fromkeys(WEB_SERVERS, False))
        assert [ask(f"http://{vip}/").status for vip in VIPS.values()] == [503, 503]
