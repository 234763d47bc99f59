"""Every playbook works on a cluster that lacks one of the tiers."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml
from cluster import ask, holders, is_backup, lab_host, stopped, wait_until
from controller import ROOT, good, playbook, words

LOAD_BALANCERS = ["lb1", "lb2"]
PREFIX = os.environ["LAB_PREFIX"]
VIP = f"{PREFIX}.240"
SERVERS = {f"{PREFIX}.21:8080", f"{PREFIX}.22:8080"}


def served_by(address: str) -> set[str]:
    """The servers that answer over new connections."""
    return {ask(f"http://{address}/").text.strip() for _again in range(8)}


def servers(name: str) -> set[str]:
    """The names of the servers of the backend web."""
    lines = lab_host(name).check_output("echo 'show stat -1 4 -1' | socat - /run/haproxy/admin.sock").splitlines()
    return {line.split(",")[1] for line in lines if line.startswith("web,")}


def rest(name: str) -> str:
    (other,) = set(LOAD_BALANCERS) - {name}
    return other


def test_the_vip_leads_to_the_servers_of_others():
    assert served_by(VIP) == {"I am app1", "I am app2"}
    assert [servers(name) for name in LOAD_BALANCERS] == [SERVERS, SERVERS]


def test_nothing_is_wrong_without_a_web_tier():
    output = good(playbook("check_cluster"))
    assert "No problems found." in output
    assert "WEB SERVER" not in output


def test_an_application_that_ends_is_a_finding_by_its_address():
    with stopped("app2", "application"):
        wait_until(lambda: served_by(VIP) == {"I am app1"}, "haproxy sees it")
        said = words(playbook("check_cluster"))
    wait_until(lambda: served_by(VIP) == {"I am app1", "I am app2"}, "app2 is back")
    assert f"web/{PREFIX}.22:8080 does not serve" in said


def test_the_vip_moves_when_it_is_told_to_and_when_haproxy_ends():
    (holder,) = holders(LOAD_BALANCERS, VIP)
    good(playbook("move_vip", cluster_move_interval=0))
    assert holders(LOAD_BALANCERS, VIP) == [rest(holder)]
    with stopped(rest(holder), "haproxy"):
        wait_until(lambda: holders(LOAD_BALANCERS, VIP) == [holder], "the VIP has moved")
        assert served_by(VIP) == {"I am app1", "I am app2"}
    wait_until(lambda: is_backup(rest(holder)), "the other node is well again")


@pytest.mark.parametrize(
    "name", ["check_input", "site", "deploy_load_balancers", "deploy_web_servers", "ping_hosts", "build_images"]
)
def test_every_playbook_has_nothing_more_to_do(name):
    output = good(playbook(name))
    assert set(re.findall(r"changed=(\d+)", output)) <= {"0"}, output


@pytest.mark.parametrize("name", ["upgrade_packages", "reboot_hosts", "prepare_hosts", "shut_down_hosts"])
def test_work_on_hosts_is_planned(name):
    good(playbook(name, "--check"))


def test_a_drill_of_faults_without_web_servers():
    output = good(playbook("drill_failover", "--check"))
    assert "Clients on this machine ask" in output


def test_keepalived_alone_holds_a_vip_and_does_not_watch_haproxy():
    try:
        good(playbook("site", cluster_haproxy=False))
        assert "changed=0" in good(playbook("site", cluster_haproxy=False))
        (holder,) = holders(LOAD_BALANCERS, VIP)
        for name in LOAD_BALANCERS:
            lab_host(name).check_output("systemctl stop haproxy")
        output = good(playbook("check_cluster", cluster_haproxy=False))
        assert "No problems found." in output
        assert holders(LOAD_BALANCERS, VIP) == [holder]
        good(playbook("move_vip", cluster_haproxy=False, cluster_move_interval=0))
        assert holders(LOAD_BALANCERS, VIP) == [rest(holder)]
        with stopped(rest(holder), "keepalived"):
            wait_until(lambda: holders(LOAD_BALANCERS, VIP) == [holder], "the VIP has moved")
    finally:
        for name in LOAD_BALANCERS:
            lab_host(name).check_output("systemctl start haproxy")
        good(playbook("site"))
    assert "No problems found." in good(playbook("check_cluster"))


def test_load_balancers_without_a_vip():
    for name in LOAD_BALANCERS:
        lab_host(name).check_output("systemctl disable --now keepalived")
    variables = {"cluster_keepalived": False, "cluster_vip": "", "haproxy_retries": 2}
    try:
        output = good(playbook("site", **variables))
        assert re.search(r"lb1 +: .*changed=[1-9]", output), output
        assert set(re.findall(r"changed=(\d+)", good(playbook("site", **variables)))) == {"0"}
        for number in (11, 12):
            assert served_by(f"{PREFIX}.{number}") == {"I am app1", "I am app2"}
        output = good(playbook("check_cluster", **variables))
        assert "No problems found." in output
        assert "VIP " not in output
        assert "there is no instance" in words(playbook("move_vip", **variables))
        good(playbook("reboot_hosts", "--check", **variables))
    finally:
        good(playbook("site"))
        for name in LOAD_BALANCERS:
            lab_host(name).check_output("systemctl enable --now keepalived")
    wait_until(lambda: len(holders(LOAD_BALANCERS, VIP)) == 1, "one has the VIP")


def on(inventory: Path, name: str, *argv: str) -> subprocess.CompletedProcess:
    """Run a playbook on another inventory than the scenario's."""
    command = ["ansible-playbook", "-i", str(inventory), f"playbooks/{name}.yml", *argv]
    environment = {**os.environ, "ANSIBLE_FORCE_COLOR": "0"}
    return subprocess.run(command, cwd=ROOT, env=environment, text=True, capture_output=True, check=False)


