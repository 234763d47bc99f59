"""The promise about an inventory, drawn at random: what is accepted, the daemons accept as well, and what is refused
names a variable that the inventory has."""

from __future__ import annotations

import os

import pytest
from conftest import LOAD_BALANCERS, WEB_SERVERS
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import SearchStrategy
from language import outcomes
from samples import drawn

pytestmark = pytest.mark.long
NUMBER = int(os.environ.get("PROMISE_INVENTORIES", "40"))
VIPS = [f"{os.environ['LAB_PREFIX']}.{number}/24" for number in (243, 244)]
DRAWN = {
    "haproxy": (drawn.haproxy, LOAD_BALANCERS),
    "keepalived": (drawn.draw_keepalived(VIPS), LOAD_BALANCERS),
    "nginx": (drawn.nginx, WEB_SERVERS),
}


def draw(strategy: SearchStrategy) -> list[dict]:
    """Some inventories, the same in every run."""
    found = []
    checks = list(HealthCheck)

    @settings(
        max_examples=NUMBER, derandomize=True, database=None, phases=[Phase.generate], suppress_health_check=checks
    )
    @given(strategy)
    def collect(inventory: dict) -> None:
        found.append(inventory)

    collect()
    return found


@pytest.mark.parametrize("daemon", DRAWN)
def test_an_accepted_inventory_works_and_a_refusal_names_a_variable(daemon, tmp_path):
    strategy, hosts = DRAWN[daemon]
    table = [{"variables": inventory} for inventory in draw(strategy)]
    found = outcomes(daemon, table, hosts, tmp_path, {}, derived=daemon != "haproxy")
    refusals = [(row["variables"], outcome["refusal"]) for row, outcome in zip(table, found) if outcome["refusal"]]
    assert [entry for entry in refusals if "refuses this configuration" in entry[1]] == []
    assert [entry for entry in refusals if not any(name in entry[1] for name in entry[0])] == []
    assert 0 < len(refusals) < len(table)
