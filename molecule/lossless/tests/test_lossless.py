"""Planned work, and nodes that do not hear each other: no client loses a request, a connection or a byte."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from cluster import ask, between, booted, capture, holders, is_backup, lab_host, stopped, wait_until
from conftest import NODES, VIP, VIP6, WEB_SERVERS, holder
from controller import good, playbook, words
from faults import filtered, frozen, unplugged
from prober import KeepAlive
from router import too_big

TASKS = Path(__file__).parents[1] / "tasks"


def sh(name: str, command: str) -> str:
    return lab_host(name).check_output(command)


def follows(name: str) -> str:
    """The next node in the list."""
    return NODES[(NODES.index(name) + 1) % len(NODES)]


@pytest.mark.common
def test_the_addresses_go_around_the_ring(clients):
    with clients:
        first = holder()
        for _move in NODES:
            target = follows(holder())
            good(playbook("move_vip", move_vip_to=target, cluster_move_interval=0))
            assert holder() == target
    assert holder() == first


def test_a_second_move_right_after_the_first_is_refused():
    before = holder()
    good(playbook("move_vip", cluster_move_interval=0))
    after = holder()
    assert after != before
    refused = playbook("move_vip")
    assert refused.returncode
    assert "Nothing was moved: the last move of cluster_vip and cluster_vip6 is" in words(refused)
    assert holder() == after


def test_a_move_to_a_node_that_is_not_well_is_refused():
    sick = follows(holder())
    with stopped(sick, "haproxy"):
        wait_until(lambda: not is_backup(sick), f"{sick} has noticed that its haproxy does not run")
        refused = playbook("move_vip", move_vip_to=sick, cluster_move_interval=0)
        assert refused.returncode
        assert f"{sick} is FAULT, " in words(refused)
    holder()


@pytest.mark.common
def test_what_haproxy_has_counted_goes_with_the_addresses():
    """Stick tables are the same on all nodes."""

    def counts() -> set[str]:
        found = [sh(name, "echo show table www | socat - UNIX-CONNECT:/run/haproxy/admin.sock") for name in NODES]
        return {count for text in found for count in re.findall(r"key=me .*http_req_cnt=(\d+)", text) or ["none"]}

    for number in range(1, 4):
        for asked in range(1, 4):
            assert ask(f"http://{VIP}/", X_Who="me").headers["X-Count"] == str((number - 1) * 3 + asked)
        wait_until(lambda known={str(number * 3)}: counts() == known, "every node knows")
        good(playbook("move_vip", cluster_move_interval=0))
        holder()


def test_load_balancers_can_be_reinstalled_and_restarted(clients):
    started = {name: sh(name, "systemctl show --value --property=InvocationID haproxy") for name in NODES}
    with clients:
        good(playbook("deploy_load_balancers", cluster_node_tasks=TASKS / "reinstall.yml", cluster_move_interval=0))
    for name in NODES:
        assert sh(name, "systemctl show --value --property=InvocationID haproxy") != started[name]


def test_every_host_can_be_rebooted(clients):
    before = booted(NODES + WEB_SERVERS)
    with clients:
        good(playbook("reboot_hosts", cluster_move_interval=0))
    assert [name for name, moment in booted(before).items() if moment == before[name]] == []


def test_twenty_reloads_of_haproxy(clients):
    name = holder()
    sh(name, "cp --preserve /etc/haproxy/haproxy.cfg /run/haproxy.cfg")
    with clients:
        for number in range(20):
            sh(
                name,
                (
                    f"sed -i '0,/^    maxconn .*/s//    maxconn {9000 + number}/' /etc/haproxy/haproxy.cfg && "
                    "systemctl reload haproxy"
                ),
            )
    sh(name, "cp --preserve /run/haproxy.cfg /etc/haproxy/haproxy.cfg && systemctl reload haproxy")


@pytest.mark.parametrize("verb", ["restart", "stop"])
def test_keepalived_on_the_holder(clients, verb):
    name = holder()
    with clients:
        sh(name, f"systemctl {verb} keepalived")
        wait_until(lambda: len(holders(NODES, VIP)) == 1, "one node has the address")
        sh(name, "systemctl start keepalived")
        holder()


@pytest.mark.common
def test_a_frozen_keepalived(clients):
    name = holder()
    others = [other for other in NODES if other != name]
    with clients:
        with frozen(name, "keepalived"):
            wait_until(lambda: holders(others, VIP) and holders(others, VIP6), "another node has taken the addresses")
        holder()


def test_nodes_that_do_not_hear_each_other(clients):
    name = holder()
    others = [other for other in NODES if other != name]
    with clients:
        with ExitStack() as deaf:
            for other in others:
                for program in ("iptables", "ip6tables"):
                    deaf.enter_context(filtered(other, "INPUT --protocol vrrp --jump DROP", program))
            wait_until(lambda: holders([name], VIP) and holders(others, VIP), "two nodes have the address")
        holder()


def test_a_move_while_every_handshake_is_by_cookie(clients):
    cookies = "sysctl --quiet net.ipv4.tcp_syncookies="
    with ExitStack() as stack:
        for name in NODES:
            stack.enter_context(between(name, f"{cookies}2", f"{cookies}1"))
        stack.enter_context(clients)
        good(playbook("move_vip", cluster_move_interval=0))
        holder()


def stand_by(name: str, wanted: bool) -> None:
    sh(name, f"for file in /run/keepalived-track/standby_*; do echo {wanted:d} > $file; done")


@contextmanager
def held_by(name: str) -> Iterator[None]:
    """The node has the addresses, without a playbook, so that connections are not idle for long."""
    try:
        for node in NODES:
            stand_by(node, node != name)
        wait_until(lambda: holders(NODES, VIP) == [name], f"{name} has the address")
        yield
    finally:
        for node in NODES:
            stand_by(node, False)


def asked(client: socket.socket, connection: str) -> None:
    """Send a request, and wait for its answer."""
    client.sendall(f"HEAD / HTTP/1.1\r\nHost: cluster\r\nConnection: {connection}\r\n\r\n".encode())
    answer = b""
    while b"\r\n\r\n" not in answer:
        piece = client.recv(1024)
        assert piece, f"the connection has ended after {answer}"
        answer += piece


def remembered(name: str) -> tuple[str, int]:
    """The holder has had a connection and remembers it; returns the client's address and port."""
    with socket.create_connection((VIP, 80)) as client:
        me = client.getsockname()
        asked(client, "close")
        assert client.recv(1) == b""
    wait_until(
        lambda: sh(name, f"ss --tcp --numeric --no-header state time-wait dport = :{me[1]}"),
        f"{name} remembers the connection",
    )
    return me


