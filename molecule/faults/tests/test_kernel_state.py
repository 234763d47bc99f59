"""Something on the host changes what keepalived needs of the kernel: it is there again, and nobody gets a VIP by it
meanwhile."""

from __future__ import annotations

import re
from pathlib import Path

import arp
import pytest
from cluster import between, capture, lab_host, stopped, wait_until
from conftest import LOAD_BALANCERS, VIPS, WEB_SERVERS
from faults import claim, forge_heartbeats, frozen
from story import everywhere

ARP = Path(arp.__file__).read_text(encoding="utf-8")
TABLE = "ip evenkeel_second_chance"
STATE = f"""iptables-save --table filter | grep '^-A'; ip6tables-save --table filter | grep '^-A'
nft --stateless --terse list table {TABLE}
nft --stateless list ruleset | grep evenkeel_vrrp
ip -oneline address show dev lo | sed 's/.*inet/inet/' | sort
cd /proc/sys/net
grep . ipv4/conf/eth0/arp_ignore ipv4/conf/eth0/arp_announce ipv4/ip_nonlocal_bind ipv6/ip_nonlocal_bind
grep . netfilter/nf_conntrack_tcp_timeout_time_wait"""
"""Says what the roles have declared of the kernel's state, and how it is."""

HANDLE = f"nft --handle list chain {TABLE} prerouting | sed -n 's/.*3112.* handle //p'"
STRANGE_CHAIN = (
    "{{ type filter hook input priority 10; policy drop; ct state established,related accept; ip protocol "
    "!= vrrp accept; }}"
)
CHANGES = {
    "iptables_is_flushed": "iptables -F",
    "iptables_is_flushed_and_its_chains_are_deleted": "iptables -F; iptables -X; ip6tables -F; ip6tables -X",
    "the_jump_is_deleted": "iptables -D INPUT -p vrrp -j EVENKEEL_VRRP",
    "one_rule_is_deleted": "iptables -D EVENKEEL_VRRP 1",
    "all_are_let_in_before": "iptables -I EVENKEEL_VRRP -j ACCEPT",
    "iptables_loads_another_set": r"printf '*filter\n:INPUT ACCEPT\nCOMMIT\n' > /tmp/set; "
    "iptables-restore /tmp/set; ip6tables-restore /tmp/set",
    "nftables_is_flushed": "nft flush ruleset",
    "tables_are_deleted": f"nft delete table ip filter; nft delete table {TABLE}",
    "a_table_is_emptied": f"nft flush table {TABLE}",
    "one_rule_of_nftables_is_deleted": f"nft delete rule {TABLE} prerouting handle $({HANDLE})",
    "a_rule_of_nftables_is_put_in_front": f"nft insert rule {TABLE} prerouting tcp dport 80 accept",
    "the_service_of_nftables_is_restarted": "systemctl restart nftables && systemctl stop nftables",
    "an_address_is_deleted": f"ip address delete {VIPS['cluster_vip']}/32 dev lo",
    "all_addresses_are_deleted": "ip address flush dev lo; ip address add 127.0.0.1/8 dev lo",
    "lo_goes_down_and_up": "ip link set lo down; ip link set lo up",
    "arp_ignore_is_lost": "sysctl --write net.ipv4.conf.eth0.arp_ignore=0",
    "arp_announce_is_lost": "sysctl --write net.ipv4.conf.eth0.arp_announce=0",
    "addresses_of_others_cannot_be_bound": "sysctl --write net.ipv4.ip_nonlocal_bind=0 net.ipv6.ip_nonlocal_bind=0",
    "connections_are_tracked_for_long_after_their_end": "sysctl --write "
    "net.netfilter.nf_conntrack_tcp_timeout_time_wait=120",
    "all_at_once_while_the_program_is_killed": "systemctl kill --signal=KILL keepalived-kernel; iptables -F; nft "
    f"flush ruleset; sysctl --write net.ipv4.conf.eth0.arp_ignore=0; ip address delete {VIPS['cluster_vip']}/32 dev lo",
}
"""Commands that undo what the roles have done."""