def alone(tmp_path: Path, name: str, *argv: str) -> subprocess.CompletedProcess:
    """Run a playbook on web servers, and no load balancer is in the inventory."""
    hosts = "\n".join(
        f"app{number} ansible_host={os.environ['LAB_NAME']}-app{number} cluster_address={PREFIX}.2{number}"
        for number in (1, 2)
    )
    (tmp_path / "hosts.ini").write_text(
        f"[web_servers]\n{hosts}\n\n[all:vars]\nansible_connection=lab\nnginx_demo_page=true\n", encoding="utf-8"
    )
    return on(tmp_path / "hosts.ini", name, *argv)


def test_nginx_alone(tmp_path):
    good(alone(tmp_path, "check_input"))
    good(alone(tmp_path, "site"))
    assert set(re.findall(r"changed=(\d+)", good(alone(tmp_path, "site")))) == {"0"}
    assert ask(f"http://{PREFIX}.21/").status == 200
    assert "No problems found." in good(alone(tmp_path, "check_cluster"))
    good(alone(tmp_path, "upgrade_packages", "--check"))
    good(alone(tmp_path, "reboot_hosts", "--check"))


def test_groups_with_names_of_ones_own(tmp_path):
    """Two clusters in one inventory; the other one's hosts do not exist."""

    def host(name: str, number: int) -> dict[str, str]:
        return {"ansible_host": f"{os.environ['LAB_NAME']}-{name}", "cluster_address": f"{PREFIX}.{number}"}

    inventory = {
        "all": {"vars": {"ansible_connection": "lab"}},
        "edge": {
            "hosts": {"lb1": host("lb1", 11), "lb2": host("lb2", 12)},
            "vars": {"cluster_vip": f"{VIP}/24", "cluster_servers": sorted(SERVERS)},
        },
        "other_edge": {"hosts": {"nobody": host("nobody", 99)}, "vars": {"cluster_vip": f"{PREFIX}.241/24"}},
    }
    file = tmp_path / "hosts.yml"
    file.write_text(yaml.safe_dump(inventory), encoding="utf-8")
    names = ["--extra-vars", "cluster_load_balancer_group=edge"]
    good(on(file, "site", *names))
    assert served_by(VIP) == {"I am app1", "I am app2"}
    assert set(re.findall(r"changed=(\d+)", good(on(file, "site", *names)))) == {"0"}
    assert "No problems found." in good(on(file, "check_cluster", *names))
    assert "nobody" not in good(on(file, "ping_hosts", *names, "--limit", "lb1"))
    refused = on(file, "check_input", "--extra-vars", "cluster_load_balancer_group=edges")
    assert "did you mean edge?" in words(refused)
