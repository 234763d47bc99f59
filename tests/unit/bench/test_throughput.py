"""What a load balancer says of its work."""

from __future__ import annotations

import pytest
from bench.table import work_cell
from bench.throughput import Work, parse_work

SAID = """\
Id=haproxy.service
CPUUsageNSec=5000000
Id=haproxy-access-log.service
CPUUsageNSec=[not set]
Id=rsyslog.service
CPUUsageNSec=2000000
Id=systemd-journald.service
CPUUsageNSec=1000000
usage_usec 9000
lines 12
"""


def test_a_log_daemon_that_is_not_there_has_no_time():
    assert parse_work(SAID) == Work(haproxy_us=5000, log_us=3000, rest_us=1000, lines=12)


@pytest.mark.parametrize(("requests", "lines"), [(12, 1.0), (24, 0.5), (0, 12.0)])
def test_work_is_that_of_one_request(requests, lines):
    found = parse_work(SAID).per_request(Work(0, 0, 0, 0), requests)
    assert found["lines"] == lines
    assert found["haproxy_us"] == round(5000 / max(requests, 1), 2)


def test_work_of_nginx_is_not_shown():
    assert work_cell([{"rate": 1, "noisy": False}]) == "\N{EN DASH}"
    record = {"haproxy_us": 60.0, "log_us": 20.0, "rest_us": 4.0, "lines": 1.0, "noisy": False}
    assert work_cell([record]) == "60 + 20 + 4 us, 1.00 lines"
