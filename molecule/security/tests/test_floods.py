"""One client cannot take what the others need: it is stopped, and they are served meanwhile."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cluster import container, haproxy_info, lab_host, wait_until
from conftest import VIP, copied
from inside import inside
from prober import Prober
from traffic import any_certificate

ATTACKER = "web1"
LATE = "HTTP/1.1 408 Request Time-out"
PATIENCE = 5
"""Seconds after which haproxy gives this answer."""


@pytest.fixture(scope="module", autouse=True)
def attacker() -> None:
    copied(Path(__file__).with_name("flood.py"), ATTACKER, "/root/flood.py")


@contextmanager
def others_are_served() -> Iterator[None]:
    """Somebody else asks all the time and gets every answer."""
    with Prober(VIP, 443, interval=0.1, tls=any_certificate(), timeout=5) as prober:
        yield
    assert len(prober.results) > 10
    assert [result for result in prober.results if not result.ok] == []


def flood(kind: str, number: int) -> dict:
    """What became of an attack on the cluster, as flood.py prints it."""
    command = ["python3", "/root/flood.py", VIP, "80", kind, str(number)]
    return json.loads(
        subprocess.run(
            [*inside(container(ATTACKER)), *command], stdout=subprocess.PIPE, text=True, check=True, timeout=60
        ).stdout
    )


def test_who_opens_connections_without_end_gets_100_at_a_time_and_no_more():
    with others_are_served():
        attack = flood("connections", 600)
    assert set(attack["ends"]) <= {LATE, "closed"}
    # Each of the 100 is free again when its client has been told.
    assert 0 < attack["ends"][LATE] <= 100 * (attack["seconds"] // PATIENCE)


def test_who_sends_a_request_byte_by_byte_is_told_to_end():
    with others_are_served():
        attack = flood("headers", 90)
    assert attack["ends"] == {LATE: 90}


def test_who_sends_requests_without_end_is_told_that_it_is_too_much():
    with others_are_served():
        answers = flood("requests", 6000)
    assert answers["429"] >= 1
    assert answers["301"] <= 2000


def test_the_limits_end_with_the_flood():

    wait_until(
        lambda: lab_host(ATTACKER).run(f"curl --silent --fail --insecure https://{VIP}/").rc == 0,
        "the client is served again",
    )


def test_as_many_connections_as_are_allowed_are_possible(load_balancer):
    """Each of them can need another one to a server."""
    numbers = haproxy_info(lab_host(load_balancer))
    assert int(numbers["Maxconn"]) == 900
    assert int(numbers["Ulimit-n"]) >= int(numbers["Maxsock"]) >= 2 * 900
