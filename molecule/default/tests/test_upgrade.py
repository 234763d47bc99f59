"""Hosts that have none of the packages to upgrade keep serving."""

from __future__ import annotations

import re

import pytest
from conftest import LOAD_BALANCERS, WEB_SERVERS
from controller import good, playbook

pytestmark = [pytest.mark.once, pytest.mark.long]


@pytest.mark.parametrize(("package", "hosts"), [("nginx", WEB_SERVERS), ("keepalived", LOAD_BALANCERS)])
def test_only_hosts_with_the_package_are_upgraded(package, hosts):
    output = good(playbook("upgrade_packages", "--check", upgrade_packages=[package]))
    upgrades = re.findall(r"TASK \[Upgrade the packages[^]]*\].*?\n\n", output, re.DOTALL)
    assert sorted(set(re.findall(r"\[((?:lb|web)\d)\]", "".join(upgrades)))) == hosts
