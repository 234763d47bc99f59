"""What was deployed can be removed: one server after the other while clients are served, then all of it."""

from __future__ import annotations

import os
import re

import pytest
from cluster import ask, holders, lab_host, wait_until
from controller import ansible, good, haproxy_server, playbook, words

LOAD_BALANCERS = ["lb1", "lb2"]
HOSTS = [*LOAD_BALANCERS, "web1", "web2", "web3"]
VIP = f"{os.environ['LAB_PREFIX']}.240"
USERS = re.compile(r"/etc/(passwd|group|shadow|gshadow|subuid|subgid)-?$")


def removed(*argv: object, **variables: object):
    return playbook("uninstall", *argv, uninstall_confirmed=True, **variables)


def files(name: str, where: str) -> dict[str, str]:
    """The checksums of files by their paths, without those of users."""
    lines = (line.split(maxsplit=1) for line in lab_host(name).check_output(where).splitlines())
    return {path: checksum for checksum, path in lines if not USERS.match(path)}


def before(name: str) -> dict[str, str]:
    return files(name, "cat /root/files.before")


def now(name: str) -> dict[str, str]:
    return files(name, "find /etc /usr/local -type f -exec sha256sum {} +")


def runs(name: str, unit: str) -> bool:
    return lab_host(name).run(f"systemctl is-active {unit}").rc == 0


@pytest.mark.parametrize("daemons", [None, "nginx", ["apache"], []])
def test_daemons_have_to_be_named(daemons):
    done = removed(**({} if daemons is None else {"uninstall_daemons": daemons}))
    assert done.returncode != 0
    assert "No host was touched. uninstall_daemons has to be a list" in words(done)


def test_check_mode_lists_files_and_removes_nothing():
    output = good(removed("--check", uninstall_daemons=["haproxy", "keepalived", "nginx"]))
    assert re.search(r"lb1 +: .*changed=1 ", output), output
    assert all(runs(name, "haproxy") for name in LOAD_BALANCERS)
    assert ask(f"http://{VIP}/").status == 200


def test_a_server_in_rotation_is_refused_and_one_that_is_drained_is_removed():
    done = removed("--limit", "web3", uninstall_daemons=["nginx"])
    assert done.returncode != 0
    assert "web3 gets requests of clients in web" in words(done)
    assert runs("web3", "nginx")
    for name in LOAD_BALANCERS:
        haproxy_server(name, servers=["*/web3"], state="maint", wait_for="sessions")
    good(removed("--limit", "web3", uninstall_daemons=["nginx"]))
    assert not runs("web3", "nginx")
    assert now("web3") == before("web3")
    assert ask(f"http://{VIP}/").status == 200
    good(playbook("site"))
    for name in LOAD_BALANCERS:
        haproxy_server(name, servers=["*/web3"], state="ready", wait_for="up")


def test_a_holder_is_refused_and_a_node_without_the_vip_is_removed():
    (holder,) = holders(LOAD_BALANCERS, VIP)
    (other,) = set(LOAD_BALANCERS) - {holder}
    done = removed("--limit", holder, uninstall_daemons=["haproxy", "keepalived"])
    assert done.returncode != 0
    assert f"run move_vip.yml with move_vip_to={other} before" in words(done)
    done = removed("--limit", other, uninstall_daemons=["haproxy"])
    assert f"keepalived on {other} watches haproxy" in words(done)
    assert all(runs(name, "haproxy") for name in LOAD_BALANCERS)
    good(removed("--limit", other, uninstall_daemons=["haproxy", "keepalived"]))
    assert now(other) == before(other)
    assert holders(LOAD_BALANCERS, VIP) == [holder]
    assert ask(f"http://{VIP}/").status == 200
    assert "removed, done" in good(playbook("show_changes"))
    good(playbook("site"))
    wait_until(lambda: runs(other, "keepalived"), "the node is back")


def test_all_hosts_are_as_they_were():
    daemons = ["haproxy", "keepalived", "nginx"]
    good(removed(uninstall_daemons=daemons))
    for name in HOSTS:
        assert now(name) == before(name)
        assert not [unit for unit in daemons if runs(name, unit)]
        tables = lab_host(name).run("nft list tables").stdout
        assert "keepalived" not in tables
        assert "evenkeel" not in tables
        left = lab_host(name).check_output("find /etc -name '.*.previous' -o -name '.*.staged' -o -name '.evenkeel*'")
        assert left == ""
    assert holders(LOAD_BALANCERS, VIP) == []
    assert set(re.findall(r"changed=(\d+)", good(removed(uninstall_daemons=daemons)))) == {"0"}
    good(removed(uninstall_daemons=daemons, uninstall_packages=True))
    # The image has the packages of all daemons on all hosts.
    for name in HOSTS:
        wanted = ("haproxy", "keepalived") if name in LOAD_BALANCERS else ("nginx",)
        assert [daemon for daemon in wanted if lab_host(name).run(f"command -v {daemon}").rc == 0] == []
    done = ansible("ansible", "all", "--one-line", "-m", "evenkeel.ha_web.config_changes_info", "-a", "last=1")
    told = {line.split()[0] for line in good(done).splitlines() if '"state": "absent"' in line}
    assert told == set(HOSTS)
