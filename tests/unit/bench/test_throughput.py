"""What load generators and a load balancer say."""

from __future__ import annotations

import pytest
from bench.measurement import BenchError
from bench.table import rate_cell, work_cell
from bench.throughput import CONNECTIONS, Work, parse_h2load, parse_s_time, parse_work, parse_wrk

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


WRK = """\
Running 5s test @ http://192.0.2.240:80/
  1 threads and 17 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.90ms    2.35ms  38.64ms   95.63%
    Req/Sec    10.66k     1.61k   12.71k    78.00%
  Latency Distribution
     50%  840.00us
     75%    2.10ms
     90%    3.32ms
     99%    1.02s
  53031 requests in 5.02s, 14.26MB read
"""
ERRORS = """\
  Socket errors: connect 1, read 2, write 3, timeout 4
  Non-2xx or 3xx responses: 5
"""


def test_latencies_of_wrk_have_units():
    found = parse_wrk(WRK)
    assert (found["requests"], round(found["rate"])) == (53031, 10564)
    assert (found["p50_ms"], found["p99_ms"], found["failed"]) == (0.84, 1020, 0)


def test_wrk_counts_errors_and_bad_answers():
    assert parse_wrk(WRK + ERRORS)["failed"] == 15


def test_a_busy_machine_takes_minutes():
    assert parse_wrk(WRK.replace("5.02s", "1.50m"))["rate"] == pytest.approx(53031 / 90)


def test_output_without_figures_is_quoted():
    with pytest.raises(BenchError, match="unable to connect"):
        parse_wrk("unable to connect to 192.0.2.240:80 Connection refused")


def test_h2load_counts_what_is_done():
    said = (
        "finished in 2.00s, 38731.50 req/s, 1.62MB/s\n"
        "requests: 77463 total, 77633 started, 77463 done, 2000 succeeded, 75463 failed, 0 errored, 0 timeout\n"
    )
    assert parse_h2load(said) == {"requests": 77463, "rate": 38731.5, "failed": 75463}


def test_processes_of_s_time_are_added_up_and_missed():
    said = "560 connections in 2 real seconds, 348 bytes read per connection\n" * (CONNECTIONS - 1)
    assert parse_s_time(said) == {"requests": 560 * 16, "rate": 280.0 * 16, "failed": 1}


def test_a_cell_has_latencies_if_they_were_measured():
    assert rate_cell([{"rate": 1000, "failed": 0, "noisy": False}]) == "1,000/s"
    timed = {"rate": 1000, "failed": 0, "p50_ms": 1.0, "p99_ms": 2.0, "noisy": False}
    assert rate_cell([timed]) == "1,000/s, p50 1.00 ms, p99 2.00 ms"
