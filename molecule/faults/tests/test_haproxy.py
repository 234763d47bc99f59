"""haproxy ends, hangs or cannot start; clients go on being served."""

from __future__ import annotations

import time

import pytest
from cluster import between, lab_host, stopped, wait_until
from conftest import VIPS, WEB_SERVERS
from faults import drop_in, running
from long_connections import SIZE, Download

ENDS = {
    "all of it is killed": pytest.param("killall --signal=KILL haproxy", marks=pytest.mark.common),
    "its worker is killed": "pkill --signal=KILL --parent $(systemctl show --property=MainPID --value haproxy)",
    "its master is killed": "systemctl kill --kill-whom=main --signal=KILL haproxy",
    "somebody restarts it": "systemctl restart haproxy",
}
CRASHES = (
    "for _ in 1 2 3 4 5 6; do killall --signal=KILL haproxy; timeout 5 sh -c 'until pidof -q haproxy; do sleep "
    "0.1; done'; done"
)
HANGS = {
    "all of it": pytest.param("pkill --signal=STOP haproxy", "pkill --signal=CONT haproxy", marks=pytest.mark.common),
    "its worker": ("pkill --signal=STOP --euid haproxy haproxy", "pkill --signal=CONT haproxy"),
    "its control group": pytest.param("systemctl freeze haproxy", "systemctl thaw haproxy", marks=pytest.mark.common),
}
NEWEST = "pkill --newest --signal={} --euid haproxy haproxy"
UNABLE = {
    "its program is broken": ["ExecStart=", "ExecStart=/bin/false"],
    "its program dies of a signal": ["ExecStart=", "ExecStart=/bin/sh -c 'kill -SEGV \\$\\$'"],
}


def wait_for_crash_loop(host: str) -> None:
    """Wait until systemd has started haproxy again and again."""
    lab_host(host).check_output("systemctl reset-failed haproxy")
    wait_until(
        lambda: int(lab_host(host).check_output("systemctl show --property=NRestarts --value haproxy")) > 5,
        "a crash loop",
    )


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_haproxy_ends_and_systemd_starts_it_again(cluster, owner, end):
    with cluster.audited():
        lab_host(owner).check_output(end)


@pytest.mark.common
def test_haproxy_is_stopped_and_another_node_takes_over(cluster, owner):
    with cluster.audited(), stopped(owner, "haproxy"):
        cluster.wait_for_owners(cluster.others(owner))


@pytest.mark.parametrize(("hang", "go_on"), HANGS.values(), ids=HANGS)
def test_haproxy_hangs_and_another_node_takes_over(cluster, owner, hang, go_on):
    with cluster.audited(loser=owner), between(owner, hang, go_on):
        cluster.wait_for_owners(cluster.others(owner))


@pytest.mark.common
def test_a_worker_hangs_while_the_one_before_it_still_works(cluster, owner):
    """The worker that a reload has replaced serves a download; that it runs says nothing of the one that should answer.

    Peers pass nothing on to a node that is not well, so the download may break when the address moves."""
    for name in WEB_SERVERS:
        lab_host(name).check_output("truncate --size %s /var/www/web/large", str(SIZE))
    download = Download(VIPS["cluster_vip"])
    download.start()
    wait_until(lambda: download.size, "the download has begun")
    with cluster.audited(loser=owner):
        lab_host(owner).check_output("systemctl reload haproxy")
        before = download.size
        with between(owner, NEWEST.format("STOP"), NEWEST.format("CONT")):
            cluster.wait_for_owners(cluster.others(owner))
            wait_until(lambda: download.size > before, "the download goes on")
        download.leave()


def test_a_crash_loop_leaves_the_addresses_with_a_healthy_node(cluster, owner):
    with cluster.audited(loser=owner):
        lab_host(owner).check_output(CRASHES)
        cluster.wait_for_owners(cluster.others(owner))


@pytest.mark.parametrize("lines", UNABLE.values(), ids=UNABLE)
def test_haproxy_cannot_start_and_comes_back_as_soon_as_it_can(cluster, owner, lines):
    with cluster.audited(loser=owner), drop_in(owner, "haproxy", *lines):
        lab_host(owner).check_output("killall --signal=KILL haproxy")
        wait_for_crash_loop(owner)
        cluster.wait_for_owners(cluster.others(owner))


def test_a_port_is_taken_while_haproxy_is_down(cluster, owner):
    with cluster.audited(loser=owner):
        lab_host(owner).check_output("systemctl stop haproxy")
        with running(owner, "squatter", "/usr/bin/python3 -m http.server 80"):
            wait_until(lambda: lab_host(owner).socket("tcp://0.0.0.0:80").is_listening, "the port is taken")
            lab_host(owner).check_output("systemctl start --no-block haproxy")
            wait_for_crash_loop(owner)
            cluster.wait_for_owners(cluster.others(owner))


def test_a_node_without_haproxy_is_passed_over(cluster, owner):
    began = time.time()
    heir, last = cluster.others(owner)
    with cluster.audited(loser=heir), stopped(heir, "haproxy"):
        cluster.wait_for_fault(heir, began)
        with stopped(owner, "haproxy"):
            cluster.wait_for_owners([last])


def test_haproxy_is_down_everywhere_and_the_first_that_comes_back_serves(cluster, standby):
    with cluster.audited():
        for name in cluster.load_balancers:
            lab_host(name).check_output("systemctl stop haproxy")
        wait_until(lambda: not any(cluster.owners().values()), "no owner without haproxy")
        lab_host(standby).check_output("systemctl start haproxy")
        cluster.wait_for_owners([standby])
        for name in cluster.others(standby):
            lab_host(name).check_output("systemctl start haproxy")
