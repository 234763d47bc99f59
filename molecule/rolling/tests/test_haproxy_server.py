"""Servers of a running haproxy are drained, waited for and put back, and stay what they are over a reload."""

from __future__ import annotations

import re
import threading
from contextlib import contextmanager

import pytest
from cluster import lab_host, stopped, wait_until
from commands import LOAD_BALANCERS, PREFIX, WEB_SERVERS, said, state
from controller import haproxy_server
from long_connections import SIZE, Download

BALANCER = "lb1"


@pytest.fixture(autouse=True)
def in_rotation():
    """Every server is ready before and after a story."""
    yield
    for balancer in LOAD_BALANCERS:
        result = haproxy_server(balancer, servers=["web/*"], state="ready", weight="100%", wait_for="up")
        assert not result["failed"], result["msg"]


@pytest.fixture(scope="module", autouse=True)
def large_file():
    """A file that no buffer on its way can hold."""
    for name in WEB_SERVERS:
        lab_host(name).check_output("truncate --size %s /var/www/web/large", str(SIZE))


@contextmanager
def download():
    """A download that goes on; gives the server that it is from, and the download."""
    client = Download(f"{PREFIX}.11")
    client.start()
    try:
        wait_until(sessions, "a session")
        yield min(sessions()), client
    finally:
        client.hurry.set()


def sessions() -> dict[str, int]:
    """The servers that have sessions."""
    return {name: server["sessions"] for name, server in said(BALANCER).items() if server["sessions"]}


def test_check_mode_shows_what_would_change_and_changes_nothing():
    result = haproxy_server(BALANCER, "--check", "--diff", servers=["web/web1", "*/web2"], state="maint", weight="50%")
    assert result["changed"]
    assert [server["after"]["state"] for server in result["servers"]] == ["maint", "maint"]
    assert state(BALANCER) == dict.fromkeys(WEB_SERVERS, "ready")


def test_several_servers_change_in_one_call_and_a_second_one_finds_nothing_to_do():
    options = {"servers": ["web/web1", "web/web2"], "state": "drain", "weight": "0"}
    assert haproxy_server(BALANCER, **options)["changed"]
    assert not haproxy_server(BALANCER, **options)["changed"]
    assert [(server["state"], server["weight"]) for server in said(BALANCER).values()] == [
        ("drain", 0),
        ("drain", 0),
        ("ready", 1),
    ]


def test_if_one_server_does_not_exist_none_is_touched():
    result = haproxy_server(BALANCER, servers=["web/web1", "web/wbe2"], state="maint")
    assert result["failed"]
    assert "/run/haproxy/admin.sock: haproxy has no server web/wbe2; did you mean web/web" in result["msg"]
    assert state(BALANCER) == dict.fromkeys(WEB_SERVERS, "ready")


def test_a_server_goes_into_maintenance_when_its_last_session_has_ended():
    with download() as (name, client):
        result = haproxy_server(BALANCER, servers=[f"web/{name}"], state="maint", wait_for="sessions", timeout=0)
        assert result["failed"]
        assert re.search(rf"web/{name} is drain and has 1 sessions: [\d.]+:\d+ through http_in for \d+s", result["msg"])
        assert state(BALANCER)[name] == "drain"
        results = []
        waiting = threading.Thread(
            target=lambda: results.append(
                haproxy_server(BALANCER, servers=[f"web/{name}"], state="maint", wait_for="sessions", timeout=300)
            )
        )
        waiting.start()
        client.end()
        waiting.join()
    assert not results[0]["failed"], results[0]["msg"]
    assert results[0]["servers"][0]["after"]["sessions"] == 0
    assert state(BALANCER)[name] == "maint"


def test_whoever_cannot_wait_is_told_who_was_not_waited_for():
    with download() as (name, client):
        result = haproxy_server(
            BALANCER, servers=["web/*"], state="drain", wait_for="sessions", timeout=0, on_timeout="go_on"
        )
        assert not result["failed"], result["msg"]
        assert result["late"] == [f"web/{name}"]
        assert re.search(rf"^web/{name} has 1 sessions: [\d.]+:\d+ through http_in for \d+s$", result["waiting_for"][0])
        client.end()


def test_sessions_of_a_worker_that_was_replaced_count():
    with download() as (name, client):
        lab_host(BALANCER).check_output("systemctl reload haproxy")
        wait_until(lambda: sessions() == {name: 1}, "the old worker's session is seen")
        client.end()
        wait_until(lambda: sessions() == {}, "it has ended")


def test_a_server_that_does_not_answer_its_check_does_not_come_up():
    with stopped("web1", "nginx"):
        wait_until(lambda: said(BALANCER)["web1"]["status"] == "DOWN", "haproxy sees that web1 is down")
        result = haproxy_server(BALANCER, servers=["web/web1"], wait_for="up", timeout=0)
    assert result["failed"]
    assert "web/web1 is DOWN, and its last check said: L4CON" in result["msg"]


def test_what_was_said_survives_a_reload_and_the_configuration_wins_where_it_has_changed():
    host = lab_host(BALANCER)
    haproxy_server(BALANCER, servers=["web/web1"], state="drain")
    haproxy_server(BALANCER, servers=["web/web2"], state="maint")
    haproxy_server(BALANCER, servers=["web/web3"], weight="3")
    told = {name: (server["state"], server["weight"]) for name, server in said(BALANCER).items()}
    assert told == {"web1": ("drain", 1), "web2": ("maint", 1), "web3": ("ready", 3)}
    host.check_output("cp --preserve /etc/haproxy/haproxy.cfg /root/haproxy.cfg")
    host.check_output("sed --in-place '/server web1/s/:80 /:8081 /' /etc/haproxy/haproxy.cfg")
    try:
        host.check_output("systemctl reload haproxy")
        assert port(BALANCER, "web1") == "8081"
        assert {name: (server["state"], server["weight"]) for name, server in said(BALANCER).items()} == told
    finally:
        host.check_output("mv /root/haproxy.cfg /etc/haproxy/haproxy.cfg")
        host.check_output("systemctl reload haproxy")
    assert port(BALANCER, "web1") == "80"
    assert {name: (server["state"], server["weight"]) for name, server in said(BALANCER).items()} == told


def port(balancer: str, name: str) -> str:
    """The port at which haproxy reaches a server."""
    answer = lab_host(balancer).check_output(
        "echo show servers state web | socat - UNIX-CONNECT:/run/haproxy/admin.sock"
    )
    return next(words[18] for words in map(str.split, answer.splitlines()) if words[3:4] == [name])


@pytest.mark.parametrize(("if_stopped", "failed"), [("skip", False), ("fail", True)])
def test_no_haproxy_is_an_error_only_where_there_should_be_one(if_stopped, failed):
    result = haproxy_server(BALANCER, servers=["*/*"], state="ready", socket="/run/none.sock", if_stopped=if_stopped)
    assert (result["failed"], result["running"]) == (failed, False)
    assert ("start haproxy" in result.get("msg", "")) == failed
