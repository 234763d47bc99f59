"""Packages that somebody else holds, and package managers of somebody else: named, or waited for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from cluster import lab_host, wait_until
from controller import begun, playbook, words

pytestmark = pytest.mark.long

# In no image of the lab, small, and without further packages.
PACKAGE = "less"
MANAGER = """
import fcntl, os, signal, socket
lock = open("/var/lib/dpkg/lock-frontend", "w")
fcntl.lockf(lock, fcntl.LOCK_EX)
with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
    systemd.sendto(b"READY=1", os.environ["NOTIFY_SOCKET"])
signal.pause()
"""
DEPLOY = {"nginx_packages": [PACKAGE]}


@contextmanager
def missing(name: str, state: str = "unhold") -> Iterator[None]:
    """The host does not have the package, which is held or not."""
    host = lab_host(name)
    host.check_output("apt-get --yes purge %s && apt-mark %s %s", PACKAGE, state, PACKAGE)
    try:
        yield
    finally:
        host.check_output("apt-mark unhold %s && apt-get --yes purge %s", PACKAGE, PACKAGE)


def test_a_held_package_is_named_before_a_host_is_touched():
    with missing("web2", "hold"):
        refused = playbook("deploy_web_servers", **DEPLOY)
        assert refused.returncode != 0
        assert f"neither install nor upgrade them: {PACKAGE}. Allow it by apt-mark unhold {PACKAGE}" in words(refused)
        assert not any(lab_host(name).package(PACKAGE).is_installed for name in ("web1", "web2", "web3"))


def test_an_upgrade_of_a_held_package_ends_before_a_host_is_touched():
    host = lab_host("web2")
    host.check_output("apt-mark hold nginx")
    try:
        refused = playbook("upgrade_packages", upgrade_packages=["nginx"])
    finally:
        host.check_output("apt-mark unhold nginx")
    assert refused.returncode != 0
    assert "neither install nor upgrade them: nginx." in words(refused)
    assert "rotation" not in refused.stdout


@contextmanager
def other_manager(name: str) -> Iterator[None]:
    """Another package manager has the lock of dpkg, as unattended upgrades have it after a boot."""
    host = lab_host(name)
    host.check_output("systemd-run --unit other-manager --property Type=notify python3 -c %s", MANAGER)
    try:
        yield
    finally:
        host.check_output("systemctl stop other-manager")


def is_installing(name: str) -> bool:
    """Whether apt installs on the host, or waits for its lock."""
    found = lab_host(name).run("pgrep --full --list-full 'apt-get.*install'").stdout.splitlines()
    return any("--simulate" not in line for line in found)


def test_another_package_manager_is_waited_for(tmp_path):
    output = tmp_path / "output"
    with missing("web1"):
        with other_manager("web1"), output.open("wb") as stdout:
            run = begun("deploy_web_servers", stdout=stdout.fileno(), **DEPLOY)
            wait_until(lambda: is_installing("web1"), "apt waits", 300)
        assert run.wait() == 0
        assert "waits up to 15 minutes for another package manager" in output.read_text()
        assert lab_host("web1").package(PACKAGE).is_installed
