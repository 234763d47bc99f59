"""Each role does its part in a playbook that is not ours: multicast, preemption, a listener on the VIP itself."""

from __future__ import annotations

import os
import re
import urllib.request

import pytest
from cluster import lab_host as host
from cluster import wait_until

PREFIX = os.environ["LAB_PREFIX"]
VIP = f"{PREFIX}.240"


def holds_vip(name: str) -> bool:
    return f" {VIP}/" in host(name).check_output("ip -brief address show dev eth0")


def test_the_listener_on_the_vip_answers_on_the_holder():
    with urllib.request.urlopen(f"http://{VIP}/hello", timeout=5) as answer:
        assert answer.read() == b"hello"
        assert answer.headers["X-Balanced-By"] == "solo1"


def test_a_listener_on_the_vip_runs_on_the_standby_too():
    assert f"{VIP}:80" in host("solo2").check_output("ss --listening --tcp --numeric --no-header")


def test_adverts_are_multicast_and_from_the_holder_only():
    capture = host("solo2").check_output("timeout 2 tcpdump -nn -i eth0 -c 10 ip proto 112 2>/dev/null; true")
    assert set(re.findall(r"IP (\S+) > (\S+): VRRP", capture)) == {(f"{PREFIX}.11", "224.0.0.18")}


@pytest.mark.parametrize("name", ["solo1", "solo2"])
def test_nobody_but_the_peers_may_send_adverts(name):
    rules = host(name).check_output("iptables --list-rules EVENKEEL_VRRP").splitlines()
    assert len([rule for rule in rules if rule.endswith("-j ACCEPT")]) == 1
    assert rules[-1] == "-A EVENKEEL_VRRP -j DROP"


def test_the_preferred_node_takes_the_vip_back():
    assert holds_vip("solo1")
    host("solo1").check_output("systemctl stop haproxy")
    wait_until(lambda: holds_vip("solo2"), "solo2 has the VIP")
    host("solo1").check_output("systemctl start haproxy")
    wait_until(lambda: holds_vip("solo1") and not holds_vip("solo2"), "solo1 alone has the VIP")
