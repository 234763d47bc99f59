"""Three load balancers announce one address of each IP version, and a client reaches them through a router."""

from __future__ import annotations

import json
import subprocess
from contextlib import AbstractContextManager

import pytest
import yaml
from anycast import (
    ADDRESS,
    ADDRESS6,
    NODES,
    PREFIX,
    URLS,
    Noticed,
    announced,
    clients,
    count_served,
    drain,
    others,
    wait_for_kept,
    wait_for_nodes,
    write_content,
)
from cluster import ask, between, booted, container, holders, lab_host, stopped, wait_until
from controller import ROOT, good, playbook, words
from pages import examples

SITE = "site"
LONG = pytest.mark.long
VIPS = [f"{PREFIX}.8{number + 1}" for number in range(len(NODES))]


def router(command: str) -> dict:
    """What FRR answers as JSON."""
    return json.loads(lab_host("router").check_output("vtysh -c %s", f"{command} json"))


def paths(address: str = f"{ADDRESS}/32") -> list[dict]:
    """The paths that the router has to the address, in BGP's words. One that was sent without a metric has 0."""
    version = "ipv6" if ":" in address else "ipv4"
    return [{"metric": 0, **path} for path in router(f"show bgp {version} unicast {address}").get("paths", [])]


@pytest.fixture(autouse=True)
def whole() -> None:
    """Every story begins with three nodes."""
    wait_for_nodes(*NODES)


@pytest.fixture(scope="session")
def checksum() -> str:
    """What the web servers serve as /large."""
    return write_content()


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


def alive_for(name: str) -> list[int]:
    """For how many whole seconds the node still believes that each of its peers is well."""
    sets = json.loads(lab_host(name).check_output("nft --json list sets ip"))["nftables"]
    peers = [found["set"] for found in sets if found.get("set", {}).get("name", "").startswith("alive_")]
    return [item["elem"]["expires"] for peer in peers for item in peer.get("elem", [])]


def test_a_peer_may_stall_for_as_long_as_the_profile_allows_it():
    """The profile safe allows three seconds; a set of an earlier release, which had 1.2, is still in the kernel."""
    host, rules = lab_host("lb1"), "/etc/keepalived/second_chance.nft"
    earlier = "s/ timeout 4000ms }/ }/; s/timeout 4000ms/timeout 1200ms/"
    begin = "echo 'delete table ip evenkeel_second_chance'"
    host.check_output(f"({begin}; sed %s %s) | nft --file -", earlier, rules)
    host.check_output("nft --file %s", rules)
    wait_until(lambda: len(found := alive_for("lb1")) == 2 and min(found) > 1, "both peers are known to be well")


@LONG
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


@pytest.mark.parametrize("name", ["lb2", pytest.param("lb1", marks=LONG), pytest.param("lb3", marks=LONG)])
def test_a_node_leaves_and_joins_and_nobody_notices(name, checksum):
    with clients() as noticed:
        wait_for_kept()
        drain(name)
        wait_for_nodes(*others(name))
        assert announced(name) == "drain"
        (graceful,) = (path for path in paths() if path["metric"] == 1000)
        assert "65535:0" in graceful["community"]["string"] or "graceful" in graceful["community"]["string"]
        count_served(URLS[0], 200)
        drain(name, 0)
        wait_for_nodes(*NODES)
        count_served(URLS[0], 200)
    noticed.assert_nothing_lost(checksum)


def broken_of(noticed: Noticed, *names: str) -> list:
    """The kept connections that broke although another node had them."""
    return [entry for entry in noticed.broken if entry[1] not in names]


@pytest.mark.parametrize("name", ["lb1", pytest.param("lb3", marks=LONG)])
def test_a_haproxy_that_ends_takes_the_node_out(name):
    host = lab_host(name)
    with clients() as noticed:
        wait_for_kept()
        host.check_output("systemctl stop haproxy")
        try:
            wait_for_nodes(*others(name))
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
        wait_for_kept()
        host.check_output("pkill -STOP -x haproxy")
        try:
            wait_for_nodes(*others(name))
        finally:
            host.check_output("pkill -CONT -x haproxy")
        wait_for_nodes(*NODES)
    assert broken_of(noticed, name) == []


@pytest.mark.parametrize("name", ["lb1", pytest.param("lb3", marks=LONG)])
def test_a_bird_that_is_killed_comes_back_as_it_was(name):
    host = lab_host(name)
    before = host.check_output("systemctl show --property=MainPID --value bird")
    with clients() as noticed:
        wait_for_kept()
        host.check_output("systemctl kill --signal=KILL bird")
        wait_until(
            lambda: host.check_output("systemctl show --property=MainPID --value bird") not in (before, "0"),
            "bird runs again",
        )
        wait_for_nodes(*NODES)
        assert announced(name) == "ready"
    assert noticed.broken == []


