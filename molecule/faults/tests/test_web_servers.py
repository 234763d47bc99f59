"""A web server fails, and clients that read do not notice."""

from __future__ import annotations

import csv
import http.client
from contextlib import ExitStack
from functools import partial

import pytest
from cluster import ask, between, lab_host, stopped, wait_until
from conftest import LOAD_BALANCERS, VIPS, WEB_SERVERS
from faults import Fault, filtered, frozen, killed, powered_off
from hanging import PATIENCE, collect_answers
from story import SERVERS, Cluster, everywhere

SIZE = 32 * 1024 * 1024
"""Bytes of a file that no buffer between web server and client can hold."""
LONG_DOWN = 5
"""Seconds after which all requests that wait for a web server that hangs have been ended."""


def black_hole(name: str) -> Fault:
    """The host gets every packet of the load balancers, and none of its answers arrives."""
    begin = " && ".join(f"ip route add blackhole {address}" for address in LOAD_BALANCERS.values())
    return between(name, begin, begin.replace("add", "delete"))


def suspended(name: str) -> Fault:
    """The kernel runs none of nginx's processes."""
    return between(name, "systemctl freeze nginx", "systemctl thaw nginx")


HANGS = {"its nginx is stopped by a signal": partial(frozen, processes="nginx"), "its nginx is frozen": suspended}
FAULTS = {
    "its nginx is killed": partial(killed, unit="nginx"),
    "its nginx is stopped": partial(stopped, unit="nginx"),
    **HANGS,
    "its answers are lost": black_hole,
    "its host is dead": pytest.param(powered_off, marks=pytest.mark.common),
}


def wait_for_servers(cluster: Cluster, backend: str = "web", **up: bool) -> None:
    """Wait until haproxy on every load balancer sees these servers of a backend up or down."""
    wanted = {f"{backend} {name} {int(state)}" for name, state in up.items()}
    wait_until(
        lambda: all(wanted <= set(text.splitlines()) for text in everywhere(cluster.load_balancers, SERVERS).values()),
        str(up),
    )


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


def count_logged(text: str) -> int:
    """How often the web servers have logged it."""
    return sum(lab_host(name).check_output("cat /var/log/nginx/access.log").count(text) for name in WEB_SERVERS)


@pytest.mark.parametrize(("backend", "port"), [("web", 80), ("web6", 8080)], ids=["IPv4", "IPv6"])
@pytest.mark.parametrize("hangs", HANGS.values(), ids=HANGS)
def test_requests_end_that_wait_for_a_web_server_that_hangs(cluster, hangs, backend, port):
    """Clients of every method have one waiting there when it is down. haproxy sends those that are safe to the other
    server."""
    before = count_logged("POST /?POST ")
    with cluster.audited(moves=0, lossless=True):
        wait_for_servers(cluster, backend, web1=True, web2=True)
        answers = collect_answers(
            VIPS["cluster_vip"],
            port,
            hangs("web1"),
            lambda: wait_for_servers(cluster, backend, web1=False, web2=True),
        )
    # nginx refuses to take a body for a file.
    assert set(answers) == {("GET", 200), ("HEAD", 200), ("POST", 405), ("POST", 502)}
    sent = sum(method == "POST" for method, _status in answers)
    assert count_logged("POST /?POST ") - before <= sent


def start_download(path: str) -> http.client.HTTPResponse:
    """Ask for a file and read its beginning only."""
    connection = http.client.HTTPConnection(VIPS["cluster_vip"], timeout=PATIENCE)
    connection.request("GET", path)
    answer = connection.getresponse()
    assert answer.status == 200
    return answer


def seconds_down(server: str, name: str) -> int:
    """For how long haproxy on a load balancer has seen a web server down."""
    statistics = (
        lab_host(name).check_output("echo 'show stat -1 4 -1' | socat - /run/haproxy/admin.sock").removeprefix("# ")
    )
    (row,) = (row for row in csv.DictReader(statistics.splitlines()) if row["svname"] == server)
    return int(row["lastchg"]) if row["status"] == "DOWN" else 0


def test_a_download_goes_on_from_a_web_server_that_answers_no_health_check(cluster, owner):
    """It lives and looks as if it hung. The clients stand still meanwhile, so that nothing moves on their
    connections."""
    for name in WEB_SERVERS:
        lab_host(name).check_output(f"truncate --size={SIZE} /var/www/web/zeros.bin")
    try:
        with cluster.audited(moves=0, lossless=True):
            answers = [start_download("/zeros.bin") for _client in range(6)]
            with filtered("web1", "INPUT -p tcp --dport 80 -m string --string /healthz --algo bm -j DROP"):
                wait_until(lambda: seconds_down("web1", owner) >= LONG_DOWN, "web1 is down for long")
            assert [len(answer.read()) for answer in answers] == [SIZE] * len(answers)
    finally:
        for name in WEB_SERVERS:
            lab_host(name).check_output("rm /var/www/web/zeros.bin")
