"""Three load balancers announce one address of each IP version, and a client reaches them through a router."""

from __future__ import annotations

import hashlib
import json
import os
import random
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import yaml
from cluster import container, lab_host, wait_until
from controller import playbook, words
from inside import inside
from pages import examples

NODES = ["lb1", "lb2", "lb3"]
PREFIX = os.environ["LAB_PREFIX"]
ADDRESSES = {f"{PREFIX}.1{name[-1]}": name for name in NODES}
ADDRESS, ADDRESS6 = "198.51.100.80", "2001:db8:5::80"
URLS = [f"http://{ADDRESS}/", f"http://[{ADDRESS6}]/"]
SIZE = 20_000_000
STANDBY = "/run/keepalived-track/standby_cluster_anycast"
SITE = "site"
CLIENT = "/usr/local/bin/client.py"


def router(command: str) -> dict:
    """What FRR answers as JSON."""
    return json.loads(lab_host("router").check_output("vtysh -c %s", f"{command} json"))


def paths(address: str = f"{ADDRESS}/32") -> list[dict]:
    """The paths that the router has to the address, in BGP's words. One that was sent without a metric has 0."""
    version = "ipv6" if ":" in address else "ipv4"
    return [{"metric": 0, **path} for path in router(f"show bgp {version} unicast {address}").get("paths", [])]


def used() -> set[str]:
    """The nodes to which the router sends new connections to the IPv4 address."""
    table = lab_host("router").check_output("ip -4 route show %s", f"{ADDRESS}/32")
    return {name for address, name in ADDRESSES.items() if f" {address} " in table}


def count_used6() -> int:
    """How many nodes get new connections to the IPv6 address; their next hops are link-local ones."""
    return lab_host("router").check_output("ip -6 route show %s", f"{ADDRESS6}/128").count(" via ")


def announced(name: str) -> str:
    """What the node says that it announces."""
    return json.loads(lab_host(name).check_output("cat /run/bird-announce/state.json"))["announced"]


def wait_for_nodes(*names: str) -> None:
    """Wait until exactly these nodes get new connections."""
    wait_until(lambda: used() == set(names) and count_used6() == len(names), f"routes to {names}", 90)


@pytest.fixture(autouse=True)
def whole() -> None:
    """Every story begins with three nodes."""
    wait_for_nodes(*NODES)


@pytest.fixture(scope="session")
def checksum() -> str:
    """What the web servers serve as /large."""
    content = random.Random(7).randbytes(SIZE)
    for name in ("web1", "web2"):
        subprocess.run([*inside(container(name)), "sh", "-c", "cat >/var/www/web/large"], input=content, check=True)
    return hashlib.sha256(content).hexdigest()


def count_served(url: str, number: int) -> dict[str, int]:
    """The new connections that each node has served."""
    return json.loads(lab_host("client").check_output("python3 %s spread %s %s", CLIENT, url, str(number)))


class Noticed:
    """What clients have noticed, once they have ended."""

    def __init__(self) -> None:
        self.lost: list = []
        self.broken: list = []
        self.kept: dict[str, int] = {}
        self.downloads: list[str] = []
        self.served = 0


@contextmanager
def clients(url: str = URLS[0]) -> Iterator[Noticed]:
    """New connections, kept ones and downloads while the context lasts."""
    command = [*inside(container("client")), "python3", CLIENT, "watch", url]
    found = Noticed()
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdin
        assert process.stdout.readline() == "running\n"
        try:
            yield found
        finally:
            process.stdin.close()
            vars(found).update(json.loads(process.stdout.read()))
    print(found.served, "served;", len(found.lost), "lost:", found.lost[:3], "broken:", found.broken[:3], found.kept)


def kept_by_all(url: str = URLS[0]) -> None:
    """Wait until every node has answered some clients."""
    wait_until(lambda: len(count_served(url, 60)) == len(NODES), "every node serves somebody", 30)


@pytest.mark.parametrize("url", URLS)
def test_connections_are_spread_over_all_nodes(url):
    served = count_served(url, 3000)
    assert set(served) == set(NODES)
    assert sum(served.values()) == 3000
    assert min(served.values()) >= 600


def test_a_role_alone_announces_an_address():
    wait_until(lambda: paths("198.51.100.90/32"), "the address of the host solo")


def test_the_routes_say_how_the_node_is():
    for address in (f"{ADDRESS}/32", f"{ADDRESS6}/128"):
        found = paths(address)
        assert [path["metric"] for path in found] == [0, 0, 0]
        assert all("65010:80" in path["community"]["string"] for path in found)


@pytest.mark.parametrize("name", NODES)
def test_the_password_is_nowhere_but_in_the_configuration(name):
    host = lab_host(name)
    secret = host.check_output("sed -n 's/.*password \"\\(.*\\)\";/\\1/p' /etc/bird/bird.conf | head -n 1")
    assert len(secret) == 20
    assert host.file("/etc/bird/bird.conf").mode & 0o007 == 0
    assert host.run("journalctl --no-pager | grep -c %s", secret).stdout.strip() == "0"
    open_to_all = host.run(
        "find /etc /run /var /tmp -xdev -type f -perm -o=r -print0 | xargs -0 grep -lF %s", secret
    ).stdout
    assert open_to_all == ""


