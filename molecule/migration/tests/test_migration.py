"""A pair that was set up by hand becomes a cluster of this collection, with the variables of docs/how_to/migrate.md;
clients go on."""

from __future__ import annotations

import json
import os
import re
import shlex
from contextlib import contextmanager

import pytest
import yaml
from cluster import booted, container, holders, is_backup, lab_host, takeovers, wait_until
from controller import ROOT, ansible, good, playbook
from faults import docker
from pages import examples
from prober import KeepAlive, Prober

PREFIX = os.environ["LAB_PREFIX"]
VIP = f"{PREFIX}.240"
PAIR = ["lb1", "lb2"]
THREE = [*PAIR, "lb3"]
# With the lab's addresses in the place of those for documentation.
VRRP, HAPROXY, NGINX = (
    yaml.safe_load(text.replace("192.0.2.10/24", f"{VIP}/24")) for text in examples("how_to/migrate.md")
)


def calls(page: str) -> list[list[str]]:
    """The modules that the page calls on a host, with their arguments, as Ansible wants them."""
    lines = re.findall(r"^ansible lb\d .*", "".join(examples(page, "sh")), re.MULTILINE)
    return [words[words.index("-m") :] for words in map(shlex.split, lines)]


@contextmanager
def clients(patience: float = 5):
    """New clients every 10 ms, none of whom may be left without an answer."""
    with Prober(VIP, interval=0.01, timeout=patience) as found:
        yield found
    assert {result.error for result in found.results if not result.ok} == set()
    assert len(found.results) > 20


def holder(nodes: list[str]) -> str:
    """The node that has the VIP, once there is one and the others wait."""
    found: list[str] = []

    def settled() -> bool:
        found[:] = holders(nodes, VIP)
        return len(found) == 1 and all(is_backup(name) for name in nodes if name not in found)

    wait_until(settled, "one holder, and backups", 60)
    return found[0]


def servers(name: str) -> list[str]:
    """The web servers that the load balancer has in rotation."""
    status = "echo 'show stat -1 4 -1' | socat - /run/haproxy/admin.sock | grep ',UP,' | cut -d, -f2"
    return sorted(lab_host(name).check_output(status).split())


def started(name: str, unit: str) -> str:
    return lab_host(name).check_output(f"systemctl show --value --property=InvocationID {unit}")


@pytest.fixture
def grown(tmp_path) -> list[str]:
    """Arguments for Ansible with which lb3 and web3 belong to the cluster."""
    hosts = {group: {"hosts": {name: {}}} for group, name in (("load_balancers", "lb3"), ("web_servers", "web3"))}
    (tmp_path / "grown.yml").write_text(yaml.safe_dump(hosts), encoding="utf-8")
    return ["-i", str(tmp_path / "grown.yml")]


def traces(name: str) -> str:
    """What is on the host of haproxy and keepalived, and what serves beside them."""
    files = (
        "find /etc/haproxy /etc/keepalived /etc/systemd/system /etc/sysctl.d -type f -exec sha256sum {} + | "
        "sort --key=2"
    )
    return lab_host(name).check_output(
        f"{files}; systemctl list-units --all --plain --no-legend 'keepalived*' 'haproxy*'; iptables-save | grep ^-A"
    )


def test_the_pair_is_imported_and_nothing_changes_on_the_hosts(tmp_path):
    inventory = tmp_path / "mine"
    before = [traces(name) for name in PAIR]
    good(playbook("import_cluster", import_to=str(inventory)))
    assert [traces(name) for name in PAIR] == before
    assert "## Not translated" not in (inventory / "report.md").read_text(encoding="utf-8")
    hosts = yaml.safe_load((inventory / "hosts.yml").read_text(encoding="utf-8"))
    assert {group: list(item["hosts"]) for group, item in hosts.items()} == {
        "load_balancers": PAIR,
        "web_servers": ["web1", "web2"],
    }
    good(playbook("check_input", "-i", str(inventory)))


def test_a_node_goes_back_to_what_it_was():
    before = traces("lb2")
    with clients():
        good(playbook("deploy_load_balancers", "--limit", "lb2", **VRRP, **HAPROXY))
        assert traces("lb2") != before
        for call in calls("how_to/migrate.md"):
            good(ansible("ansible", "lb2", *call))
        assert holder(PAIR) == "lb1"
    assert traces("lb2") == before


