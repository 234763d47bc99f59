"""Who does not want the metrics any more has nothing of them."""

from __future__ import annotations

import pytest
from cluster import ask, holders, lab_host
from conftest import LOAD_BALANCERS, PREFIX, VIP
from controller import good, playbook


@pytest.fixture(scope="module")
def switched_off() -> list[str]:
    """The metrics have been switched off; the holders of the VIP before."""
    before = holders(LOAD_BALANCERS, VIP)
    good(playbook("deploy_load_balancers", keepalived_metrics_enabled=False))
    return before


@pytest.mark.parametrize("name", LOAD_BALANCERS)
def test_nothing_writes_and_nothing_is_left(switched_off, name):
    host = lab_host(name)
    assert not host.service("keepalived-metrics").is_running
    assert "fifo" not in host.file("/etc/keepalived/keepalived.conf").content_string
    left = (
        "ls /etc/keepalived/metrics* /etc/systemd/system/keepalived-metrics* "
        "/var/lib/prometheus/node-exporter/keepalived*"
    )
    assert host.run(left).stdout == ""
    assert "keepalived_up" not in ask(f"http://{PREFIX}.1{name[-1]}:9100/metrics").text


def test_the_vip_has_not_moved(switched_off):
    assert holders(LOAD_BALANCERS, VIP) == switched_off
