"""Five load balancers, of which two change at the same time, and a router with BIRD."""

from __future__ import annotations

import pytest
from anycast import (
    NODES,
    URLS,
    clients,
    count_served,
    drain,
    others,
    wait_for_kept,
    wait_for_nodes,
    write_content,
)
from cluster import stopped


@pytest.fixture(autouse=True)
def whole() -> None:
    """Every story begins with five nodes."""
    wait_for_nodes(*NODES)


@pytest.fixture(scope="session")
def checksum() -> str:
    """What the web servers serve as /large."""
    return write_content()


@pytest.mark.parametrize("url", URLS)
def test_connections_are_spread_over_all_nodes(url):
    served = count_served(url, 3000)
    assert set(served) == set(NODES)
    assert min(served.values()) >= 360


@pytest.mark.parametrize("name", NODES)
def test_a_node_leaves_and_joins_and_nobody_notices(name, checksum):
    with clients() as noticed:
        wait_for_kept()
        drain(name)
        wait_for_nodes(*others(name))
        count_served(URLS[0], 200)
        drain(name, 0)
        wait_for_nodes(*NODES)
        count_served(URLS[0], 200)
    noticed.assert_nothing_lost(checksum)


@pytest.mark.parametrize(("first", "second"), [("lb1", "lb2"), ("lb2", "lb4")])
def test_two_nodes_change_at_the_same_time_and_nobody_notices(first, second, checksum):
    """Both leave; one comes back; one leaves while the other comes back; both come back."""
    with clients() as noticed:
        wait_for_kept()
        for values in ((1, 1), (0, 1), (1, 0), (0, 0)):
            states = dict(zip((first, second), values))
            for name, value in states.items():
                drain(name, value)
            wait_for_nodes(*others(*(name for name, value in states.items() if value)))
            count_served(URLS[0], 200)
    noticed.assert_nothing_lost(checksum)


def test_two_nodes_fail_at_the_same_time_and_take_their_own_connections_only():
    with clients() as noticed:
        wait_for_kept()
        with stopped("lb3", "haproxy"), stopped("lb5", "haproxy"):
            wait_for_nodes(*others("lb3", "lb5"))
            assert set(count_served(URLS[0], 300)) == {"lb1", "lb2", "lb4"}
        wait_for_nodes(*NODES)
    assert [entry for entry in noticed.broken if entry[1] not in ("lb3", "lb5")] == []