def test_the_load_balancers_are_taken_over_as_they_are_and_nothing_is_restarted_or_moved():
    assert holder(PAIR) == "lb1"
    before = {(name, unit): started(name, unit) for name in PAIR for unit in ("haproxy", "keepalived")}
    moves = sum(map(takeovers, PAIR))
    with clients():
        good(playbook("deploy_load_balancers", **VRRP, **HAPROXY))
    assert holder(PAIR) == "lb1"
    assert sum(map(takeovers, PAIR)) == moves
    assert {(name, unit): started(name, unit) for name, unit in before} == before
    good(playbook("check_cluster"))


def test_a_haproxy_that_ends_is_noticed_at_once_although_nothing_was_restarted():
    with clients():
        lab_host("lb2").check_output("systemctl stop haproxy")
        wait_until(lambda: not is_backup("lb2"), "lb2 has noticed")
        lab_host("lb2").check_output("systemctl start haproxy")
        assert holder(PAIR) == "lb1"


def test_the_timing_becomes_that_of_the_collection():
    with clients():
        good(playbook("deploy_load_balancers", **HAPROXY))
        holder(PAIR)
    good(playbook("check_cluster"))


def test_the_web_servers_are_taken_over_with_the_files_that_they_serve():
    with clients(), KeepAlive(VIP) as keepers:
        good(playbook("site", **HAPROXY, **NGINX))
    assert keepers.broken == []
    output = good(playbook("site", **HAPROXY, **NGINX))
    assert set(re.findall(r"changed=(\d+)", output)) == {"0"}


def test_a_third_load_balancer_and_a_web_server_join_and_the_vip_stays(grown):
    before = holder(PAIR)
    with clients(), KeepAlive(VIP) as keepers:
        good(playbook("site", *grown, **NGINX))
    assert keepers.broken == []
    assert holder(THREE) == before
    assert [servers(name) for name in THREE] == [["web1", "web2", "web3"]] * 3
    good(playbook("check_cluster", *grown))


def test_packages_are_upgraded_and_hosts_reboot_that_ask_for_it(grown):
    hosts = [*THREE, "web1", "web2", "web3"]
    before = booted(hosts)
    for name in hosts:
        # Nothing newer is to be had in the lab.
        lab_host(name).check_output(
            "rm -f /etc/apt/sources.list /etc/apt/sources.list.d/* && touch /var/run/reboot-required"
        )
    with clients(patience=30), KeepAlive(VIP) as keepers:
        good(
            playbook(
                "upgrade_packages",
                *grown,
                **NGINX,
                upgrade_packages=["haproxy"],
                upgrade_reboot=True,
                cluster_move_interval=0,
            )
        )
    assert keepers.broken == []
    assert [name for name, moment in booted(hosts).items() if moment == before[name]] == []
    holder(THREE)


def test_a_host_dies_and_is_replaced(grown):
    dead = next(name for name in THREE if name != holder(THREE))
    others = [name for name in THREE if name != dead]
    with clients():
        docker("rm", "--force", container(dead))
        good(playbook("deploy_load_balancers", *grown, "--limit", f"all:!{dead}", haproxy_maxconn=5000))
        absent = {"cluster_absent_load_balancers": [dead]}
        good(playbook("deploy_web_servers", *grown, **NGINX, **absent, nginx_worker_connections=5000))
        assert holder(others)
        good(
            ansible(
                "ansible-playbook", ROOT / "tests/lab/create.yml", "--extra-vars", json.dumps({"lab_hosts": [dead]})
            )
        )
        good(playbook("site", *grown, **NGINX))
    holder(THREE)
    good(playbook("check_cluster", *grown))


def test_a_load_balancer_and_a_web_server_are_taken_out_for_good(grown):
    stop, show = calls("how_to/add_a_load_balancer.md")
    good(playbook("move_vip", *grown, move_vip_to="lb3", cluster_move_interval=0))
    with clients():
        with KeepAlive(VIP) as keepers:
            good(playbook("move_vip", *grown, move_vip_to="lb1", cluster_move_interval=0))
            good(ansible("ansible", "lb3", *stop))
            assert f"{VIP}:80" in good(ansible("ansible", "lb3", *show))
        assert keepers.broken == []
        wait_until(lambda: f"{VIP}:80" not in good(ansible("ansible", "lb3", *show)), "lb3 serves nobody")
        docker("kill", container("lb3"))
        good(playbook("site", **NGINX))
        docker("kill", container("web3"))
    assert holder(PAIR) == "lb1"
    assert [servers(name) for name in PAIR] == [["web1", "web2"]] * 2
    good(playbook("check_cluster"))
