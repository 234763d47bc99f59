"""TCP goes through untouched, and the VIP stays where a failure has moved it."""

from __future__ import annotations

import re
import ssl

import pytest
from cluster import adverts, ask, capture, holders, is_backup, lab_host, stopped, takeovers, wait_until
from networks import in_lab

LOAD_BALANCERS = {"lb1": in_lab("10.0.0.11"), "lb2": in_lab("10.0.0.12")}
WEB_SERVERS = [f"worker-{number}.k8s.example.com" for number in (1, 2, 3)]
VIP = in_lab("10.0.0.10")


@pytest.fixture(params=LOAD_BALANCERS)
def load_balancer(request) -> str:
    return request.param


def holder() -> list[str]:
    return holders(list(LOAD_BALANCERS), VIP)


def test_every_server_answers_on_port_80():
    titles = [re.search("<title>(.*)</title>", ask(f"http://{VIP}/").text).group(1) for _number in range(6)]
    assert sorted(set(titles)) == WEB_SERVERS


def test_the_certificate_that_a_client_sees_is_the_web_servers_own():
    theirs = {name: lab_host(name).check_output("cat /etc/ssl/private/k8s.crt") for name in WEB_SERVERS}
    seen = [ssl.get_server_certificate((VIP, 443), timeout=5).strip() for _number in range(6)]
    assert set(seen) == set(theirs.values())
    assert len(set(seen)) == len(WEB_SERVERS)


def test_no_client_can_choose_the_address_that_a_web_server_logs():
    for _name in WEB_SERVERS:
        ask(f"http://{VIP}/?who=stranger", X_Forwarded_For="192.0.2.66")
    logs = "".join(lab_host(name).check_output("cat /var/log/nginx/access.log") for name in WEB_SERVERS).splitlines()
    senders = {line.split()[0] for line in logs if "/?who=stranger" in line}
    assert senders <= {in_lab("192.168.1.11"), in_lab("192.168.1.12")}
    assert senders


def test_health_is_answered_on_8081(load_balancer):
    assert ask(f"http://{LOAD_BALANCERS[load_balancer]}:8081/healthz").status == 200


def test_the_statistics_name_the_servers_in_full(load_balancer):
    page = ask(f"http://{LOAD_BALANCERS[load_balancer]}:8081/stats;csv").text
    rows = {tuple(line.split(",")[:2]) for line in page.splitlines()}
    assert {(f"be_k8s_{port}", name) for port in (80, 443) for name in WEB_SERVERS} <= rows


def test_requests_are_logged_as_tcp():
    ask(f"http://{VIP}/")
    line = re.compile(r" fe_k8s_80 be_k8s_80/worker-\d\.k8s\.example\.com ")
    log = "cat /var/log/haproxy/access.log"
    wait_until(lambda: line.search(lab_host(holder()[0]).run(log).stdout), "the log has the request")


def test_vrrp_stays_on_the_external_network():
    with capture("lb2", "eth0", "ip proto 112") as external, capture("lb2", "eth1", "ip proto 112") as internal:
        wait_until(lambda: len(external) > 10, "adverts on the external network")
    senders = {LOAD_BALANCERS[name] for name in holder()}
    assert {sender for sender, _receiver in adverts(external)} == senders
    assert {receiver for _sender, receiver in adverts(external)} == set(LOAD_BALANCERS.values()) - senders
    assert internal == []


def test_the_vip_stays_where_a_failure_has_moved_it():
    (first,) = holder()
    (second,) = set(LOAD_BALANCERS) - {first}
    with stopped(first, "haproxy"):
        wait_until(lambda: holder() == [second], f"{second} holds the VIP")
        assert ask(f"http://{VIP}/").status == 200
    before = takeovers(first)
    wait_until(lambda: is_backup(first), f"{first} is well again")
    with capture(first, "eth0", "ip proto 112") as packets:
        wait_until(lambda: len(packets) > 20, "adverts")
    assert adverts(packets) == {(LOAD_BALANCERS[second], LOAD_BALANCERS[first])}
    assert holder() == [second]
    assert takeovers(first) == before

    with stopped(second, "haproxy"):
        wait_until(lambda: holder() == [first], f"{first} holds the VIP")
        assert ask(f"http://{VIP}/").status == 200
