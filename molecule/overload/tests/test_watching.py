"""What asks haproxy for keepalived, while haproxy is too busy to answer in time."""

from __future__ import annotations

import time

import pytest
from cluster import lab_host
from faults import starved


def list_questions(host: str) -> list[str]:
    """The programs that ask haproxy on a host now for the check script: curl, or what decides after it."""
    return lab_host(host).run("pgrep --list-full --full '^(curl|python3) .*/healthz'").stdout.splitlines()


@pytest.mark.long
def test_a_check_does_not_run_twice_at_once_where_haproxy_is_late(cluster, owner):
    """keepalived 2.2 starts a check every second, also while the one before it runs. On a crowded host they would make
    each other late, and everything else."""
    asked = []
    with starved(owner, "--euid haproxy haproxy"):
        end = time.monotonic() + 20
        while time.monotonic() < end:
            asked.append(list_questions(owner))
    assert any("python3" in question for questions in asked for question in questions), "haproxy was never late"
    assert [questions for questions in asked if len(questions) > 1] == []
