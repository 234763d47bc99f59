# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The program that keeps the kernel's state: what it makes of texts and messages. What it does is told in the scenario
faults."""

from __future__ import annotations

import importlib.util
import struct
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parents[3] / "roles/keepalived/files/kernel_state.py"
specification = importlib.util.spec_from_file_location("kernel_state", PROGRAM)
kernel_state = importlib.util.module_from_spec(specification)
specification.loader.exec_module(kernel_state)

STATE = {"peers": ["192.0.2.12", "2001:db8::12"], "min_ttl": 255, "heartbeat_port": 3112, "printed": {}}


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("-A INPUT -j ACCEPT", True),
        ("-A INPUT -j ufw-before-input", True),
        ("-A INPUT -p vrrp -j ACCEPT", True),
        ("-A INPUT -p 112 -j ACCEPT", True),
        ("-A INPUT ! -p tcp -j ACCEPT", True),
        ('-A INPUT -m comment --comment "we -j DROP" -j ACCEPT', True),
        ("-A INPUT -p tcp -m tcp --dport 22 -j f2b-sshd", False),
        ("-A INPUT -p vrrp -j DROP", False),
        ("-A INPUT -j REJECT --reject-with icmp-port-unreachable", False),
    ],
)
def test_which_rules_in_front_may_accept_vrrp(rule, expected):
    assert kernel_state.may_accept_vrrp(rule) is expected


def test_only_peers_of_the_family_are_let_in():
    text = kernel_state.Firewall(STATE)._iptables("ip6tables", ["-A INPUT -p vrrp -j EVENKEEL_VRRP"])
    assert text.splitlines() == [
        "*filter",
        ":EVENKEEL_VRRP - [0:0]",
        "-A EVENKEEL_VRRP -s 2001:db8::12 -m hl --hl-gt 254 -j ACCEPT",
        "-A EVENKEEL_VRRP -j DROP",
        "-D INPUT -p vrrp -j EVENKEEL_VRRP",
        "-I INPUT 1 -p vrrp -j EVENKEEL_VRRP",
        "-I INPUT 1 -p udp --dport 3112 -j EVENKEEL_VRRP",
        "COMMIT",
    ]


def test_parameters_of_a_file():
    found = kernel_state.parse_parameters("# a comment\n\nnet.ipv4.ip_forward = 1\nnet.ipv4.conf.eth0/1.forwarding=0\n")
    assert found == {Path("/proc/sys/net/ipv4/ip_forward"): "1", Path("/proc/sys/net/ipv4/conf/eth0.1/forwarding"): "0"}
    assert [kernel_state.dotted(path) for path in found] == ["net.ipv4.ip_forward", "net.ipv4.conf.eth0/1.forwarding"]


SMALL, LARGE = "65536", str(1 << 40)


@pytest.mark.parametrize(
    ("entries", "seconds", "larger", "shorter"),
    [(SMALL, "120", True, True), (LARGE, "10", False, False)],
    ids=["of the kernel", "of the host's own"],
)
def test_the_table_of_connections_grows_with_memory_and_never_shrinks(
    tmp_path, monkeypatch, entries, seconds, larger, shorter
):
    monkeypatch.setattr(kernel_state, "TRACKING", tmp_path)
    size, time_wait = tmp_path / "nf_conntrack_max", tmp_path / "nf_conntrack_tcp_timeout_time_wait"
    assert kernel_state.tracking_parameters() == {}, "nothing tracks connections yet"
    size.write_text(f"{entries}\n", encoding="ascii")
    time_wait.write_text(f"{seconds}\n", encoding="ascii")
    found = kernel_state.tracking_parameters()
    assert (int(found[size]) > int(entries)) is larger
    assert (int(found[time_wait]) < int(seconds)) is shorter
    assert larger or found == {size: entries, time_wait: seconds}


def test_the_former_size_of_the_table_comes_back_with_the_end_of_the_rules(tmp_path, monkeypatch):
    monkeypatch.setattr(kernel_state, "TRACKING", tmp_path)
    size = tmp_path / "nf_conntrack_max"
    size.write_text(f"{SMALL}\n", encoding="ascii")
    # dotted() is for files of the kernel.
    monkeypatch.setattr(kernel_state, "dotted", str)
    state = {**kernel_state.NOTHING, "former": {}, "rules": "table ip evenkeel_second_chance {}"}
    kernel_state.Parameters(state).restore()
    assert int(size.read_text(encoding="ascii")) > int(SMALL)
    assert kernel_state.Parameters(state).deviations() == []
    kernel_state.Parameters(state).remove(state)
    assert int(size.read_text(encoding="ascii")) > int(SMALL)
    kernel_state.Parameters(state).remove({**kernel_state.NOTHING, "former": {}})
    assert size.read_text(encoding="ascii") == SMALL


def message(kind, payload=b""):
    """A message of netlink, padded as the kernel does it."""
    return (struct.pack("=IHHII", 16 + len(payload), kind, 0, 0, 0) + payload).ljust(
        16 + (len(payload) + 3) // 4 * 4, b"\0"
    )


NFT = 10 << 8


@pytest.mark.parametrize(
    ("protocol", "data", "expected"),
    [
        pytest.param(kernel_state.NETLINK_ROUTE, message(21, b"abc"), True, id="an address is gone"),
        pytest.param(kernel_state.NETLINK_NETFILTER, message(NFT | 8), True, id="a rule is gone"),
        pytest.param(
            kernel_state.NETLINK_NETFILTER,
            message(NFT | 12, b"abcde") + message(NFT | 15),
            False,
            id="an element has come",
        ),
        pytest.param(
            kernel_state.NETLINK_NETFILTER, message(NFT | 12, b"abcde") + message(NFT | 2), True, id="a table is gone"
        ),
        pytest.param(kernel_state.NETLINK_NETFILTER, b"short", False, id="nothing"),
    ],
)
def test_which_messages_are_relevant(protocol, data, expected):
    assert any(map(kernel_state.is_relevant, kernel_state.parse_messages(protocol, data))) is expected


def test_repairs_are_many_at_once_and_few_for_ever():
    budget = kernel_state.Budget(0)
    assert sum(budget.take(0.1 * second) for second in range(10)) == 10
    assert sum(budget.take(second) for second in range(1, 1000)) < 10 + 1 + 1000 / kernel_state.REFILL


RULESET = """# A comment
table ip evenkeel_second_chance {
    set cards {
        type ether_addr
        size 1024
    }
}
flush table ip evenkeel_second_chance
table ip evenkeel_second_chance {
    # A comment
    chain unknown {
        reject with tcp reset
    }

    chain prerouting {
        type filter hook prerouting priority mangle; policy accept;
        ip daddr { 192.0.2.10 } goto unknown
        # A comment
        drop
    }
}
"""


def test_rules_are_counted():
    assert kernel_state.count_rules(RULESET) == 3
    assert kernel_state.count_rules("") == 0


@pytest.mark.parametrize(
    ("content", "state", "said", "written"),
    [
        ("0", "active", "", "0"),
        ("1", "inactive", "", "1"),
        ("1", "activating", "", "1"),
        ("0", "reloading", "", "0"),
        ("1", "active", "says 1 although haproxy runs", "0"),
        ("0", "failed", "says 0 although haproxy does not run", "1"),
        ("", "active", "says nothing although haproxy runs", "0"),
        ("", "inactive", "", ""),
    ],
)
def test_a_report_says_how_its_unit_is(tmp_path, monkeypatch, content, state, said, written):
    monkeypatch.setattr(kernel_state, "UNITS", tmp_path)
    monkeypatch.setattr(kernel_state, "run", lambda *_argv: f"{state}\n")
    if state not in ("inactive", "failed"):
        (tmp_path / "invocation:haproxy.service").symlink_to("0123")
    file = tmp_path / "track" / "haproxy"
    if content:
        file.parent.mkdir()
        file.write_text(f"{content}\n", encoding="ascii")
    reports = kernel_state.Reports({"reports": {str(file): "haproxy"}})
    assert reports.deviations() == ([f"{file} {said}"] if said else [])
    reports.restore()
    assert kernel_state.read_word(file) == written