@contextmanager
def connected(me: tuple[str, int]) -> Iterator[socket.socket]:
    """A connection from this address and port, over which a request was answered."""
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        client.settimeout(10)
        client.bind(me)
        client.connect((VIP, 80))
        asked(client, "keep-alive")
        yield client


@pytest.mark.common
def test_a_router_that_wants_smaller_packets_is_heard_by_the_node_that_has_the_connection():
    """Although another node remembers an earlier connection with the same ports."""
    now, before = NODES[:2]
    with held_by(now):
        me = remembered(now)
    answers = f"--absolute-tcp-sequence-numbers tcp and src host {VIP} and dst port {me[1]}"
    with held_by(before), capture(before, "eth0", answers) as sent, connected(me):
        wait_until(lambda: any("Flags [P.]" in line for line in sent), "the answer is captured")
        answer = next(line for line in sent if "Flags [P.]" in line)
        with held_by(now):
            too_big(VIP, me, int(re.search(r"seq \d+:(\d+)", answer).group(1)), 1000)
            wait_until(lambda: "mtu 1000" in sh(before, f"ip route get {me[0]}"), f"{before} knows the smaller MTU")
    sh(before, "ip route flush cache")
    holder()


@pytest.mark.common
def test_a_connection_whose_ports_the_next_holder_remembers_goes_on():
    """Its haproxy has had them before, and the kernel's connection table has forgotten that already."""
    now, before = NODES[:2]
    lifetime = "net.netfilter.nf_conntrack_tcp_timeout_time_wait"
    usual = sh(now, f"sysctl --values {lifetime}").strip()
    with between(now, f"sysctl {lifetime}=1", f"sysctl {lifetime}={usual}"), held_by(now):
        me = remembered(now)
        past = f"ss --tcp --numeric --no-header --options state time-wait dport = :{me[1]}"
        wait_until(lambda: "timewait,5" in sh(now, past) and "timewait,59" not in sh(now, past), "two seconds are over")
    with held_by(before), connected(me) as client, held_by(now):
        asked(client, "keep-alive")
        assert sh(now, past), "the next holder has forgotten the connection, so nothing is proven"
    holder()


@pytest.mark.common
def test_connections_of_a_node_that_has_died_are_reset_and_do_not_hang():
    """Although the next holder remembers earlier connections with the same ports as half of them have."""
    dead = holder()
    survivor = follows(dead)
    with held_by(survivor):
        used = [remembered(survivor) for _number in range(10)]
    with ExitStack() as stack:
        with held_by(dead):
            clients = [stack.enter_context(connected(me)) for me in [*used, *[("", 0)] * 10]]
        with held_by(survivor), unplugged(dead):
            for client in clients:
                with pytest.raises(ConnectionResetError):
                    asked(client, "keep-alive")
    holder()


def traces(name: str) -> dict[str, str]:
    """What the second chance leaves on a host, and what nobody else does."""
    return {
        "rules": lab_host(name).run("nft list tables | grep evenkeel").stdout,
        "addresses": sh(name, "ip -oneline address show dev lo | sed 's/.*inet/inet/'"),
        "parameters": sh(name, "grep . /proc/sys/net/ipv4/conf/*/arp_ignore /proc/sys/net/ipv4/conf/*/arp_announce"),
        "routes": lab_host(name)
        .run(f"ip route show table all | grep {VIP}; ip -6 route show table all | grep {VIP6}")
        .stdout,
        "files": sh(name, "find /etc/systemd /run -path '*second*chance*'"),
        "unit": lab_host(name).run("systemctl list-units --all --plain --no-legend '*second*chance*'").stdout,
    }


@pytest.mark.common
def test_switched_off_it_leaves_nothing_behind_and_switched_on_it_works_again():
    # A web server has never had it.
    bare = traces("web1")
    good(playbook("deploy_load_balancers", keepalived_second_chance=False))
    waiting = [name for name in NODES if name != holder()]
    assert {name: traces(name) for name in waiting} == dict.fromkeys(waiting, bare)
    assert {**traces(holder()), "routes": ""} == bare
    good(playbook("deploy_load_balancers"))
    with KeepAlive(VIP) as keepers:
        wait_until(lambda: keepers.answers > 40, "clients have their connections")
        good(playbook("move_vip", cluster_move_interval=0))
        answered = keepers.answers
        wait_until(lambda: keepers.answers > answered + 40, "they go on")
    assert keepers.broken == []
