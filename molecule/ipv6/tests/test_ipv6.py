"""A cluster whose hosts have no IPv4 address: both VIPs serve, and planned work costs no request."""

from __future__ import annotations

import json
import os
import re
from base64 import b64encode

import pytest
from cluster import adverts, ask, between, capture, holders, lab_host, wait_until
from controller import ROOT, good, playbook, words
from prober import KeepAlive, Prober

NETWORK = f"fd00:{os.environ['LAB_PREFIX'].split('.')[1]}::"
LOAD_BALANCERS = {"lb1": f"{NETWORK}11", "lb2": f"{NETWORK}12"}
WEB_SERVERS = ["web1", "web2"]
VIPS = [f"{NETWORK}240", f"{NETWORK}241"]
METRICS = "/var/lib/prometheus/node-exporter/keepalived.prom"


def holder(vip: str) -> str:
    """The load balancer that has the VIP, once one alone has it."""
    wait_until(lambda: len(holders(list(LOAD_BALANCERS), vip)) == 1, f"one holder of {vip}")
    return holders(list(LOAD_BALANCERS), vip)[0]


@pytest.mark.parametrize("name", [*LOAD_BALANCERS, *WEB_SERVERS])
def test_no_host_has_an_ipv4_address(name):
    assert lab_host(name).check_output("ip -4 -oneline address show scope global") == ""


def test_both_vips_serve_by_all_web_servers():
    for vip in VIPS:
        assert holder(vip)
        pages = [ask(f"http://[{vip}]/").text for _request in WEB_SERVERS]
        assert [name for name in WEB_SERVERS if not any(name in page for page in pages)] == []


@pytest.mark.parametrize(
    ("name", "program"), [("lb1", "haproxy"), ("lb2", "haproxy"), ("web1", "nginx"), ("web2", "nginx")]
)
def test_a_daemon_listens_on_ipv6_and_for_its_own_host(name, program):
    sockets = lab_host(name).check_output("ss --no-header --listening --numeric --tcp --processes").splitlines()
    places = {line.split()[3] for line in sockets if f'"{program}"' in line}
    assert "[::]:80" in places
    assert [place for place in places if place.startswith("0.0.0.0:")] == []


def test_adverts_go_from_node_to_node():
    both = set(LOAD_BALANCERS.values())
    with capture("lb1", "eth0", "ip6 proto 112") as packets:
        wait_until(lambda: adverts(packets), "adverts")
    assert {frozenset(pair) for pair in adverts(packets)} == {frozenset(both)}


def test_a_vip_that_a_stranger_has_is_refused_and_found():
    new, held = f"{NETWORK}250", VIPS[0]
    with between("web1", f"ip address add {new}/128 dev eth0 nodad", f"ip address delete {new}/128 dev eth0"):
        refused = playbook("deploy_load_balancers", cluster_vips=[f"{VIPS[1]}/64", f"{new}/64"])
    assert refused.returncode
    assert f"{new} is in use: the machine with the MAC address" in words(refused)
    assert set(re.findall(r"changed=(\d+)", refused.stdout)) == {"0"}
    with between("web1", f"ip address add {held}/128 dev eth0 nodad", f"ip address delete {held}/128 dev eth0"):
        found = playbook("check_cluster")
    assert found.returncode
    assert f"lb1 and lb2: another machine answers for {held}" in words(found)


def test_web_servers_get_a_release_without_losing_a_request():
    release = {"cluster_deploy_tasks": ROOT / "molecule/rolling/tasks/release.yml", "cluster_release": "two"}
    with Prober(VIPS[0], interval=0.02, timeout=20) as clients, KeepAlive(VIPS[1]) as keepers:
        good(playbook("deploy_web_servers", **release))
    assert [result for result in clients.results if not result.ok] == []
    assert keepers.broken == []
    assert len(clients.results) > 20
    assert ask(f"http://[{VIPS[0]}]/release").text.startswith("two on web")
    again = good(playbook("deploy_web_servers", **release))
    assert set(re.findall(r"changed=(\d+)", again)) == {"0"}


def test_a_vip_moves_without_losing_a_request():
    before = holder(VIPS[0])
    (other,) = set(LOAD_BALANCERS) - {before}
    with Prober(VIPS[0], interval=0.02, timeout=20) as clients, KeepAlive(VIPS[0]) as keepers:
        good(playbook("move_vip", move_vip_instance="cluster_vip", move_vip_to=other, cluster_move_interval=0))
        assert holder(VIPS[0]) == other
    assert [result for result in clients.results if not result.ok] == []
    assert keepers.broken == []
    assert len(clients.results) > 20


def test_metrics_say_who_holds_a_vip():
    for vip in VIPS:
        held = {name: holder(vip) == name for name in LOAD_BALANCERS}
        for name, has in held.items():
            line = f'vip="{vip}"}} {int(has)}'
            wait_until(lambda name=name, line=line: line in lab_host(name).file(METRICS).content_string, line)


@pytest.mark.parametrize("address", LOAD_BALANCERS.values(), ids=LOAD_BALANCERS)
def test_haproxy_can_be_scraped(address):
    user = b64encode(f"prometheus:{os.environ['LAB_NAME']}".encode()).decode()
    answer = ask(f"http://[{address}]:8404/metrics", Authorization=f"Basic {user}")
    assert "haproxy_process_uptime_seconds" in answer.text


def test_the_drill_fails_over_and_measures_it(tmp_path):
    holder(VIPS[0])
    drill = {"drill_confirmed": True, "drill_seconds": 3, "drill_timeout": 10, "cluster_move_interval": 0}
    faults = ["haproxy_killed", "web_server_killed"]
    good(playbook("drill_failover", **drill, drill_faults=faults, drill_report=tmp_path / "drill"))
    report = json.loads((tmp_path / "drill.json").read_text(encoding="utf-8"))
    measured = {fault["name"]: fault for fault in report["faults"]}
    assert list(measured) == faults
    for fault in measured.values():
        assert fault["problem"] == ""
        assert fault["noise"] == 0
        assert fault["requests"] > 50
    assert {measured["haproxy_killed"]["holder"], measured["haproxy_killed"]["took_over"]} == set(LOAD_BALANCERS)
    assert measured["web_server_killed"]["lost"] == 0