@LONG
def test_a_bird_that_hangs_is_left_by_the_router_and_its_connections_go_on():
    host = lab_host("lb2")
    with clients() as noticed:
        wait_for_kept()
        host.check_output("systemctl kill --signal=STOP bird")
        try:
            wait_for_nodes("lb1", "lb3")
            assert "lb2" not in count_served(URLS[0], 300)
        finally:
            host.check_output("systemctl kill --signal=CONT bird")
        wait_for_nodes(*NODES)
    assert noticed.broken == []


@LONG
def test_a_router_that_reboots_finds_all_nodes_again():
    with clients() as noticed:
        wait_for_kept()
        subprocess.run(["docker", "restart", container("router")], check=True, capture_output=True)
        wait_for_nodes(*NODES)
        wait_for_kept()
    assert noticed.broken == []


@LONG
def test_a_session_that_is_cleared_comes_back():
    with clients() as noticed:
        wait_for_kept()
        lab_host("router").check_output("vtysh -c 'clear bgp *'")
        wait_for_nodes(*NODES)
    assert noticed.broken == []


@LONG
def test_a_link_that_is_down_takes_the_node_out():
    host = lab_host("lb2")
    with clients() as noticed:
        wait_for_kept()
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
        wait_for_kept()
        subprocess.run(["docker", "kill", container("lb1")], check=True, capture_output=True)
        try:
            wait_for_nodes("lb2", "lb3")
            assert "lb1" not in count_served(URLS[0], 300)
        finally:
            subprocess.run(["docker", "start", container("lb1")], check=True, capture_output=True)
        wait_for_nodes(*NODES)
    assert broken_of(noticed, "lb1") == []


@LONG
def test_nodes_are_rebooted_one_by_one_and_nobody_notices(checksum):
    """Each is drained before, and announced again afterwards."""
    before = booted(NODES)
    with clients() as noticed:
        wait_for_kept()
        good(playbook("deploy_load_balancers", cluster_node_tasks=ROOT / "playbooks/tasks/host/reboot.yml"))
        wait_for_nodes(*NODES)
        wait_for_kept()
    after = booted(NODES)
    assert [name for name in NODES if before[name] == after[name]] == []
    noticed.assert_nothing_lost(checksum)


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


def count_sessions(name: str) -> int:
    """How many sessions of the node stand."""
    return lab_host(name).check_output("birdc show protocols").count("Established")


def birds() -> dict[str, str]:
    """Since when each session stands, and the updates that were sent, once all stand."""
    sessions = 2 * len(NODES)
    wait_until(lambda: sum(count_sessions(name) for name in NODES) == sessions, "all sessions stand", 60)
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


@LONG
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


@LONG
def test_a_change_that_loses_the_session_is_undone():
    peers = [{"address": f"{PREFIX}.2", "as": 65099}]
    done = playbook(SITE, bgp_peers=peers, cluster_anycast=[f"{ADDRESS}/32"])
    assert done.returncode != 0
    assert f"the session with {PREFIX}.2 does not stand" in words(done)
    assert "The previous set is back" in words(done)
    wait_for_nodes(*NODES)


def metric(name: str, sample: str) -> str:
    """The value of a sample in the node's file of metrics."""
    text = lab_host(name).check_output("cat /var/lib/prometheus/node-exporter/keepalived.prom")
    return next((line.rpartition(" ")[2] for line in text.splitlines() if line.startswith(f"{sample} ")), "")


def wait_for_metric(name: str, sample: str, value: str) -> None:
    wait_until(lambda: metric(name, sample) == value, f"{sample} is {value}")


@LONG
def test_metrics_show_announcements_and_sessions():
    wait_for_metric("lb3", 'bird_announced{state="ready"}', "1")
    for router_address in (f"{PREFIX}.2", f"fd00:{PREFIX.replace('.', ':')}:1::2"):
        wait_for_metric("lb3", f'bird_session_established{{router="{router_address}"}}', "1")
    drain("lb3")
    wait_for_metric("lb3", 'bird_announced{state="drain"}', "1")
    drain("lb3", 0)
    with stopped("lb3", "haproxy"):
        wait_for_metric("lb3", 'bird_announced{state="last_resort"}', "1")
    with stopped("lb3", "bird"):
        wait_for_metric("lb3", "bird_up", "0")
    wait_for_metric("lb3", "bird_up", "1")


