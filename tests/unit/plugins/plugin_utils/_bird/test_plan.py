# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re

import pytest
from samples.rendered import plan, render

PEER = {"address": "192.0.2.1", "as": 65000}
PEER6 = {"address": "2001:db8::1", "as": 65000}
GOOD = {"bird_addresses": ["198.51.100.80/32"], "bird_local_as": 65010, "bird_peers": [PEER]}


def conf(**variables):
    return render("bird", {**GOOD, **variables})["bird.conf"]


def block(text, head):
    """The lines of a block, without blanks around them."""
    lines = text.splitlines()
    start = lines.index(f"{head} {{")
    return [line.strip() for line in lines[start + 1 : start + lines[start:].index("}")]]


def test_a_small_configuration():
    assert block(conf(), "protocol bgp bgp_192_0_2_1") == [
        "error wait time 1, 4;",
        "connect delay time 1;",
        "connect retry time 1;",
        "local as 65010;",
        "neighbor 192.0.2.1 as 65000;",
        "direct;",
        "ipv4 {",
        "import none;",
        "export filter {",
        "if net !~ [ 198.51.100.80/32 ] then reject;",
        "# BIRD sends a metric to another AS only if the filter of the export has set it.",
        "if defined(bgp_med) then bgp_med = bgp_med;",
        "accept;",
        "};",
        "next hop self;",
        "};",
    ]


def test_bird_never_touches_the_routes_of_the_host():
    text = conf(bird_addresses=["198.51.100.80/32", "2001:db8:5::80/128"], bird_peers=[PEER, PEER6])
    assert not re.search(r"protocol (kernel|direct|pipe)", text)
    assert len(re.findall("import none;", text)) == len(re.findall("protocol bgp", text)) == 2


def test_only_the_last_resort_is_announced_by_itself():
    text = conf()
    assert "disabled yes;" in block(text, "protocol static ready4")
    assert "disabled yes;" in block(text, "protocol static drain4")
    assert "disabled yes;" not in block(text, "protocol static last_resort4")


def test_what_is_announced_outlives_a_reload():
    """A later line wins, and the file is there while the routes are announced."""
    lines = block(conf(), "protocol static ready4")
    assert lines[:2] == ["disabled yes;", 'include "/run/bird-announce/ready*.conf";']


@pytest.mark.parametrize(
    ("kind", "med", "preference", "graceful"),
    [("ready", 0, 230, False), ("drain", 1000, 220, True), ("last_resort", 2000, 210, True)],
)
def test_a_state_has_its_attributes(kind, med, preference, graceful):
    lines = block(conf(bird_communities=["65010:80", "65010:1:80"]), f"protocol static {kind}4")
    assert f"bgp_med = {med};" in lines
    assert f"preference {preference};" in lines
    assert "bgp_community.add((65010, 80));" in lines
    assert "bgp_large_community.add((65010, 1, 80));" in lines
    assert ("bgp_community.add((65535, 0));" in lines) == graceful


def test_a_peer_gets_the_addresses_of_its_version():
    text = conf(bird_addresses=["198.51.100.80/32", "2001:db8:5::80/128"], bird_peers=[PEER, PEER6])
    assert "if net !~ [ 198.51.100.80/32 ] then reject;" in block(text, "protocol bgp bgp_192_0_2_1")
    assert "if net !~ [ 2001:db8:5::80/128 ] then reject;" in block(text, "protocol bgp bgp_2001_db8__1")


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        ({"password": "secret word"}, 'password "secret word";'),
        ({"multihop": 2}, "multihop 2;"),
        ({"passive": True}, "passive on;"),
        ({"ttl_security": True}, "ttl security on;"),
        ({"port": 1790}, "neighbor 192.0.2.1 port 1790 as 65000;"),
        ({"source_address": "192.0.2.11"}, "local 192.0.2.11 as 65010;"),
        ({"hold_time": 9}, "hold time 9;"),
        ({"lines": ['description "core 1";']}, 'description "core 1";'),
    ],
)
def test_a_key_of_a_peer(keys, line):
    assert line in block(conf(bird_peers=[{**PEER, **keys}]), "protocol bgp bgp_192_0_2_1")
    assert line in block(conf(bird_peer_defaults=keys), "protocol bgp bgp_192_0_2_1")


def test_bfd_is_used_where_it_is_declared():
    text = conf(bird_bfd={"interval": "100ms", "multiplier": 5})
    assert "bfd on;" in block(text, "protocol bgp bgp_192_0_2_1")
    assert block(text, "protocol bfd").count("interval 100 ms;") == 2
    assert block(text, "protocol bfd").count("multiplier 5;") == 2
    assert "bfd on;" not in conf(bird_bfd={"interval": "100ms"}, bird_peers=[{**PEER, "bfd": False}])
    assert "bfd" not in conf()


def test_passwords_are_secrets_of_the_transaction():
    model = plan("bird", {**GOOD, "bird_peers": [{**PEER, "password": "secret"}, PEER6]})["model"]
    assert model["secrets"] == ["secret"]


