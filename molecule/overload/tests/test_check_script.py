"""The check script of keepalived on a host whose processors have no time for it."""

from __future__ import annotations

import time

from cluster import lab_host
from faults import saturated


def count_questions(host: str) -> int:
    """How many runs of the check script, or what they have started, there are on a host."""
    return int(lab_host(host).check_output("pgrep --full --count '^(curl|python3) .*/healthz' || true"))


def test_check_scripts_do_not_pile_up_where_processors_have_no_time(cluster, owner):
    """keepalived 2.2 starts a check every second, also while the one before it runs. Each that is late would make all
    others later, and the host with them."""
    most = []
    with saturated(owner, niceness=-20, loops=16):
        end = time.monotonic() + 20
        while time.monotonic() < end:
            most.append(count_questions(owner))
            time.sleep(0.2)
    print(f"{len(most)} samples, at most {max(most)} questions at once")
    # curl, and what decides after it.
    assert max(most) <= 2
