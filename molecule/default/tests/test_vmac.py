"""With a virtual MAC address, the VIP keeps it when it moves, and nothing is left where keepalived has ended."""

from __future__ import annotations

import pytest
from cluster import ask, lab_host, wait_until
from conftest import LOAD_BALANCERS
from controller import good, playbook

pytestmark = pytest.mark.long
VMAC = {"keepalived_instance_defaults": {"use_vmac": True}, "keepalived_second_chance": False}


def holders(address: str) -> dict[str, str]:
    """The interface that has the address on each host that has it, without that on lo."""
    found = {}
    for name in LOAD_BALANCERS:
        for line in lab_host(name).check_output("ip -brief address show").splitlines():
            interface, _state, *addresses = line.split()
            if interface != "lo" and any(word.startswith(f"{address}/") for word in addresses):
                found[name] = interface.partition("@")[0]
    return found


@pytest.fixture
def vmac():
    """The cluster with a virtual MAC address."""
    good(playbook("deploy_load_balancers", **VMAC))
    yield
    good(playbook("deploy_load_balancers"))


def test_the_vip_keeps_its_mac_address(vmac, vip):
    number = lab_host("lb1").check_output("grep -oP 'virtual_router_id \\K.*' /etc/keepalived/keepalived.conf")
    own, interface = f"00:00:5e:00:01:{int(number):02x}", f"vrrp.{number}"

    def find_holder() -> str:
        wait_until(lambda: len(holders(vip)) == 1, "one node has the VIP")
        (name,) = list(holders(vip))
        assert holders(vip)[name] == interface
        return name

    def is_served() -> bool:
        lab_host("web1").run("ip neighbour flush to %s", vip)
        lab_host("web1").run("curl --silent --max-time 5 http://%s/", vip)
        return own in lab_host("web1").check_output("ip neighbour show %s", vip) and ask(f"http://{vip}/").status == 200

    first = find_holder()
    wait_until(is_served, "the VIP answers by the virtual MAC address")
    good(playbook("deploy_load_balancers", **VMAC))
    good(playbook("check_cluster", **VMAC))
    good(playbook("move_vip", cluster_move_interval=0, **VMAC))
    second = find_holder()
    assert second != first
    wait_until(is_served, "the VIP answers by the virtual MAC address after the move")
    lab_host(second).check_output("systemctl kill --signal KILL keepalived; systemctl stop keepalived")
    wait_until(lambda: list(holders(vip)) == [first], "the killed node has no VIP, and the other one does")
    wait_until(is_served, "the VIP answers after the failure")
    lab_host(second).check_output("systemctl start keepalived")
