"""The Elastic IP is at the instance whose load balancer is master, whatever happens on the way."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from cluster import adverts, ask, capture, lab_host, stopped, wait_until
from faults import Fault, filtered
from networks import in_lab

sys.path.append(str(Path(__file__).parents[1]))
from cloud import client

LOAD_BALANCERS = {"lb1": in_lab("10.0.1.11"), "lb2": in_lab("10.0.2.11")}
WEB_SERVERS = [f"web{number}" for number in range(1, 6)]
CLOUD = json.loads((Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"]) / "cloud.json").read_text(encoding="utf-8"))
ENDPOINT = urlsplit(os.environ["LAB_CLOUD"])


def states(name: str) -> list[str]:
    """The states that the load balancer has entered, the current one last."""
    return re.findall(r"Entering (\w+) STATE", lab_host(name).check_output("journalctl --unit keepalived --output cat"))


def masters() -> list[str]:
    return [name for name in LOAD_BALANCERS if states(name)[-1] == "MASTER"]


def address() -> dict[str, str]:
    """The Elastic IP as the cloud knows it."""
    return client().describe_addresses(AllocationIds=[CLOUD["allocation_id"]])["Addresses"][0]


def is_at(name: str) -> bool:
    return address().get("InstanceId") == CLOUD["instance_ids"][name]


def log(name: str) -> str:
    return lab_host(name).check_output("journalctl --identifier elastic-ip --output cat")


def title(name: str) -> str:
    """What a client gets whose packets the cloud sends to this instance."""
    return re.search("<title>(.*)</title>", ask(f"http://{LOAD_BALANCERS[name]}/").text).group(1)


def no_cloud_for(name: str) -> Fault:
    """The host's calls of the cloud are lost without an answer."""
    return filtered(name, f"OUTPUT --protocol tcp --destination {ENDPOINT.hostname} --dport {ENDPOINT.port} --jump DROP")


@pytest.fixture
def master() -> str:
    """The load balancer that is master, with the Elastic IP."""
    wait_until(lambda: len(masters()) == 1 and is_at(masters()[0]), "one master, with the Elastic IP")
    return masters()[0]


@pytest.fixture
def backup(master) -> str:
    return next(name for name in LOAD_BALANCERS if name != master)


def test_all_web_servers_answer_through_each_load_balancer():
    for name in LOAD_BALANCERS:
        assert sorted({title(name) for _number in range(10)}) == WEB_SERVERS


def test_adverts_go_from_one_subnet_to_the_other_by_unicast_only(master, backup):
    with capture(backup, "eth0", "ip proto 112 or net 224.0.0.0/4") as packets:
        wait_until(lambda: len(adverts(packets)) > 0, "an advert")
    assert adverts(packets) == {(LOAD_BALANCERS[master], LOAD_BALANCERS[backup])}
    assert not [line for line in packets if "224.0.0." in line]


def test_the_elastic_ip_goes_to_the_other_instance_when_haproxy_ends(master, backup):
    with stopped(master, "haproxy"):
        wait_until(lambda: states(master)[-1] == "FAULT", f"{master} is in state FAULT")
        wait_until(lambda: states(backup)[-1] == "MASTER", f"{backup} is master")
        wait_until(lambda: is_at(backup), f"the Elastic IP is at {backup}")
        assert title(backup) in WEB_SERVERS
    done = f"{CLOUD['allocation_id']} is at {CLOUD['instance_ids'][backup]}"
    wait_until(lambda: done in log(backup), f"the log of {backup} says so")


def test_the_address_is_never_without_an_instance(master, backup):
    seen = set()

    def moved() -> bool:
        seen.add(address().get("InstanceId"))
        return is_at(backup)

    with stopped(master, "haproxy"):
        wait_until(moved, f"the Elastic IP is at {backup}")
    assert seen <= set(CLOUD["instance_ids"].values())


def test_a_cloud_that_does_not_answer_is_asked_again(master, backup):
    before = log(backup).count("is not at")
    with stopped(master, "haproxy"):
        with no_cloud_for(backup):
            wait_until(lambda: log(backup).count("is not at") > before, "a try that has failed is logged")
            assert is_at(master)
        wait_until(lambda: is_at(backup), f"the Elastic IP is at {backup}")


def test_who_is_not_master_any_more_stops_asking(master, backup):
    tries = "pgrep --count --uid keepalived_script --full 'take_elastic_ip|associate-address'"
    with no_cloud_for(backup):
        with stopped(master, "haproxy"):
            wait_until(lambda: states(backup)[-1] == "MASTER", f"{backup} is master")
            wait_until(lambda: lab_host(backup).run(tries).stdout.strip() != "0", f"{backup} asks for the Elastic IP")
        wait_until(lambda: states(master)[-1] == "BACKUP", f"{master} is well again")
        with stopped(backup, "haproxy"):
            wait_until(lambda: states(master)[-1] == "MASTER", f"{master} is master")
            wait_until(lambda: lab_host(backup).run(tries).stdout.strip() == "0", f"{backup} asks no more")
    assert is_at(master)


def test_the_address_is_at_the_master_again_when_a_divided_network_is_whole(master, backup):
    deaf = "INPUT --protocol 112 --jump DROP"
    with filtered(backup, deaf), filtered(master, deaf):
        wait_until(lambda: len(masters()) == 2 and is_at(backup), "two masters, and the Elastic IP is at the second")
    wait_until(lambda: len(masters()) == 1, "one master")
    wait_until(lambda: is_at(masters()[0]), "the Elastic IP is at the one master")


def test_the_script_may_run_again_where_the_address_is_already(master):
    arguments = " ".join([CLOUD["region"], CLOUD["allocation_id"], CLOUD["instance_ids"][master]])
    environment = "systemctl show --property Environment --value keepalived"
    lab_host(master).check_output(f"env $({environment}) /etc/keepalived/take_elastic_ip {arguments}")
    assert is_at(master)
