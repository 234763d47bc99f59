"""Three servers in turn behind one address, two load balancers that multicast, and a firewall that lets nothing else
in."""

from __future__ import annotations

import re

import pytest
from cluster import adverts, ask, capture, container, holders, is_backup, lab_host, stopped, takeovers, wait_until
from faults import claim, docker
from networks import in_lab

LOAD_BALANCERS = {"lb1": in_lab("10.42.0.11"), "lb2": in_lab("10.42.0.12")}
SERVERS = ["server1", "server2", "server3"]
VIP = in_lab("10.42.0.240")
GROUP = "224.0.0.18"


@pytest.fixture(params=LOAD_BALANCERS)
def load_balancer(request) -> str:
    return request.param


def holder() -> list[str]:
    return holders(list(LOAD_BALANCERS), VIP)


def title() -> str:
    return re.search("<title>(.*)</title>", ask(f"http://{VIP}/").text).group(1)


def let_a_stranger_claim_the_vip() -> None:
    """Send adverts from a host that is no load balancer, and see that they reach the holder's interface."""
    (first,) = holder()
    with capture(first, "eth0", f"ip proto 112 and src host {in_lab('10.42.0.21')}") as packets:
        claim("server1", ["51"], [VIP], [GROUP])
        wait_until(lambda: len(packets) > 100, "the stranger's adverts")


@pytest.fixture(scope="module")
def rebooted() -> str:
    """The holder of the VIP has been shut down and is up again; the name of it."""
    (first,) = holder()
    (second,) = set(LOAD_BALANCERS) - {first}
    before = takeovers(first)
    docker("stop", container(first))
    try:
        wait_until(lambda: holders([second], VIP) == [second], f"{second} holds the VIP")
        assert title() in SERVERS
    finally:
        docker("start", container(first))
    wait_until(
        lambda: lab_host(first).run("systemctl is-system-running").stdout.strip() in ("running", "degraded"),
        f"{first} is up",
    )
    wait_until(lambda: is_backup(first), f"{first} is well again")
    assert takeovers(first) == before
    return first


def test_the_servers_answer_in_turn():
    titles = [title() for _number in range(6)]
    assert sorted(titles[:3]) == SERVERS
    assert titles[3:] == titles[:3]


def test_one_node_advertises_to_the_multicast_group():
    with capture("server1", "eth0", f"host {GROUP}") as packets:
        wait_until(lambda: len(packets) > 20, "adverts")
    assert adverts(packets) == {(LOAD_BALANCERS[holder()[0]], GROUP)}


def test_the_backup_takes_the_vip_when_haproxy_is_killed():
    (first,) = holder()
    lab_host(first).check_output("killall --signal KILL haproxy")
    wait_until(lambda: holder() not in ([first], []), "the other node holds the VIP")
    assert title() in SERVERS
    wait_until(lambda: is_backup(first), f"{first} is well again")


def test_a_stranger_does_not_get_the_vip():
    before = holder(), [takeovers(name) for name in LOAD_BALANCERS]
    let_a_stranger_claim_the_vip()
    assert (holder(), [takeovers(name) for name in LOAD_BALANCERS]) == before


def test_nothing_but_ssh_and_http_is_let_in(load_balancer):
    rules = lab_host(load_balancer).check_output("iptables --list-rules INPUT")
    assert "-P INPUT DROP" in rules


def test_packets_are_forwarded(load_balancer):
    assert lab_host(load_balancer).sysctl("net.ipv4.ip_forward") == 1


def test_the_backup_takes_the_vip_when_the_host_is_shut_down_and_keeps_it(rebooted):
    assert len(holder()) == 1
    assert holder() != [rebooted]
    assert title() in SERVERS


def test_the_firewall_is_closed_after_a_reboot_but_for_the_peers_adverts(rebooted):
    assert "-P INPUT DROP" in lab_host(rebooted).check_output("iptables --list-rules INPUT")
    before = holder(), [takeovers(name) for name in LOAD_BALANCERS]
    let_a_stranger_claim_the_vip()
    assert (holder(), [takeovers(name) for name in LOAD_BALANCERS]) == before


def test_packets_are_forwarded_after_a_reboot(rebooted):
    assert lab_host(rebooted).sysctl("net.ipv4.ip_forward") == 1


def test_the_rebooted_node_serves_when_it_is_its_turn(rebooted):
    (second,) = holder()
    with stopped(second, "haproxy"):
        wait_until(lambda: holder() == [rebooted], f"{rebooted} holds the VIP")
        assert title() in SERVERS
    wait_until(lambda: is_backup(second), f"{second} is well again")
