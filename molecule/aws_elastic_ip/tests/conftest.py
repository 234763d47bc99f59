"""The load balancers of the scenario, and its cloud."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from cloud import client
from cluster import ask, lab_host, wait_until
from faults import Fault, filtered
from networks import in_lab

LOAD_BALANCERS = {"lb1": in_lab("10.0.1.11"), "lb2": in_lab("10.0.2.11")}
WEB_SERVERS = [f"web{number}" for number in range(1, 6)]
CLOUD = json.loads((Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"]) / "cloud.json").read_text(encoding="utf-8"))
ENDPOINT = urlsplit(os.environ["LAB_CLOUD"])


def states(name: str) -> list[str]:
    """The states that the load balancer has entered, the current one last."""
    return re.findall(r"Entering (\w+) STATE", lab_host(name).check_output("journalctl --unit keepalived --output cat"))


def enters(name: str, state: str) -> None:
    """Wait until the load balancer is in this state."""
    wait_until(lambda: states(name)[-1] == state, f"{name} is in state {state}")


def masters() -> list[str]:
    return [name for name in LOAD_BALANCERS if states(name)[-1] == "MASTER"]


def address() -> dict[str, str]:
    """The Elastic IP as the cloud knows it."""
    return client().describe_addresses(AllocationIds=[CLOUD["allocation_id"]])["Addresses"][0]


def is_at(name: str) -> bool:
    return address().get("InstanceId") == CLOUD["instance_ids"][name]


def title(name: str) -> str:
    """What a client gets whose packets the cloud sends to this instance."""
    return re.search("<title>(.*)</title>", ask(f"http://{LOAD_BALANCERS[name]}/").text).group(1)


def no_cloud_for(name: str) -> Fault:
    """The host's calls of the cloud are lost without an answer."""
    return filtered(
        name, f"OUTPUT --protocol tcp --destination {ENDPOINT.hostname} --dport {ENDPOINT.port} --jump DROP"
    )


@pytest.fixture
def master() -> str:
    """The load balancer that is master, with the Elastic IP."""
    wait_until(lambda: len(masters()) == 1 and is_at(masters()[0]), "one master, with the Elastic IP")
    return masters()[0]


@pytest.fixture
def backup(master) -> str:
    return next(name for name in LOAD_BALANCERS if name != master)
