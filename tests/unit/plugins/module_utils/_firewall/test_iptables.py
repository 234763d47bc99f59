# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which rule of iptables keeps a peer's adverts out."""

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.module_utils._firewall.iptables import find_refusal
from ansible_collections.evenkeel.ha_web.plugins.module_utils._firewall.packet import Advert

PEER = Advert("192.0.2.12", "192.0.2.11", "eth0")
PEER6 = Advert("2001:db8::12", "2001:db8::11", "eth0")
ANYBODY = Advert("", "224.0.0.18", "eth0")
OURS = """\
-N EVENKEEL_VRRP
-A INPUT -p vrrp -j EVENKEEL_VRRP
-A EVENKEEL_VRRP -s 192.0.2.12/32 -m ttl --ttl-gt 254 -j ACCEPT
-A EVENKEEL_VRRP -j DROP
"""
LAST = "-A INPUT -j REJECT --reject-with icmp-port-unreachable"

IPTABLES = [
    ("", PEER, ""),
    ("-P INPUT ACCEPT\n", PEER, ""),
    ("-P INPUT DROP\n", PEER, "-P INPUT DROP"),
    ("-P INPUT DROP\n" + OURS, PEER, ""),
    (OURS, Advert("192.0.2.13", "192.0.2.11", "eth0"), "-A EVENKEEL_VRRP -j DROP"),
    (OURS, ANYBODY, ""),
    ("-A INPUT -p 112 -j DROP\n" + OURS, PEER, "-A INPUT -p 112 -j DROP"),
    ("-A INPUT -s 192.0.2.0/24 -p vrrp -j DROP\n" + OURS, PEER, "-A INPUT -s 192.0.2.0/24 -p vrrp -j DROP"),
    ("-A INPUT -s 198.51.100.0/24 -j DROP\n" + OURS, PEER, ""),
    ("-A INPUT -s 192.0.2.12/32 -j DROP\n" + OURS, ANYBODY, ""),
    ("-A INPUT ! -s 192.0.2.12/32 -p vrrp -j DROP\n", PEER, ""),
    ("-A INPUT ! -i eth0 -p vrrp -j DROP\n", PEER, ""),
    ("-A INPUT -i eth+ -j ACCEPT\n" + LAST, PEER, ""),
    ("-A INPUT -i lo -j ACCEPT\n" + LAST, PEER, LAST),
    ("-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n" + LAST, PEER, LAST),
    ("-A INPUT -m conntrack --ctstate NEW -m comment --comment 'all of it' -j ACCEPT\n" + LAST, PEER, ""),
    (
        "-A INPUT -p vrrp -m comment --comment '-j ACCEPT' -j DROP\n",
        PEER,
        "-A INPUT -p vrrp -m comment --comment '-j ACCEPT' -j DROP",
    ),
    ("-A INPUT -p tcp -m tcp --dport 22 -j DROP\n" + OURS, PEER, ""),
    ("-A INPUT -m set --match-set bad src -j DROP\n" + OURS, PEER, ""),
    # What is not understood lets in, if it does anything.
    ("-A INPUT -m set --match-set good src -j ACCEPT\n" + LAST, PEER, ""),
    ("-A INPUT -m set --match-set some src -j A\n-A A -p vrrp -j ACCEPT\n" + LAST, PEER, ""),
    ("-A INPUT -m set --match-set some src -j A\n-A A -j DROP\n", PEER, ""),
    ("-A INPUT -m recent --rcheck --name good --rsource -j ACCEPT\n" + LAST, PEER, ""),
    ("-A INPUT -p tcp -m set --match-set good src -j ACCEPT\n" + LAST, PEER, LAST),
    ("-A INPUT -m ttl --ttl-lt 255 -j DROP\n" + OURS, PEER, ""),
    ("-A INPUT -d 224.0.0.18/32 -j ACCEPT\n" + LAST, ANYBODY, ""),
    ("-A INPUT -j A\n-A A -p vrrp -j RETURN\n-A A -j DROP\n" + OURS, PEER, ""),
    ("-A INPUT -g A\n-A INPUT -j DROP\n-A A -p tcp -j DROP\n", PEER, ""),
    ("-A INPUT -j A\n-A A -j INPUT\n", PEER, ""),
    (
        (
            "-A INPUT -p vrrp -j EVENKEEL_VRRP\n-A EVENKEEL_VRRP -s 2001:db8::12/128 -m hl --hl-gt 254 -j ACCEPT\n-A "
            "EVENKEEL_VRRP -j DROP\n"
        ),
        PEER6,
        "",
    ),
]


@pytest.mark.parametrize(("printed", "advert", "rule"), IPTABLES)
def test_the_rule_of_iptables(printed, advert, rule):
    assert find_refusal(printed, advert) == rule
