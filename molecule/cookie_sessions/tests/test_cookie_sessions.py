"""Sessions stay with their server, the web servers know their clients, and the preferred load balancer takes the VIP
back."""

from __future__ import annotations

import re

import pytest
from cluster import adverts, ask, capture, holders, lab_host, stopped, wait_until
from networks import in_lab

LOAD_BALANCERS = ["lb1", "lb2"]
WEB_SERVERS = ["http1", "http2"]
VIP = in_lab("192.168.0.99")
FARM = f"http://{VIP}/"
STATISTICS = f"http://{VIP}/haproxy?stats"


def new_session() -> tuple[str, str]:
    """Come without a cookie; returns who answers and the cookie that a browser would keep."""
    answer = ask(FARM)
    return answer.text.split()[0], answer.headers["Set-Cookie"].split(";")[0]


def session_of(name: str) -> str:
    """The cookie of a new session with this server; one that has just come back gets few of them at first."""
    cookies: dict[str, str] = {}

    def comes() -> bool:
        cookies.update([new_session()])
        return name in cookies

    wait_until(comes, f"a new session with {name}")
    return cookies[name]


@pytest.fixture(params=WEB_SERVERS)
def server(request) -> str:
    return request.param


def test_new_visitors_are_spread_over_all_servers():
    assert sorted({new_session()[0] for _number in range(4)}) == WEB_SERVERS


def test_a_session_stays_with_its_server(server):
    cookie = session_of(server)
    assert [ask(FARM, Cookie=cookie).text.split()[0] for _number in range(6)] == [server] * 6


def test_the_application_sees_its_own_cookie_without_the_servers_prefix(server):
    prefix, cookie = re.fullmatch("JSESSIONID=([AB])~(.*)", session_of(server)).groups()
    assert prefix == {"http1": "A", "http2": "B"}[server]
    assert ask(FARM, Cookie=f"JSESSIONID={prefix}~{cookie}").text.split() == [server, cookie]


def test_a_session_goes_to_the_other_server_when_its_own_dies_and_no_request_fails(server):
    cookie = session_of(server)
    other = next(name for name in WEB_SERVERS if name != server)
    with stopped(server, "nginx"):
        answers = [ask(FARM, Cookie=cookie) for _number in range(10)]
    assert [(answer.status, answer.text.split()[0]) for answer in answers] == [(200, other)] * 10
    wait_until(lambda: ask(FARM, Cookie=cookie).text.split()[0] == server, f"the session is back on {server}")


def test_the_web_servers_log_their_clients_and_not_the_load_balancers_or_health_checks(server):
    cookie = session_of(server)
    ask(f"{FARM}?who=me", Cookie=cookie)

    def logged() -> list[str]:
        return lab_host(server).check_output("cat /var/log/nginx/access.log").splitlines()

    wait_until(lambda: any("/?who=me" in line for line in logged()), "the request is in the log")
    log = logged()
    machine = in_lab("192.168.0.1")
    assert {line.split()[0] for line in log} == {machine}
    assert not [line for line in log if "check.txt" in line]


def test_the_servers_are_asked_for_check_txt_by_head(server):
    requests = "tcp dst port 80 and tcp[((tcp[12] & 0xf0) >> 2):4] = 0x48454144"
    with capture(server, "eth0", f"-A '{requests}'") as packets:
        wait_until(lambda: any("HEAD /check.txt" in line for line in packets), "a health check")


@pytest.mark.parametrize("password", [None, "wrong"])
def test_statistics_are_refused_without_the_password(password):
    headers = {"Authorization": f"Basic {password}"} if password else {}
    answer = ask(STATISTICS, **headers)
    assert answer.status == 401
    assert "webfarm" not in answer.text


def test_the_standby_listens_on_the_vip_that_it_does_not_hold():
    (holder,) = holders(LOAD_BALANCERS, VIP)
    standby = next(name for name in LOAD_BALANCERS if name != holder)
    assert lab_host(standby).socket(f"tcp://{VIP}:80").is_listening


def test_adverts_are_unicast():
    with capture("lb2", "eth0", "ip proto 112") as packets:
        wait_until(lambda: adverts(packets), "an advert")
    assert adverts(packets) == {(in_lab("192.168.0.100"), in_lab("192.168.0.101"))}


def test_the_vip_fails_over_and_the_preferred_node_takes_it_back():
    assert holders(LOAD_BALANCERS, VIP) == ["lb1"]
    name, cookie = new_session()
    with stopped("lb1", "haproxy"):
        wait_until(lambda: holders(LOAD_BALANCERS, VIP) == ["lb2"], "lb2 holds the VIP")
        assert ask(FARM, Cookie=cookie).text.split()[0] == name
    wait_until(lambda: holders(LOAD_BALANCERS, VIP) == ["lb1"], "lb1 has taken the VIP back")
    assert ask(FARM, Cookie=cookie).text.split()[0] == name
