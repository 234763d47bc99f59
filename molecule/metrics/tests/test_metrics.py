"""What the metrics say is so, whatever happens to the program that writes them; and every panel of the dashboard shows
something."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest
from cluster import between, holders, lab_host, stopped, takeovers, wait_until
from conftest import LOAD_BALANCERS, VIP, number, query

DASHBOARD = json.loads((Path(__file__).parents[3] / "monitoring/grafana/ha_web.json").read_text(encoding="utf-8"))
FREEZE = "systemctl kill --signal={} keepalived-metrics"
FILL = """
import os
pipe = os.open("/run/keepalived-metrics/pipe", os.O_RDWR | os.O_NONBLOCK)
try:
    while True:
        os.write(pipe, b"\\n" * 4096)
except BlockingIOError:
    pass
"""


def expressions():
    for panel in DASHBOARD["panels"]:
        for target in panel["targets"]:
            yield pytest.param(target["expr"], id=f"{panel['title']}-{target['refId']}")


def written(host: str) -> str:
    return lab_host(host).check_output("cat /var/lib/prometheus/node-exporter/keepalived.prom")


def transitions(host: str, state: str) -> int:
    return int(
        re.search(
            rf'^keepalived_vrrp_transitions_total{{.*state="{state}"}} (\d+)$', written(host), re.MULTILINE
        ).group(1)
    )


@pytest.mark.parametrize("expression", list(expressions()))
def test_a_panel_has_data(expression):
    now = expression.replace("$cluster", "web").replace("$__rate_interval", "10s")
    wait_until(lambda: query(now), f"data for {now}")


def test_a_move_is_counted_once_and_at_its_time_as_the_journal_has_it_in_one_line(holder, standby):
    taken, told = takeovers(standby), transitions(standby, "master")
    began = time.time()
    with stopped(holder, "haproxy"):
        wait_until(lambda: f'vip="{VIP}"}} 1' in written(standby), f"{standby} says that it holds the VIP")
        wait_until(lambda: 'state="master"} 1' in written(standby), f"{standby} says that it is the master")
        ended = time.time()
        wait_until(lambda: 'state="fault"} 1' in written(holder), f"{holder} says that it has a fault")
        assert f'vip="{VIP}"}} 0' in written(holder)
    assert (takeovers(standby), transitions(standby, "master")) == (taken + 1, told + 1)
    line = "journalctl --unit keepalived --output short-unix --grep 'Entering MASTER STATE' | tail -n 1"
    moment = f"max(keepalived_vrrp_last_transition_timestamp_seconds{{instance=~'.*{standby[-1]}:9100'}})"
    wait_until(lambda: number(moment) > began, "Prometheus knows the move")
    # Both happened while the story saw the move.
    assert began < float(lab_host(standby).check_output(line).split()[0]) < ended
    assert number(moment) < ended


def test_a_writer_that_hangs_holds_up_no_failover(holder, standby):
    """Not even when the pipe is full and keepalived has nowhere to write to; what it could not tell is made good by the
    next change."""
    with between(standby, FREEZE.format("STOP"), FREEZE.format("CONT")):
        lab_host(standby).check_output("python3 -c %s", FILL)
        with stopped(holder, "haproxy"):
            wait_until(lambda: holders(LOAD_BALANCERS, VIP) == [standby], f"{standby} holds the VIP")
    wait_until(lambda: f'vip="{VIP}"}} 1' in written(standby), f"{standby} says that it holds the VIP")
    with stopped(standby, "haproxy"):
        wait_until(lambda: 'state="fault"} 1' in written(standby), f"{standby} says that it has a fault")
    wait_until(lambda: 'state="backup"} 1' in written(standby), f"{standby} says that it is well")


def test_a_writer_that_was_killed_remembers_what_it_has_counted(holder):
    before = [transitions(holder, state) for state in ("backup", "fault", "master")]
    host = lab_host(holder)
    pid = "systemctl show --property=MainPID keepalived-metrics"
    first = host.check_output(pid)
    host.check_output("systemctl kill --signal=KILL keepalived-metrics")
    wait_until(lambda: host.check_output(pid) not in (first, "MainPID=0"), "it runs again")
    wait_until(lambda: host.file("/var/lib/prometheus/node-exporter/keepalived.prom").exists, "the file is there again")
    assert [transitions(holder, state) for state in ("backup", "fault", "master")] == before
    assert 'state="master"} 1' in written(holder)
