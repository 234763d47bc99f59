"""Web servers get a new release one after the other, and no client loses a request; what goes wrong stays where it
is."""

from __future__ import annotations

import re
import subprocess
from collections import Counter

from cluster import booted, lab_host
from commands import APPLICATION, LOAD_BALANCERS, PREFIX, WEB_SERVERS, deploy, release, state
from controller import good, playbook, words
from prober import KeepAlive, Prober

VIP = f"{PREFIX}.240"
PAGE = r"\w+ on web\d"


def visitors() -> Prober:
    """Fifty new clients a second, patient enough for a machine that is busy with the deployment itself."""
    return Prober(VIP, path="/release", interval=0.02, timeout=20, server=PAGE)


def pages() -> dict[str, str]:
    """The release on every web server."""
    return {name: lab_host(name).run("cat /var/www/web/release").stdout.split(" ")[0] for name in WEB_SERVERS}


def taken_out(balancer: str) -> Counter[str]:
    """How often each server has been drained."""
    journal = lab_host(balancer).check_output("journalctl --unit haproxy --identifier haproxy --output cat")
    return Counter(re.findall(r"Server web/(\w+) (?:enters drain state|is going DOWN for maintenance)", journal))


def summary(done: subprocess.CompletedProcess) -> dict[str, dict[str, int]]:
    """The numbers of every host at the end of a run."""
    rows = re.findall(r"^(\w+)\s+: (ok=.*)$", done.stdout, re.MULTILINE)
    return {name: {word: int(number) for word, number in re.findall(r"(\w+)=(\d+)", row)} for name, row in rows}


READY = dict.fromkeys(WEB_SERVERS, "ready")


def test_the_first_deployment_brings_the_application_along():
    assert pages() == dict.fromkeys(WEB_SERVERS, "one")


def test_a_new_release_loses_no_request_and_breaks_no_connection():
    with visitors() as clients, KeepAlive(VIP) as keepers:
        good(release("two"))
    assert [result for result in clients.results if not result.ok] == []
    assert keepers.broken == []
    assert len(clients.results) > 20
    assert keepers.answers > 20
    assert {result.server.split(" ")[0] for result in clients.results} == {"one", "two"}
    assert pages() == dict.fromkeys(WEB_SERVERS, "two")
    assert [state(balancer) for balancer in LOAD_BALANCERS] == [READY, READY]


def test_a_release_that_is_there_drains_nobody_and_changes_nothing():
    before = [taken_out(balancer) for balancer in LOAD_BALANCERS]
    done = release("two")
    good(done)
    assert {numbers["changed"] for numbers in summary(done).values()} == {0}
    assert [taken_out(balancer) for balancer in LOAD_BALANCERS] == before


def test_check_mode_says_what_would_be_done_and_does_nothing():
    before = [taken_out(balancer) for balancer in LOAD_BALANCERS]
    done = deploy("--check", "--diff", **APPLICATION, cluster_release="three")
    good(done)
    assert "+web/web1: drain, weight 1" in done.stdout
    assert pages() == dict.fromkeys(WEB_SERVERS, "two")
    assert [taken_out(balancer) for balancer in LOAD_BALANCERS] == before


def test_a_server_that_fails_stays_out_and_the_rest_is_not_touched():
    with visitors() as clients:
        done = release("three", broken="web2", cluster_up_timeout=2)
    output = words(done)
    assert done.returncode != 0
    assert "The deployment has failed on web2" in output
    assert "web1: in rotation on lb1 (web/web1 is ready, UP); in rotation on lb2 (web/web1 is ready, UP)" in output
    assert "web2: out of rotation on lb1 (web/web2 is maint, MAINT); out of rotation on lb2" in output
    assert "Deployed before it: web1. Not reached, and unchanged: web3." in output
    assert pages() == {"web1": "three", "web2": "three", "web3": "two"}
    for balancer in LOAD_BALANCERS:
        assert state(balancer) == {"web1": "ready", "web2": "maint", "web3": "ready"}
    assert [result for result in clients.results if not result.ok] == []


def test_hosts_are_not_worked_on_while_a_server_is_half_deployed():
    before = booted(LOAD_BALANCERS + WEB_SERVERS)
    refused = playbook("reboot_hosts")
    assert refused.returncode != 0
    assert "No host was touched. A deployment of the application was interrupted on web2" in words(refused)
    assert booted(before) == before


def test_what_was_left_out_of_rotation_survives_a_reload_and_the_next_deployment_puts_it_back():
    lab_host("lb1").check_output("systemctl reload haproxy")
    assert state("lb1") == {"web1": "ready", "web2": "maint", "web3": "ready"}
    before = taken_out("lb1")
    good(release("three"))
    assert [state(balancer) for balancer in LOAD_BALANCERS] == [READY, READY]
    assert pages() == dict.fromkeys(WEB_SERVERS, "three")
    assert taken_out("lb1")["web1"] == before["web1"]
