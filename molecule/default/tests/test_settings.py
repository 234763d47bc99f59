"""Settings of somebody's ansible.cfg, and options of a run: each does what is meant, or is refused by its name."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from cluster import lab_host
from conftest import LOAD_BALANCERS, WEB_SERVERS
from controller import ansible, good, playbook, words

SETTINGS = {
    "ANSIBLE_ANY_ERRORS_FATAL": "true",
    "ANSIBLE_FORKS": "1",
    "ANSIBLE_GATHERING": "smart",
    "ANSIBLE_HASH_BEHAVIOUR": "merge",
    "ANSIBLE_INJECT_FACT_VARS": "false",
    "ANSIBLE_PIPELINING": "false",
    "ANSIBLE_STRATEGY": "free",
}


def changed(printed: str) -> dict[str, int]:
    """The number of changes by host."""
    return {host: int(number) for host, number in re.findall(r"(?m)^(\w+) +: ok=\d+ +changed=(\d+)", printed)}


@pytest.fixture
def cached(tmp_path: Path) -> dict[str, str]:
    """Settings of a cache whose facts are those of other hosts."""
    cache = {
        "ANSIBLE_CACHE_PLUGIN": "ansible.builtin.jsonfile",
        "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(tmp_path / "facts"),
    }
    good(ansible("ansible", "all", "-m", "ansible.builtin.setup", **cache))
    for file in (tmp_path / "facts").iterdir():
        text = file.read_text(encoding="utf-8")
        assert "eth0" in text
        text = text.replace(f"{os.environ['LAB_PREFIX']}.", "192.0.2.").replace("eth0", "eth9")
        file.write_text(text.replace('_major_version": "1', '_major_version": "2'), encoding="utf-8")
    return cache


@pytest.mark.long
def test_they_change_nothing_of_what_is_deployed(cached):
    before = os.umask(0o077)
    try:
        printed = good(playbook("site", environment={**SETTINGS, **cached}))
    finally:
        os.umask(before)
    assert {host: count for host, count in changed(printed).items() if count} == {}
    assert set(LOAD_BALANCERS + WEB_SERVERS) <= set(changed(printed))


@pytest.mark.long
def test_a_change_is_deployed_with_them(cached):
    version = "cat /etc/haproxy/haproxy.cfg"
    try:
        good(playbook("deploy_load_balancers", environment={**SETTINGS, **cached}, haproxy_maxconn=4321))
        assert all("maxconn 4321" in lab_host(name).check_output(version) for name in LOAD_BALANCERS)
    finally:
        good(playbook("deploy_load_balancers"))


def test_no_node_is_deployed_if_another_one_refuses_with_them():
    refused = playbook(
        "deploy_load_balancers",
        environment=SETTINGS,
        haproxy_maxconn="{{ 4321 if inventory_hostname == 'lb1' else -1 }}",
    )
    assert refused.returncode
    assert "haproxy_maxconn" in words(refused)
    assert set(changed(refused.stdout).values()) == {0}


@pytest.mark.parametrize("name", ["site", "check_cluster", "reboot_hosts"])
def test_a_run_that_leaves_out_its_beginning_is_refused(name):
    refused = playbook(name, "--start-at-task", "*eploy the haproxy configuration*")
    assert refused.returncode
    assert "Nothing was done. The option --start-at-task" in words(refused)
    assert changed(refused.stdout) == {}
