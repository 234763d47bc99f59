"""VRRP by unicast over one interface, the VIP on another, and clients that go on when a node or one of its networks is
gone."""

from __future__ import annotations

import re
from functools import partial

import pytest
from cluster import adverts, capture, holders, is_backup, lab_host, sees_all_servers, takeovers, wait_until
from faults import link_down, powered_off
from networks import in_lab

LOAD_BALANCERS = {"lb1": in_lab("192.168.0.11"), "lb2": in_lab("192.168.0.12")}
VIP = in_lab("192.168.32.40")


def holder() -> list[str]:
    return holders(list(LOAD_BALANCERS), VIP)


def other(name: str) -> str:
    return next(one for one in LOAD_BALANCERS if one != name)


def title() -> str:
    """The page that the client gets, through the address that it has known all the time."""
    page = lab_host("client").check_output("curl --fail --silent --show-error --max-time 5 http://%s/", VIP)
    return re.search("<title>(.*)</title>", page).group(1)


def interface_address(name: str) -> str:
    """The Ethernet address of the host's interface to the clients."""
    return lab_host(name).check_output("cat /sys/class/net/eth1/address")


def client_knows(name: str) -> bool:
    """Whether the client would send what is for the VIP to this load balancer."""
    return interface_address(name) in lab_host("client").check_output("ip neighbour show %s", VIP)


def test_both_web_servers_answer_through_the_vip():
    assert {title() for _number in range(4)} == {"web1", "web2"}


def test_vrrp_is_unicast_over_eth0_and_nothing_of_it_is_on_eth1():
    (first,) = holder()
    with capture("lb2", "eth0", "-v ip proto 112") as cluster, capture("lb2", "eth1", "ip proto 112") as clients:
        wait_until(lambda: sum("VRRPv2" in line for line in cluster) >= 3, "adverts")
    assert adverts(cluster) == {(LOAD_BALANCERS[first], LOAD_BALANCERS[other(first)])}
    assert all("vrid 100" in line and "authtype simple" in line for line in cluster if "VRRPv2" in line)
    assert adverts(clients) == set()


def test_the_vip_is_on_eth1_of_the_holder_with_the_subnets_prefix():
    (first,) = holder()
    assert f"{VIP}/27" in lab_host(first).check_output("ip -oneline address show dev eth1")
    assert VIP not in lab_host(first).check_output("ip -oneline address show dev eth0")


def test_every_node_has_a_router_id_of_its_own():
    ids = [
        lab_host(name).check_output("grep router_id /etc/keepalived/keepalived.conf | head -n 1").split()[1]
        for name in LOAD_BALANCERS
    ]
    assert ids == list(LOAD_BALANCERS)


@pytest.mark.parametrize("verb", ["reload", "restart"])
def test_a_closed_firewall_lets_the_peers_adverts_in_and_goes_on_when_it_is_loaded_anew(verb):
    (first,) = holder()
    before = takeovers(other(first))
    lab_host(other(first)).check_output("systemctl %s nftables", verb)
    with capture(other(first), "eth0", "ip proto 112") as packets:
        wait_until(lambda: len(packets) >= 5, "more adverts than may be missed")
    assert (holder(), takeovers(other(first))) == ([first], before)
    rules = lab_host(other(first)).check_output("nft list chain inet site inbound")
    assert "policy drop" in rules
    assert f"ip saddr {LOAD_BALANCERS[first]}" in rules


@pytest.mark.parametrize(
    "lost", [powered_off, link_down, partial(link_down, interface="eth1")], ids=["host", "eth0", "eth1"]
)
def test_the_clients_go_on_when_the_holder_loses(lost):
    (first,) = holder()
    title()
    assert client_knows(first)
    with capture("client", "eth0", f"-e arp src host {VIP}") as announced, lost(first):
        wait_until(lambda: holders([other(first)], VIP), f"{other(first)} holds the VIP")
        wait_until(lambda: client_knows(other(first)), "the client has been told")
        assert {title() for _number in range(4)} == {"web1", "web2"}
    wait_until(lambda: is_backup(first) and sees_all_servers(first), f"{first} is well again")
    assert holder() == [other(first)]
    gratuitous = [line for line in announced if f"who-has {VIP}" in line and f"tell {VIP}" in line]
    # The first of them can be the former holder's, which repeats its own a few seconds after it has taken over.
    assert gratuitous
    assert gratuitous[-1].split()[1] == interface_address(other(first))