@pytest.mark.parametrize("name", NODES)
def test_a_stranger_cannot_open_a_session(name):
    number = name[-1]
    line = f"echo > /dev/tcp/{PREFIX}.1{number}/179"
    assert lab_host("web1").run("timeout 3 bash -c %s", line).rc == 124
    before = lab_host(name).check_output("nft list table inet evenkeel_bird")
    assert "counter packets 0 " not in before


def test_the_firewall_comes_back_when_somebody_flushes_it():
    host = lab_host("lb1")
    host.check_output("nft delete table inet evenkeel_bird")
    wait_until(lambda: host.run("nft list table inet evenkeel_bird").rc == 0, "the table is loaded again")


def test_a_full_table_and_a_default_route_change_nothing():
    routes = {name: lab_host(name).check_output("ip route; ip -6 route") for name in NODES}
    blackholes = [f"-c 'ip route 203.0.113.{number}/32 blackhole'" for number in range(250)]
    begin = (
        f"vtysh -c 'configure terminal' {' '.join(blackholes)} -c 'router bgp 65000' -c 'address-family ipv4 unicast'"
    )
    sends = lab_host("router")
    sends.check_output(f"{begin} -c 'redistribute static' -c 'neighbor nodes default-originate'")
    try:
        peer = f"{PREFIX}.11"
        wait_until(
            lambda: router(f"show bgp ipv4 unicast neighbors {peer} advertised-routes")["totalPrefixCounter"] > 250,
            "the router sends its routes",
        )
        for name in NODES:
            host = lab_host(name)
            assert "0 imported" in host.check_output("birdc show protocols all bgp_%s", f"{PREFIX}.2".replace(".", "_"))
            assert host.check_output("ip route; ip -6 route") == routes[name]
    finally:
        undo = " ".join(f"-c 'no ip route 203.0.113.{number}/32 blackhole'" for number in range(250))
        bgp = "-c 'router bgp 65000' -c 'address-family ipv4 unicast' -c 'no redistribute static'"
        sends.check_output(f"vtysh -c 'configure terminal' {undo} {bgp} -c 'no neighbor nodes default-originate'")


@pytest.mark.parametrize("name", NODES)
def test_a_node_leaves_and_joins_and_nobody_notices(name, checksum):
    host = lab_host(name)
    with clients() as noticed:
        kept_by_all()
        for path in (STANDBY, f"{STANDBY}6"):
            host.check_output("echo 1 > %s", path)
        wait_for_nodes(*(other for other in NODES if other != name))
        assert announced(name) == "drain"
        graceful = [path for path in paths() if path["metric"] == 1000]
        assert [
            "65535:0" in path["community"]["string"] or "graceful" in path["community"]["string"] for path in graceful
        ] == [True]
        count_served(URLS[0], 200)
        for path in (STANDBY, f"{STANDBY}6"):
            host.check_output("echo 0 > %s", path)
        wait_for_nodes(*NODES)
        count_served(URLS[0], 200)
    assert noticed.lost == []
    assert noticed.broken == []
    assert set(noticed.kept) == set(NODES)
    assert set(noticed.downloads) == {checksum}


def broken_of(noticed: Noticed, *names: str) -> list:
    """The kept connections that broke although another node had them."""
    return [entry for entry in noticed.broken if entry[1] not in names]


@pytest.mark.parametrize("name", ["lb1", "lb3"])
def test_a_haproxy_that_ends_takes_the_node_out(name):
    host = lab_host(name)
    with clients() as noticed:
        kept_by_all()
        host.check_output("systemctl stop haproxy")
        try:
            wait_for_nodes(*(other for other in NODES if other != name))
            assert announced(name) == "last_resort"
            assert name not in count_served(URLS[0], 300)
        finally:
            host.check_output("systemctl start haproxy")
        wait_for_nodes(*NODES)
    assert broken_of(noticed, name) == []


@pytest.mark.parametrize("name", ["lb2"])
def test_a_haproxy_that_hangs_takes_the_node_out(name):
    host = lab_host(name)
    with clients() as noticed:
        kept_by_all()
        host.check_output("pkill -STOP -x haproxy")
        try:
            wait_for_nodes(*(other for other in NODES if other != name))
        finally:
            host.check_output("pkill -CONT -x haproxy")
        wait_for_nodes(*NODES)
    assert broken_of(noticed, name) == []


@pytest.mark.parametrize("name", ["lb1", "lb3"])
def test_a_bird_that_is_killed_comes_back_as_it_was(name):
    host = lab_host(name)
    before = host.check_output("systemctl show --property=MainPID --value bird")
    with clients() as noticed:
        kept_by_all()
        host.check_output("systemctl kill --signal=KILL bird")
        wait_until(
            lambda: host.check_output("systemctl show --property=MainPID --value bird") not in (before, "0"),
            "bird runs again",
        )
        wait_for_nodes(*NODES)
        assert announced(name) == "ready"
    assert noticed.broken == []


