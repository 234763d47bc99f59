"""What the scenario's Prometheus knows and says."""

from __future__ import annotations

import json
import os
import urllib.parse

import pytest
from cluster import ask, holders, is_backup, wait_until

PREFIX = os.environ["LAB_PREFIX"]
VIP = f"{PREFIX}.240"
LOAD_BALANCERS = ["lb1", "lb2"]
PROMETHEUS = f"http://{PREFIX}.31:9090/api/v1"


def query(expression: str) -> list[dict]:
    """The series that an expression gives now."""
    answer = ask(f"{PROMETHEUS}/query?{urllib.parse.urlencode({'query': expression})}")
    assert answer.status == 200, f"{expression}: {answer.text}"
    return json.loads(answer.text)["data"]["result"]


def firing() -> set[str]:
    """The names of the alerts that fire."""
    alerts = json.loads(ask(f"{PROMETHEUS}/alerts").text)["data"]["alerts"]
    return {alert["labels"]["alertname"] for alert in alerts if alert["state"] == "firing"}


def number(expression: str) -> float:
    """The value of the one series that an expression gives now."""
    (series,) = query(expression)
    return float(series["value"][1])


@pytest.fixture
def holder() -> str:
    """The load balancer that has the VIP when the story begins, in a cluster that is well and of which nothing is
    reported."""
    wait_until(lambda: not firing(), "no alerts", 60)
    wait_until(lambda: len(holders(LOAD_BALANCERS, VIP)) == 1, "one holder")
    return holders(LOAD_BALANCERS, VIP)[0]


@pytest.fixture
def standby(holder: str) -> str:
    """The other load balancer."""
    (name,) = set(LOAD_BALANCERS) - {holder}
    wait_until(lambda: is_backup(name), f"{name} is ready")
    return name