def restored(host: str, before: str) -> None:
    wait_until(lambda: lab_host(host).run(STATE).stdout == before, f"{host} is as it was:\n{before}")


def change(host: str, command: str) -> None:
    """Undo what the roles have done, and wait until that is made good."""
    before = lab_host(host).run(STATE).stdout
    lab_host(host).run(command)
    restored(host, before)


@pytest.mark.parametrize("command", CHANGES.values(), ids=CHANGES)
def test_it_is_restored(cluster, standby, command):
    with cluster.audited(moves=0, lossless=True):
        change(standby, command)


@pytest.mark.common
def test_all_of_it_is_restored_on_the_standby_and_on_the_owner(cluster, owner, standby):
    with cluster.audited(moves=0, lossless=True):
        for host in (standby, owner):
            before = lab_host(host).run(STATE).stdout
            for command in CHANGES.values():
                lab_host(host).run(command)
            restored(host, before)


@pytest.mark.common
def test_a_chain_that_is_added_later_lets_the_peers_in(cluster, standby):
    chain = f"nft add table inet strange && nft 'add chain inet strange inbound {STRANGE_CHAIN.format()}'"
    with cluster.audited(moves=0, lossless=True), between(standby, chain, "nft delete table inet strange"):
        rules = "nft list chain inet strange inbound | grep -c 'l4proto.*evenkeel_vrrp'"
        wait_until(lambda: int(lab_host(standby).run(rules).stdout) == len(LOAD_BALANCERS) - 1, "every peer is let in")


@pytest.mark.common
def test_a_rule_in_front_lets_no_stranger_in(cluster, standby):
    """Rules before ours that drop stay: whoever has put them there wants that, and check_cluster reports it."""
    first = "iptables --list-rules INPUT | sed -n 2p"
    with (
        cluster.audited(moves=0, lossless=True),
        between(standby, "iptables -I INPUT -s 0/0 -j ACCEPT", "iptables -D INPUT -j ACCEPT"),
    ):
        wait_until(lambda: "EVENKEEL_VRRP" in lab_host(standby).run(first).stdout, "our rule is the first")


@pytest.mark.common
def test_a_stranger_gets_no_address_from_nodes_whose_firewall_was_flushed(cluster):
    """Its adverts come in for less than a second, and that must not be enough."""
    before = everywhere(cluster.load_balancers, STATE)
    heard = f"ip proto 112 and src {WEB_SERVERS['web1']}"
    with cluster.audited(moves=0, lossless=True), capture("lb1", "eth0", heard) as packets:
        everywhere(cluster.load_balancers, "iptables -F; nft flush ruleset")
        for host, state in before.items():
            restored(host, state)
        claim("web1", ["51", "52"], VIPS.values(), LOAD_BALANCERS.values())
        wait_until(lambda: len(packets) > 100, "the stranger's adverts")


@pytest.mark.common
def test_nobody_but_its_owner_answers_for_an_address(cluster, owner):
    card = lab_host(owner).check_output("cat /sys/class/net/eth0/address")
    with cluster.audited(moves=0, lossless=True):
        for host in cluster.others(owner):
            change(host, CHANGES["arp_ignore_is_lost"])
        assert lab_host("web1").check_output("python3 -c %s eth0 %s", ARP, VIPS["cluster_vip"]) == card


@pytest.mark.common
def test_peers_are_not_forgotten_while_rules_are_restored(cluster, standby):
    sets = f"nft --terse list table {TABLE} | sed -n 's/.*set \\(alive_[0-9]*\\).*/\\1/p'"
    names = lab_host(standby).check_output(sets).split()
    held = " && ".join(f"nft list set {TABLE} {name} | grep -q elements" for name in names)
    watch = f"for _ in $(seq 100); do {{ {held}; }} || {{ echo lost; break; }}; sleep 0.01; done"
    with cluster.audited(moves=0, lossless=True):
        before = lab_host(standby).run(STATE).stdout
        flushed = f"nft flush chain {TABLE} prerouting; while ! nft list table {TABLE} | grep -q 3112; do :; done"
        lost = lab_host(standby).check_output(f"{flushed}; {watch}")
        restored(standby, before)
    assert lost == ""