def test_a_session_that_is_cleared_comes_back():
    with clients() as noticed:
        kept_by_all()
        lab_host("router").check_output("vtysh -c 'clear bgp *'")
        wait_for_nodes(*NODES)
    assert noticed.broken == []


def test_a_link_that_is_down_takes_the_node_out():
    host = lab_host("lb2")
    with clients() as noticed:
        kept_by_all()
        host.check_output("ip link set eth0 down")
        try:
            wait_for_nodes("lb1", "lb3")
        finally:
            host.check_output("ip link set eth0 up")
            prefix6 = f"fd00:{':'.join(PREFIX.split('.'))}"
            host.check_output("ip address replace %s dev eth0", f"{prefix6}:1::12/80")
            host.check_output("systemctl restart lab-routes")
        wait_for_nodes(*NODES)
    assert broken_of(noticed, "lb2") == []


def test_a_host_that_dies_takes_its_own_connections_only():
    with clients() as noticed:
        kept_by_all()
        subprocess.run(["docker", "kill", container("lb1")], check=True, capture_output=True)
        try:
            wait_for_nodes("lb2", "lb3")
            assert "lb1" not in count_served(URLS[0], 300)
        finally:
            subprocess.run(["docker", "start", container("lb1")], check=True, capture_output=True)
        wait_for_nodes(*NODES)
    assert broken_of(noticed, "lb1") == []


def test_nodes_that_are_all_unwell_still_answer():
    for name in NODES:
        lab_host(name).check_output("systemctl stop keepalived-watch && echo 1 > /run/keepalived-watch/haproxy_hangs")
    try:
        wait_until(lambda: {announced(name) for name in NODES} == {"last_resort"}, "the last resort")
        wait_until(lambda: {path["metric"] for path in paths()} == {2000}, "the router has the last resort only")
        assert set(count_served(URLS[0], 300)) == set(NODES)
    finally:
        for name in NODES:
            lab_host(name).check_output("systemctl start keepalived-watch")
    wait_until(lambda: {path["metric"] for path in paths()} == {0}, "all nodes are well")


def birds() -> dict[str, str]:
    """Since when each session stands, and the updates that were sent."""
    seen = {}
    for name in NODES:
        answer = lab_host(name).check_output("birdc show protocols all")
        seen[name] = "\n".join(line for line in answer.splitlines() if " BGP " in line or "Export " in line)
    return seen


def test_a_run_that_changes_nothing_sends_no_update():
    before = birds()
    done = playbook(SITE)
    assert done.returncode == 0, done.stdout
    assert birds() == before


def test_a_change_is_taken_without_a_session_that_ends():
    since = {name: [line for line in said.splitlines() if " BGP " in line] for name, said in birds().items()}
    for communities in (["65010:80", "65010:81"], ["65010:80"]):
        done = playbook(SITE, bird_communities=communities)
        assert done.returncode == 0, done.stdout
        wanted = len(communities) == 2
        wait_until(
            lambda wanted=wanted: all(("65010:81" in path["community"]["string"]) == wanted for path in paths()),
            "the router has the communities",
        )
    assert {name: [line for line in said.splitlines() if " BGP " in line] for name, said in birds().items()} == since


def test_a_word_that_bird_does_not_know_is_refused():
    before = birds()
    done = playbook(SITE, bird_lines=["protocol nonsense { }"])
    assert done.returncode != 0
    assert "/etc/bird/bird.conf:" in words(done)
    assert "protocol nonsense { }" in words(done)
    assert birds() == before


def test_a_change_that_loses_the_session_is_undone():
    peers = [{"address": f"{PREFIX}.2", "as": 65099}]
    done = playbook(SITE, bgp_peers=peers, cluster_anycast=[f"{ADDRESS}/32"])
    assert done.returncode != 0
    assert f"the session with {PREFIX}.2 does not stand" in words(done)
    assert "The previous set is back" in words(done)
    wait_for_nodes(*NODES)


def test_the_check_shows_sessions_and_announcements():
    done = playbook("check_cluster")
    assert done.returncode == 0, done.stdout
    assert "ANNOUNCED BY" in done.stdout
    with_problem = lab_host("lb2")
    with_problem.check_output("systemctl stop bird")
    try:
        done = playbook("check_cluster")
        assert done.returncode != 0
        assert "bird does not run" in done.stdout
    finally:
        with_problem.check_output("systemctl start bird")


def test_the_page_has_variables_that_are_deployed_here():
    (page,) = [
        yaml.safe_load(example)
        for example in examples("how_to/outgrow_one_load_balancer.md")
        if "cluster_anycast" in example
    ]
    assert set(page) == {"cluster_anycast", "bgp_local_as", "bgp_peers", "bgp_bfd"}