def test_only_peers_reach_bgp():
    rules = render("bird", {**GOOD, "bird_peers": [{**PEER, "ttl_security": True}]})["firewall.nft"]
    guard = [line.strip() for line in rules[rules.index("chain guard") :].splitlines()]
    assert guard[1:4] == [
        "ip saddr { 192.0.2.1 } ip ttl < 255 drop",
        "ip saddr { 192.0.2.1 } return",
        "counter drop",
    ]


BAD = [
    ("no address", {"bird_addresses": []}, "bird_addresses is empty"),
    ("no prefix", {"bird_addresses": ["198.51.100.80"]}, "write the prefix /32"),
    ("a network", {"bird_addresses": ["198.51.100.0/24"]}, "only single addresses are announced"),
    ("no network", {"bird_addresses": ["198.51.100.80/24"]}, "an address with the prefix /32"),
    ("a name", {"bird_addresses": ["www.example.com"]}, "an address with the prefix /32"),
    ("own address", {"bird_addresses": ["192.0.2.11/32"]}, "which is this host's own address"),
    ("own network", {"bird_addresses": ["192.0.2.80/32"]}, "which is in this host's network 192.0.2.0/24"),
    ("loopback", {"bird_addresses": ["127.0.0.5/32"]}, "which no router forwards"),
    ("twice", {"bird_addresses": ["198.51.100.80/32"] * 2}, "is used 2 times"),
    ("no AS", {"bird_local_as": 0}, "bird_local_as is not set"),
    ("reserved AS", {"bird_local_as": 65535}, "private ones are 64512-65534"),
    ("no peer", {"bird_peers": []}, "bird_peers is empty"),
    ("same AS", {"bird_peers": [{**PEER, "as": 65010}]}, "the AS of this host"),
    ("AS out of range", {"bird_peers": [{**PEER, "as": 4294967295}]}, "which is no AS number that can be used"),
    ("peer is a name", {"bird_peers": [{**PEER, "address": "router"}]}, "an IPv4 or IPv6 address is needed"),
    ("peer is this host", {"bird_peers": [{**PEER, "address": "192.0.2.11"}]}, "the host's own address"),
    ("far peer", {"bird_peers": [{**PEER, "address": "203.0.113.1"}]}, "in no network of this host"),
    ("peer twice", {"bird_peers": [PEER, PEER]}, "is used 2 times"),
    ("quotation mark", {"bird_peers": [{**PEER, "password": 'a"b'}]}, "the password has a quotation mark"),
    ("long password", {"bird_peers": [{**PEER, "password": "x" * 81}]}, "more than 80 bytes"),
    ("hops", {"bird_peers": [{**PEER, "multihop": 256}]}, "allowed are 0 (same segment) and 1-255"),
    ("GTSM over hops", {"bird_peers": [{**PEER, "multihop": 2, "ttl_security": True}]}, "ttl_security and multihop"),
    ("port", {"bird_peers": [{**PEER, "port": 0}]}, "allowed are 1-65535"),
    ("hold time", {"bird_peers": [{**PEER, "hold_time": 2}]}, "allowed are 3-65535 seconds"),
    ("source", {"bird_peers": [{**PEER, "source_address": "2001:db8::11"}]}, "of the same IP version"),
    ("silent version", {"bird_addresses": ["2001:db8:5::80/128"]}, "no peer has an IPv6 address"),
    ("router id", {"bird_router_id": "2001:db8::1"}, "in the form of an IPv4 address"),
    ("order of MEDs", {"bird_med_ready": 1500}, "each has to be greater"),
    ("MED", {"bird_med_last_resort": 2**32}, "from 0 to 4294967295"),
    ("community", {"bird_communities": ["no-export"]}, "two numbers up to 65535"),
    ("large community", {"bird_communities": ["70000:1"]}, "two numbers up to 65535"),
    ("BFD without unit", {"bird_bfd": {"interval": "300"}}, "a number with its unit is needed"),
    ("BFD multiplier", {"bird_bfd": {"multiplier": 0}}, "allowed are 1-255"),
    ("rise", {"bird_rise": -1}, "bird_rise"),
    ("report", {"bird_reports": ["run/x"]}, "an absolute path"),
    ("unknown variable", {"bird_adresses": []}, "did you mean bird_addresses"),
    ("unknown key", {"bird_peers": [{**PEER, "asn": 1}]}, "which is unknown"),
    ("line break", {"bird_lines": ["a\nb"]}, "a line break"),
]


@pytest.mark.parametrize(("variables", "part"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_what_cannot_work_is_refused(variables, part):
    problems = plan("bird", {**GOOD, **variables})["problems"]
    assert len(problems) == 1
    assert part in problems[0]


def test_a_far_peer_is_reached_over_hops():
    assert plan("bird", {**GOOD, "bird_peers": [{**PEER, "address": "203.0.113.1", "multihop": 3}]})["problems"] == []