@LONG
def test_vips_are_beside_anycast_addresses():
    """Each node holds one of them."""
    wait_until(lambda: [holders(NODES, vip) for vip in VIPS] == [[name] for name in NODES], "VIPs are at home", 120)
    assert [ask(f"http://{vip}/").headers["X-Node"] for vip in VIPS] == NODES


def test_anycast_addresses_are_not_moved():
    done = playbook("move_vip", move_vip_instance="cluster_anycast")
    assert done.returncode != 0
    assert "all nodes have the addresses of cluster_anycast" in words(done)


def routed(way: str) -> AbstractContextManager[None]:
    """The router has a route to the address that it has not learnt."""
    route = f"{ADDRESS}/32 metric 1"
    return between("router", f"ip route add {route} {way}", f"ip route delete {route}")


@LONG
def test_static_routes_over_vips_need_no_bgp(checksum):
    """The set of next hops never changes: VRRP moves them."""
    wait_until(lambda: [holders(NODES, vip) for vip in VIPS] == [[name] for name in NODES], "VIPs are at home", 120)
    with routed(" ".join(f"nexthop via {vip}" for vip in VIPS)):
        assert set(count_served(URLS[0], 300)) == set(NODES)
        with clients() as noticed:
            wait_for_kept()
            good(playbook("move_vip", move_vip_instance="cluster_vip", move_vip_to="lb2"))
            assert "lb1" not in count_served(URLS[0], 300)
        noticed.assert_nothing_lost(checksum)
        with clients() as noticed, stopped("lb3", "haproxy"):
            wait_until(lambda: "lb3" not in count_served(URLS[0], 100), "the VIP has moved")
        assert broken_of(noticed, "lb3") == []


@LONG
def test_a_router_with_resilient_next_hops_keeps_the_way_of_connections(checksum):
    host = lab_host("router")
    numbers = {name: 900_001 + place for place, name in enumerate(NODES)}

    def spread(*names: str) -> str:
        group = "/".join(str(numbers[name]) for name in names)
        return f"ip nexthop replace id 900010 group {group} type resilient buckets 128 idle_timer 1"

    for name, number in numbers.items():
        host.check_output(f"ip nexthop replace id {number} via {PREFIX}.1{name[-1]} dev eth0")
    host.check_output(spread(*NODES))
    try:
        with routed("nhid 900010"), clients() as noticed:
            wait_for_kept()
            drain("lb2")
            host.check_output(spread("lb1", "lb3"))
            assert "lb2" not in count_served(URLS[0], 300)
            drain("lb2", 0)
            host.check_output(spread(*NODES))
            wait_for_kept()
    finally:
        for number in (900_010, *numbers.values()):
            host.check_output(f"ip nexthop delete id {number}")
    noticed.assert_nothing_lost(checksum)


@LONG
def test_the_drill_shows_which_node_has_served(tmp_path):
    faults = ["node_drained", "bird_killed", "bird_hung", "haproxy_killed", "web_server_killed"]
    done = playbook(
        "drill_failover",
        drill_confirmed=True,
        drill_instance="cluster_anycast",
        drill_from="client",
        drill_faults=faults,
        drill_seconds=3,
        drill_patience=90,
        # Patient clients: an answer that is late on a machine with too much to do is no failure of the cluster.
        drill_interval=0.02,
        drill_timeout=10,
        drill_report=tmp_path / "drill",
    )
    good(done)
    seen = json.loads((tmp_path / "drill.json").read_text(encoding="utf-8"))["faults"]
    assert [fault["name"] for fault in seen] == faults
    assert all(set(NODES) <= set(fault["served"]) for fault in seen)
    assert (seen[0]["lost"], seen[0]["broken"]) == (0, 0)
    assert "BACKUP" in {change["state"] for change in seen[0]["transitions"]}
    page = (tmp_path / "drill.html").read_text(encoding="utf-8")
    assert all(f"answered by {name}" in page for name in NODES)
    refused = playbook("drill_failover", drill_instance="cluster_anycast", drill_faults=["vip_moved"])
    assert "name node_drained instead" in words(refused)


@LONG
def test_the_check_shows_sessions_and_announcements():
    done = playbook("check_cluster")
    assert done.returncode == 0, done.stdout
    assert "ANNOUNCED BY" in done.stdout
    assert "SHARE" in done.stdout
    with stopped("lb2", "bird"):
        done = playbook("check_cluster")
        assert done.returncode != 0
        assert "bird does not run" in done.stdout


def test_the_page_has_variables_that_are_deployed_here():
    (page,) = [
        yaml.safe_load(example) for example in examples("how_to/outgrow_one_load_balancer.md") if "bgp_peers" in example
    ]
    assert set(page) == {"cluster_anycast", "bgp_local_as", "bgp_peers", "bgp_bfd"}