def test_a_program_that_hangs_is_replaced(cluster, standby):
    before = lab_host(standby).run(STATE).stdout
    with cluster.audited(moves=0, lossless=True):
        lab_host(standby).check_output("systemctl kill --signal=STOP keepalived-kernel && iptables -F")
        restored(standby, before)


def test_somebody_who_changes_it_all_the_time_is_not_fought_without_end(cluster, standby):
    repairs = "journalctl --unit keepalived-kernel --output cat --since -60s | grep -c 'restored: '"
    with cluster.audited(moves=0, lossless=True):
        before = lab_host(standby).run(STATE).stdout
        lab_host(standby).run(
            "end=$(($(date +%s) + 30)); while [ $(date +%s) -lt $end ]; do iptables -F; sleep 0.1; done"
        )
        assert int(lab_host(standby).run(repairs).stdout) < 40
        assert "changes this repeatedly" in lab_host(standby).check_output(
            "journalctl --unit keepalived-kernel --output cat --since -60s"
        )
        restored(standby, before)


def test_stopped_it_stays_stopped(cluster, standby):
    with cluster.audited(moves=0, lossless=True), stopped(standby, "keepalived-kernel"):
        state = lab_host(standby).run(STATE).stdout
        assert not re.search(f"evenkeel|EVENKEEL|{VIPS['cluster_vip']}/32", state)


def test_a_hung_owner(cluster, owner):
    """Its rules are the kernel's and hold on without the program."""
    with cluster.audited(moves=0, lossless=True), frozen(owner, "--full 'kernel_state[.]py'"):
        claim("web1", ["51", "52"], VIPS.values(), LOAD_BALANCERS.values())


def known(host: str) -> set[str]:
    """The network cards from which packets come that another node has passed on, as the host's kernel has them."""
    return set(
        re.findall(r"(?:[0-9a-f]{2}:){5}[0-9a-f]{2}", lab_host(host).check_output(f"nft list set {TABLE} cards"))
    )


@pytest.mark.common
def test_forged_heartbeats_make_no_host_a_peer(cluster, owner, standby):
    cards = {lab_host(host).check_output("cat /sys/class/net/eth0/address") for host in cluster.others(owner)}
    refused = "journalctl --unit keepalived-second-chance --output cat --grep 'refused .* digest'"
    with cluster.audited(moves=0, lossless=True):
        wait_until(lambda: known(owner) == cards, "the peers' cards")
        forge_heartbeats("web1", LOAD_BALANCERS[standby], LOAD_BALANCERS[owner])
        wait_until(lambda: LOAD_BALANCERS[standby] in lab_host(owner).run(refused).stdout, "they are refused")
        assert known(owner) == cards


@pytest.mark.common
def test_forged_heartbeats_keep_no_dead_node_alive(cluster, owner, standby):
    passed_on = rf"@(alive_\d+) .*dup to {re.escape(LOAD_BALANCERS[standby])} "
    (name,) = set(re.findall(passed_on, lab_host(owner).check_output(f"nft list table {TABLE}")))
    alive = f"nft list set {TABLE} {name} | grep -c elements"
    with cluster.audited(moves=0, lossless=True), frozen(standby, "--full 'second_chance[.]py'"):
        wait_until(lambda: lab_host(owner).run(alive).stdout.strip() == "0", "it is forgotten")
        forge_heartbeats("web1", LOAD_BALANCERS[standby], LOAD_BALANCERS[owner])
        assert lab_host(owner).run(alive).stdout.strip() == "0"
