"""A download and a WebSocket outlive twenty reloads of haproxy and a rolling deployment, which says for whom it
waits."""

from __future__ import annotations

import os
import re
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from cluster import lab_host, wait_until
from commands import LOAD_BALANCERS, PREFIX, WEB_SERVERS, release, said
from controller import good, playbook, words
from long_connections import ECHO, SIZE, Download, WebSocket

DOWNLOAD = int(os.environ.get("ROLLING_DOWNLOAD", "70"))
WEBSOCKET = int(os.environ.get("ROLLING_WEBSOCKET", "75"))
"""Seconds for which they last; more than the minute after which haproxy used to cut them."""
BALANCER = "lb1"


@pytest.fixture(scope="module", autouse=True)
def application():
    """What a web server has for these clients."""
    for name in WEB_SERVERS:
        host = lab_host(name)
        host.check_output("truncate --size %s /var/www/web/large", str(SIZE))
        host.check_output("systemctl is-active --quiet echo || systemd-run --quiet --unit echo python3 -c %s", ECHO)


def old_workers() -> tuple[int, int]:
    """How many old workers haproxy has, and how many reloads the oldest has survived."""
    answer = lab_host(BALANCER).check_output("echo show proc | socat - UNIX-CONNECT:/run/haproxy-master.sock")
    survived = re.findall(r"^\d+\s+worker\s+(\d+)", answer.partition("# old workers")[2], re.MULTILINE)
    return len(survived), max(map(int, survived), default=0)


def test_a_download_and_a_websocket_outlive_reloads_and_a_deployment():
    began = time.monotonic()
    download, websocket = Download(f"{PREFIX}.11"), WebSocket(f"{PREFIX}.11")
    download.start()
    websocket.start()
    for _reload in range(20):
        lab_host(BALANCER).check_output("systemctl reload haproxy")
    assert old_workers()[1] == 20
    with ThreadPoolExecutor() as pool:
        deployment = pool.submit(release, "long")
        time.sleep(max(0, began + DOWNLOAD - time.monotonic()))
        download.end()
        time.sleep(max(0, began + WEBSOCKET - time.monotonic()))
        assert not deployment.done()
        websocket.end()
        done = deployment.result()
    good(done)
    waits = r"has up to 3600.* s \(cluster_drain_timeout\) to end these: .*has 1 sessions: [\d.]+:\d+ through http_in"
    assert re.search(waits, words(done))
    wait_until(lambda: old_workers() == (0, 0), "no old worker is left")


def test_old_workers_are_bounded_and_the_check_says_so():
    """The fourth reload ends the oldest worker, which has survived three."""
    host = lab_host(BALANCER)
    host.check_output("sed --in-place 's/mworker-max-reloads .*/mworker-max-reloads 3/' /etc/haproxy/haproxy.cfg")
    host.check_output("systemctl reload haproxy")
    try:
        first, second = WebSocket(f"{PREFIX}.11"), None
        first.start()
        for _reload in range(3):
            host.check_output("systemctl reload haproxy")
        second = WebSocket(f"{PREFIX}.11")
        second.start()
        assert "has survived 3 reloads, and after 3 it is ended with its connections" in words(
            playbook("check_cluster")
        )
        host.check_output("systemctl reload haproxy")
        wait_until(lambda: first.error, "the oldest connection is cut")
        assert "haproxy has ended 1 old workers with their connections since its last reload" in words(
            playbook("check_cluster")
        )
        second.end()
    finally:
        good(playbook("deploy_load_balancers"))
    assert "old workers" not in words(playbook("check_cluster"))
    assert [server["sessions"] for server in said(LOAD_BALANCERS[0]).values()] == [0, 0, 0]
