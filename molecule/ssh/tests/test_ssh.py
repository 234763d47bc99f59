"""Over SSH and by sudo, everything works as it does elsewhere, and nobody who asks the cluster notices."""

from __future__ import annotations

import json
import os
import re

import pytest
from cluster import ask, booted, is_backup, lab_host, sees_all_servers, wait_until
from controller import ansible, good, playbook

pytest.register_assert_rewrite("shutdown", "story")
from shutdown import shut_down_in_order
from story import Cluster

NODES = ["lb1", "lb2"]
WEB_SERVERS = ["web1", "web2", "web3"]
VIP = f"{os.environ['LAB_PREFIX']}.240"


@pytest.fixture
def cluster() -> Cluster:
    """The cluster, once one node has the address and the other one waits."""
    found = Cluster(NODES, {"cluster_vip": VIP})
    found.wait_for_owners(NODES)
    wait_until(lambda: all(map(is_backup, found.others(found.owner()))), "the other node waits")
    wait_until(lambda: all(map(sees_all_servers, NODES)), "both have all servers")
    return found


def titles() -> set[str]:
    return {re.search("<title>(.*)</title>", ask(f"http://{VIP}/").text).group(1) for _number in range(6)}


def test_nobody_logs_in_as_root(cluster):
    words = [
        "all",
        "--one-line",
        "--module-name",
        "ansible.builtin.command",
        "--args",
        "id -un",
        "--extra-vars",
        "ansible_become=false",
    ]
    said = good(ansible("ansible", *words))
    assert re.findall(r"\(stdout\) (\w+)", said) == ["deployer"] * len(NODES + WEB_SERVERS)
    good(playbook("ping_hosts"))


def test_who_cannot_become_root_is_told_so_before_anything_is_touched():
    refused = ansible("ansible-playbook", "playbooks/ping_hosts.yml", "--extra-vars", "ansible_become=false")
    assert refused.returncode != 0
    assert "run this with --become" in refused.stdout + refused.stderr


def test_every_web_server_answers_although_the_umask_lets_nobody_read(cluster):
    assert titles() == set(WEB_SERVERS)


def test_one_changed_value_is_deployed(cluster):
    with cluster.served():
        good(playbook("site", haproxy_maxconn=4321, nginx_worker_connections=2345))
    assert all("maxconn 4321" in lab_host(name).check_output("cat /etc/haproxy/haproxy.cfg") for name in NODES)
    with cluster.served():
        good(playbook("site"))


TERMINAL = {"ansible_user": "at_a_terminal"}
"""A user whose sudo requires a terminal (requiretty), which Ansible has without pipelining only."""


@pytest.fixture
def temporary_files_are_not_executed():
    """Nothing can be executed where Ansible puts its files."""
    folders = "/tmp /var/tmp /home"
    mount = f"for folder in {folders}; do mount --bind $folder $folder; mount -o remount,bind,noexec $folder; done"
    for name in NODES + WEB_SERVERS:
        lab_host(name).check_output(mount)
    yield
    for name in NODES + WEB_SERVERS:
        lab_host(name).check_output(f"umount {folders}")


def test_a_terminal_for_sudo_and_no_executable_file_are_enough(cluster, temporary_files_are_not_executed):
    slow = {"ANSIBLE_PIPELINING": "false"}
    good(playbook("site", environment=slow, haproxy_maxconn=4322, **TERMINAL))
    assert all("maxconn 4322" in lab_host(name).check_output("cat /etc/haproxy/haproxy.cfg") for name in NODES)
    assert titles() == set(WEB_SERVERS)
    good(playbook("site"))


def test_who_has_no_terminal_for_sudo_is_told_so():
    refused = playbook("ping_hosts", **TERMINAL)
    assert refused.returncode != 0
    assert "you must have a tty to run sudo" in refused.stdout + refused.stderr


def test_the_address_is_moved(cluster):
    first = cluster.owner()
    with cluster.served():
        good(playbook("move_vip"))
    assert cluster.owner() != first


def test_a_refused_change_says_why_and_changes_nothing(cluster):
    refused = playbook("site", haproxy_global_lines=["colour blue"])
    assert refused.returncode != 0
    assert "unknown keyword 'colour'" in refused.stdout + refused.stderr
    assert all("colour" not in lab_host(name).check_output("cat /etc/haproxy/haproxy.cfg") for name in NODES)


def test_every_host_is_rebooted(cluster):
    before = booted(NODES + WEB_SERVERS)
    with cluster.served():
        good(playbook("reboot_hosts", cluster_move_interval=0))
    assert [name for name, moment in booted(before).items() if moment == before[name]] == []
    cluster.wait_for_owners(NODES)


def test_a_drill_with_clients_on_a_host_outlives_the_connection_that_it_cuts(cluster, tmp_path):
    faults = ["haproxy_hung", "network_cut"]
    short = {"drill_seconds": 3, "drill_interval": 0.02, "drill_timeout": 10}
    good(
        playbook(
            "drill_failover",
            drill_confirmed=True,
            drill_faults=faults,
            drill_from="web3",
            drill_report=tmp_path / "drill",
            **short,
        )
    )
    assert [fault["name"] for fault in json.loads((tmp_path / "drill.json").read_text())["faults"]] == faults


def test_the_hosts_are_shut_down_in_order_and_serve_when_they_are_switched_on(cluster):
    """Their SSH servers refuse connections before they are off."""
    owner = cluster.owner()
    shut_down_in_order(cluster.others(owner), WEB_SERVERS, [owner])
    cluster.wait_for_owners(NODES)
    wait_until(lambda: all(map(sees_all_servers, NODES)), "both have all servers")
    wait_until(lambda: titles() == set(WEB_SERVERS), "those that came up last get requests, for they start slowly")
