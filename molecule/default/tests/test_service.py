"""A client gets an answer from every web server, and the web servers know who asked."""

from __future__ import annotations

import re

import pytest
from cluster import lab_host, wait_until
from conftest import LOAD_BALANCERS, WEB_SERVERS


def test_a_new_host_got_all_its_packages_at_once(load_balancer):
    called = re.findall(
        r"^Commandline: (.* install .*)", load_balancer.check_output("cat /var/log/apt/history.log"), re.MULTILINE
    )
    first, *_later = [line for line in called if re.search("haproxy|keepalived", line)]
    assert {"haproxy", "socat", "keepalived", "psmisc"} <= {
        word.partition("=")[0] for word in first.replace("'", "").split()
    }


def test_every_web_server_answers_through_the_vip(get):
    titles = [re.search("<title>(.*)</title>", get()).group(1) for _request in range(6)]
    assert sorted(set(titles)) == WEB_SERVERS


def test_the_web_servers_log_the_address_of_the_client(get, prefix):
    for _name in WEB_SERVERS:
        get("/?who=me")
    log = "".join(lab_host(name).check_output("cat /var/log/nginx/access.log") for name in WEB_SERVERS)
    clients = {line.split()[0] for line in log.splitlines() if "/?who=me" in line}
    assert clients == {f"{prefix}.1"}


def test_health_checks_are_not_logged(web_server):
    assert "healthz" not in web_server.check_output("cat /var/log/nginx/access.log")


def test_the_health_check_is_answered_by_nginx_itself(web_server):
    assert web_server.check_output("curl --silent http://127.0.0.1/healthz") == "ok"


def test_a_stranger_cannot_choose_the_address_that_is_logged(web_server):
    web_server.check_output("curl --silent --header 'X-Forwarded-For: 192.0.2.66' 'http://127.0.0.1/?who=stranger'")
    line = [
        line for line in web_server.check_output("cat /var/log/nginx/access.log").splitlines() if "stranger" in line
    ][-1]
    assert line.split()[0] == "127.0.0.1"


def test_the_distributions_site_is_not_served(web_server):
    assert "Welcome to nginx" not in web_server.check_output("curl --silent http://127.0.0.1/")


def test_requests_are_logged_by_haproxy(get, holders):
    get("/?who=logged")
    log = "cat /var/log/haproxy/access.log"
    wait_until(lambda: "/?who=logged" in lab_host(holders()[0]).run(log).stdout, "the log has the request")


@pytest.mark.parametrize("name", ["nginx"])
def test_the_web_server_survives_a_reboot(web_server, name):
    assert web_server.service(name).is_running
    assert web_server.service(name).is_enabled


@pytest.mark.parametrize("name", ["haproxy", "keepalived", "keepalived-kernel"])
def test_the_load_balancer_survives_a_reboot(load_balancer, name):
    assert load_balancer.service(name).is_running
    assert load_balancer.service(name).is_enabled


def test_the_standby_may_bind_to_the_vip(load_balancer):
    assert load_balancer.sysctl("net.ipv4.ip_nonlocal_bind") == 1
    assert load_balancer.sysctl("net.ipv6.ip_nonlocal_bind") == 1


def test_statistics_need_the_password(load_balancer):
    status = "curl --silent --output /dev/null --write-out '%{http_code}' http://127.0.0.1:8404/stats"
    assert load_balancer.check_output(status) == "401"


def test_secrets_are_not_readable_by_others(load_balancer):
    assert load_balancer.file("/etc/haproxy/haproxy.cfg").mode == 0o640
    assert load_balancer.file("/etc/keepalived/keepalived.conf").mode == 0o600


@pytest.mark.parametrize(
    ("hosts", "check"),
    [
        (LOAD_BALANCERS, "haproxy -c -f /etc/haproxy/haproxy.cfg"),
        (LOAD_BALANCERS, "keepalived --config-test"),
        (WEB_SERVERS, "nginx -t"),
    ],
    ids=["haproxy", "keepalived", "nginx"],
)
def test_the_daemon_has_nothing_to_warn_of(hosts, check):
    said = [line for name in hosts for line in lab_host(name).check_output(f"{check} 2>&1").splitlines()]
    assert [line for line in said if not re.search("is valid|syntax is ok|test is successful", line)] == []
