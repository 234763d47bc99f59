"""Nobody administrates a load balancer from the network, and it does not say which release it is."""

from __future__ import annotations

import re

import pytest
from cluster import lab_host
from conftest import ADDRESSES

STATISTICS = "curl --silent --include --max-time 5 --user admin:%s http://%s:8404/stats"


@pytest.fixture
def statistics(load_balancer) -> str:
    """The command that asks for the statistics with the right password, from another host."""
    users = lab_host(load_balancer).check_output("grep insecure-password /etc/haproxy/haproxy.cfg")
    password = re.search("user admin insecure-password '(.*)'", users)
    assert password
    return STATISTICS % (password.group(1), ADDRESSES[load_balancer])


def test_the_statistics_do_not_tell_the_version(load_balancer, statistics):
    page = lab_host("web2").check_output(statistics)
    assert "Statistics Report" in page
    version = lab_host(load_balancer).check_output("haproxy -v").split()[2]
    assert version.split("-")[0] not in page


def test_the_statistics_switch_nothing(statistics):
    answer = lab_host("web2").run(f"{statistics} --data 's=web1&action=maint&b=web'").stdout
    assert "location: /stats;st=DENY" in answer


def test_the_admin_socket_is_a_file_for_its_group(load_balancer):
    host = lab_host(load_balancer)
    assert host.check_output("stat --format '%a %U %G' /run/haproxy/admin.sock") == "660 root haproxy"
    listeners = host.check_output("ss --listening --tcp --numeric --processes --no-header").splitlines()
    ports = {line.split()[3].rpartition(":")[2] for line in listeners if "haproxy" in line}
    assert ports == {"80", "443", "7443", "8080", "8081", "8082", "8404", "8405", "8443", "9443"}
