"""Exactly one node holds the VIP, and nobody but the nodes has a say in that."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from subprocess import CompletedProcess

import pytest
from cluster import between, capture, lab_host, takeovers, wait_until
from conftest import LOAD_BALANCERS
from controller import ansible, good, playbook, words
from faults import claim

CAPTURE = "timeout 2 tcpdump -nn -i eth0 -c 20 ip proto 112 2>/dev/null; true"


def test_exactly_one_node_holds_the_vip(holders):
    assert len(holders()) == 1


def test_adverts_are_unicast_and_from_the_holder_to_its_peers_only(holders, prefix):
    nodes = {name: f"{prefix}.1{number}" for number, name in enumerate(LOAD_BALANCERS, start=1)}
    holder = holders()[0]
    packets = re.findall(r"IP (\S+) > (\S+): VRRP", lab_host(holder).check_output(CAPTURE))
    assert packets
    assert {sender for sender, _receiver in packets} == {nodes.pop(holder)}
    assert {receiver for _sender, receiver in packets} == set(nodes.values())


def test_the_firewall_lets_vrrp_in_from_the_peers_only(load_balancer, prefix):
    mine = load_balancer.check_output("hostname")
    peers = {f"{prefix}.1{number}" for number, name in enumerate(LOAD_BALANCERS, start=1) if name != mine}
    rules = load_balancer.check_output("iptables --list-rules EVENKEEL_VRRP").splitlines()
    assert {re.search("-s (.*)/32", rule).group(1) for rule in rules if rule.endswith("-j ACCEPT")} == peers
    assert rules[-1] == "-A EVENKEEL_VRRP -j DROP"
    # iptables of Debian 13 writes the number of the protocol.
    assert re.search(
        "-A INPUT -p (vrrp|112) -j EVENKEEL_VRRP", load_balancer.check_output("iptables --list-rules INPUT")
    )


def test_check_scripts_run_without_privileges(load_balancer):
    assert "script_user keepalived_script" in load_balancer.file("/etc/keepalived/keepalived.conf").content_string
    assert load_balancer.user("keepalived_script").shell.endswith("nologin")
    assert "no secure_script" not in load_balancer.check_output("journalctl --unit keepalived --output cat")


def test_a_reload_of_keepalived_does_not_move_the_vip(holders):
    before = holders()
    lab_host(before[0]).check_output("systemctl reload keepalived")
    lab_host(before[0]).check_output("journalctl --sync")
    assert holders() == before


def test_a_router_id_that_a_stranger_uses_is_refused_before_the_first_start(prefix):
    def look(virtual_router_id: int) -> CompletedProcess:
        routers = [{"interface": "eth0", "virtual_router_id": virtual_router_id}]
        arguments = json.dumps({"routers": routers, "nodes": [f"{prefix}.22"]})
        return ansible("ansible", "web2", "--check", "-m", "evenkeel.ha_web.vrrp_strangers", "-a", arguments)

    with ThreadPoolExecutor() as background, capture("web2", "eth0", "ip proto 112 and dst 224.0.0.18") as packets:
        stranger = background.submit(claim, "web1", ["177"], ["192.0.2.240"], ["224.0.0.18"], seconds=20)
        wait_until(lambda: packets, "the stranger's adverts")
        refused, free = look(177), look(178)
        assert not stranger.done()
    assert refused.returncode != 0
    assert f"virtual_router_id 177 is used on eth0 by {prefix}.21, which is none of this cluster's nodes" in words(
        refused
    )
    good(free)


def look_for_strangers(address: str, nodes: list[str]) -> CompletedProcess:
    """Run the module on a host that is about to hold an address, without keepalived."""
    addresses = [{"address": address, "interface": "eth0", "virtual_router_id": 51}]
    arguments = json.dumps({"addresses": addresses, "nodes": nodes})
    return ansible("ansible", "web2", "--check", "-m", "evenkeel.ha_web.vrrp_strangers", "-a", arguments)


def test_an_address_that_a_stranger_has_is_refused_before_the_first_start(prefix, vip):
    taken = f"{prefix}.250"
    with between("web1", f"ip address add {taken}/32 dev eth0", f"ip address delete {taken}/32 dev eth0"):
        card = lab_host("web1").check_output("cat /sys/class/net/eth0/address")
        refused = look_for_strangers(f"{taken}/24", [f"{prefix}.11", f"{prefix}.12"])
        node = look_for_strangers(taken, [f"{prefix}.21"])
        remembered = lab_host("lb1").check_output(f"ip neighbour show {taken}")
    assert refused.returncode
    assert f"{taken} is in use: the machine with the MAC address {card} answers for it on eth0" in words(refused)
    good(node)
    good(look_for_strangers(taken, []))
    assert remembered == ""


def test_the_vip_that_a_node_holds_is_no_strangers(prefix, vip):
    good(look_for_strangers(vip, [f"{prefix}.11", f"{prefix}.12"]))
    assert "is in use" in words(look_for_strangers(vip, []))


def test_an_address_of_the_host_itself_is_no_vip(prefix):
    refused = look_for_strangers(f"{prefix}.22", [])
    assert refused.returncode
    assert f"{prefix}.22 is an address of this host already, on eth0, and keepalived is not configured" in words(
        refused
    )


def test_a_further_vip_that_a_stranger_has_is_refused_before_a_node_is_touched(prefix):
    taken = f"{prefix}.250"
    with between("web1", f"ip address add {taken}/32 dev eth0", f"ip address delete {taken}/32 dev eth0"):
        refused = playbook("deploy_load_balancers", cluster_vips=[f"{taken}/24"])
    assert refused.returncode
    assert f"{taken} is in use" in words(refused)
    assert set(re.findall(r"changed=(\d+)", refused.stdout)) == {"0"}


def test_a_stranger_that_answers_for_the_vip_is_found(vip):
    with between("web1", f"ip address add {vip}/32 dev eth0", f"ip address delete {vip}/32 dev eth0"):
        found = playbook("check_cluster")
    assert found.returncode
    assert f"lb1 and lb2: another machine answers for {vip}" in words(found)
    good(playbook("check_cluster"))


@pytest.mark.parametrize("forged", [False, True], ids=["of a stranger", "in the name of a peer, through a router"])
def test_adverts_of_the_highest_priority_change_nothing(holders, prefix, vip, forged):
    (holder,) = holders()
    (peer,) = set(LOAD_BALANCERS) - {holder}
    numbers = {name: f"{prefix}.1{number}" for number, name in enumerate(LOAD_BALANCERS, start=1)}
    before = takeovers(holder), takeovers(peer)
    with capture(holder, "eth0", f"ip proto 112 and src {numbers[peer] if forged else prefix + '.21'}") as packets:
        claim("web1", ["51"], [vip], [numbers[holder]], *([numbers[peer], "254"] if forged else []))
        wait_until(lambda: len(packets) > 100, "the adverts")
    assert holders() == [holder]
    assert (takeovers(holder), takeovers(peer)) == before


DROP_IN = "/etc/systemd/system/haproxy.service.d/keepalived.conf"
REPORT = "/run/keepalived-track/haproxy"
WITHOUT_DROP_IN = f"mv {DROP_IN} /root/ && systemctl daemon-reload && {{}}; mv /root/keepalived.conf {DROP_IN}"


@pytest.mark.parametrize(
    ("command", "undo", "said"),
    [
        (f"systemctl stop haproxy; {WITHOUT_DROP_IN.format('systemctl start haproxy')}", "true", "0"),
        (WITHOUT_DROP_IN.format("systemctl stop haproxy"), "systemctl start haproxy", "1"),
        (
            "systemctl mask haproxy && systemctl stop haproxy",
            "systemctl unmask haproxy && systemctl start haproxy",
            "1",
        ),
        (f"rm {REPORT}", "true", "0"),
    ],
    ids=["the drop-in was missing at the start", "it was missing at the end", "haproxy is masked", "it was removed"],
)
def test_the_report_of_haproxy_is_right_again(holders, command, undo, said):
    (holder,) = holders()
    (peer,) = set(LOAD_BALANCERS) - {holder}
    states = f"cat {REPORT}; journalctl --unit keepalived --output cat --grep 'Entering .* STATE' --lines 1"
    with between(peer, f"{command}; systemctl daemon-reload", f"{undo}; systemctl daemon-reload"):
        state = "BACKUP" if said == "0" else "FAULT"
        wait_until(
            lambda: re.fullmatch(rf"{said}\n.*Entering {state} STATE", lab_host(peer).run(states).stdout.strip()),
            f"{peer} says {said} and is {state}",
        )
    wait_until(lambda: "BACKUP" in lab_host(peer).run(states).stdout, f"{peer} is well")
    assert holders() == [holder]
