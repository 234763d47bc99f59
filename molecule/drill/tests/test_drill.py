"""The drill breaks the cluster as it says, refuses what it should, and leaves nothing behind, whoever ends it."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
from ansible_collections.evenkeel.ha_web.plugins.module_utils._host import fault as host_fault
from browser import browser
from cluster import lab_host, wait_until
from controller import ROOT, begun, good, playbook, words
from story import FOOTPRINT

LOAD_BALANCERS = ["lb1", "lb2"]
HOSTS = [*LOAD_BALANCERS, "web1", "web2", "web3"]
FAULTS = [
    "haproxy_killed",
    "haproxy_hung",
    "keepalived_killed",
    "network_cut",
    "web_server_killed",
    "vip_moved",
    "host_rebooted",
]
VIP = f"{os.environ['LAB_PREFIX']}.240"
SHORT = {
    "drill_confirmed": True,
    "drill_seconds": 3,
    "cluster_move_interval": 5,
    "drill_interval": 0.02,
    "drill_timeout": 10,
}
"""As clients are who are patient: on a machine that has too much to do, an answer that comes late is no failure of the
cluster."""

LEFT = """systemctl list-units --all --plain --no-legend 'evenkeel-fault*'
ps -eo stat=,comm= | grep ^T
nft list tables | grep fault"""
"""Says what a fault has left on a host, and nothing on one that is whole."""


def left() -> list[str]:
    """What faults have left on hosts."""
    return [f"{host}: {line}" for host in HOSTS for line in lab_host(host).run(LEFT).stdout.splitlines()]


def done() -> dict[str, str]:
    """What the hosts' journals say of faults."""
    return {
        host: lab_host(host).run("journalctl --quiet --output cat --unit 'evenkeel-fault*'").stdout for host in HOSTS
    }


@pytest.fixture
def untouched() -> Iterator[None]:
    """No host is broken while the story is told."""
    before = done()
    yield
    assert done() == before


@pytest.fixture(scope="module", autouse=True)
def clients(tmp_path_factory) -> Path:
    """A folder in which there is a file for as long as clients ask."""
    folder = tmp_path_factory.mktemp("clients")
    os.environ["TMPDIR"] = str(folder)
    return folder


@pytest.fixture(scope="module")
def report(tmp_path_factory) -> Path:
    """All faults were done; the report without its ending."""
    path = tmp_path_factory.mktemp("report") / "drill"
    body = "head --bytes 50M /dev/urandom > /var/www/web/big.bin"
    for host in ("web1", "web2", "web3"):
        lab_host(host).check_output(body)
    good(
        playbook(
            "drill_failover",
            **SHORT,
            drill_faults=FAULTS,
            drill_report=path,
            drill_download_url=f"http://{VIP}/big.bin",
        )
    )
    return path


def test_an_unknown_fault_is_refused_before_a_host_is_touched(untouched):
    said = words(refused := playbook("drill_failover", **SHORT, drill_faults=["haproxy_killed", "haproxy_hang"]))
    assert refused.returncode
    assert "No host was touched. drill_faults has 'haproxy_hang'; did you mean haproxy_hung?." in said


def test_nothing_is_broken_without_consent_nor_in_check_mode(untouched):
    refused = playbook("drill_failover", drill_faults=["haproxy_killed"])
    assert refused.returncode
    assert "No fault was injected, because the answer was not 'yes'." in words(refused)
    assert "HAProxy killed" in good(playbook("drill_failover", "--check", drill_faults=["haproxy_killed"]))


def test_a_cluster_that_is_not_well_is_refused(untouched):
    lab_host("lb2").check_output("systemctl stop haproxy")
    try:
        wait_until(
            lambda: (
                "FAULT"
                in lab_host("lb2").run("journalctl --unit keepalived --output cat | grep Entering | tail -n 1").stdout
            ),
            "FAULT",
        )
        assert playbook("drill_failover", **SHORT, drill_faults=["haproxy_killed"]).returncode
    finally:
        lab_host("lb2").check_output("systemctl start haproxy")
    wait_until(
        lambda: (
            "FAULT"
            not in lab_host("lb2").run("journalctl --unit keepalived --output cat | grep Entering | tail -n 1").stdout
        ),
        "no FAULT",
    )


@pytest.mark.long
def test_a_host_mends_itself_when_the_controller_dies_in_the_middle():
    def stopped() -> list[str]:
        return [line for line in left() if "haproxy" in line and ": T" in line]

    variables = {**SHORT, "drill_seconds": 8, "drill_patience": 2, "drill_faults": ["haproxy_hung"]}
    run = begun("drill_failover", **variables)
    try:
        wait_until(stopped, "haproxy hangs", 90)
    finally:
        os.killpg(run.pid, signal.SIGKILL)
        run.wait()
    assert stopped()
    wait_until(lambda: not left(), "the host is whole", 30)
    wait_until(
        lambda: all(lab_host(name).run(FOOTPRINT["units"]).stdout.count("inactive") == 0 for name in LOAD_BALANCERS),
        "all run",
    )


def test_a_host_that_has_just_mended_itself_is_mended():
    """The module has seen the timer, which is first all the same."""

    def run(argv: list[str]) -> tuple[int, str, str]:
        done = lab_host("web1").run(shlex.join(argv))
        return done.rc, done.stdout, done.stderr

    host_fault.start(run, host_fault.Fault("true", "true"), 0.1)
    wait_until(lambda: not host_fault.is_pending(run), "the timer has done it")
    assert host_fault.heal(run) > 0
    assert not left()


@pytest.mark.long
def test_the_first_surprise_ends_the_drill(tmp_path):
    """Somebody else breaks web1 at the same time."""
    lab_host("web1").check_output("systemd-run --unit=evenkeel-fault-heal --on-active=600 true")
    before = done()
    faults = ["web_server_killed", "haproxy_killed"]
    said = words(stopped := playbook("drill_failover", **SHORT, drill_faults=faults, drill_report=tmp_path / "drill"))
    assert stopped.returncode
    assert "web server killed on web1: another fault is active" in said
    assert "The cluster now: well. Nothing that was broken is left. Not done: HAProxy killed." in said
    assert [done()[name] for name in LOAD_BALANCERS] == [before[name] for name in LOAD_BALANCERS]
    assert 'failures="1"' in (tmp_path / "drill.xml").read_text(encoding="utf-8")


def test_every_fault_is_done_and_measured(report):
    drill = json.loads(report.with_suffix(".json").read_text(encoding="utf-8"))
    assert drill["surprise"] == ""
    faults = {fault["name"]: fault for fault in drill["faults"]}
    assert list(faults) == FAULTS
    for name, fault in faults.items():
        assert fault["problem"] == ""
        assert fault["noise"] == 0, f"{name}: requests were lost that no fault explains"
        assert fault["requests"] > 100
        assert set(fault["served"]) <= {"web1", "web2", "web3"}
        assert fault["download_bytes"] > 0
    # What the collection promises: these cost nobody anything.
    for name in ("vip_moved", "web_server_killed"):
        fault = faults[name]
        assert (fault["lost"], fault["broken"]) == (0, 0), (name, fault["errors"], fault["breaks"])
    for name in ("haproxy_hung", "network_cut", "vip_moved", "host_rebooted"):
        assert {faults[name]["holder"], faults[name]["took_over"]} == {"lb1", "lb2"}, name
    assert faults["web_server_killed"]["host"] == "web1"


def test_the_results_are_junit_too(report):
    suite = ElementTree.parse(report.with_suffix(".xml")).getroot()
    assert (suite.get("tests"), suite.get("failures")) == (str(len(FAULTS)), "0")


def test_the_page_shows_it_all_in_a_browser_and_asks_nobody(report):
    subprocess.run([ROOT / "tests/lab/browser"], check=True, capture_output=True)
    page = report.with_suffix(".html")
    with browser() as window:
        window.open(page)
        assert window.run("return document.querySelectorAll('svg.chart').length") >= len(FAULTS)
        assert window.run(
            "return [...document.querySelectorAll('svg.chart')].every(chart => "
            "chart.getBoundingClientRect().height > 100)"
        )
        assert window.run("return document.documentElement.scrollWidth <= window.innerWidth")
        colours = []
        for scheme in ("light", "dark"):
            window.prefer(scheme)
            colours.append(window.run("return getComputedStyle(document.body).backgroundColor"))
        assert len(set(colours)) == 2
        assert [address for address in window.requested() if address not in (page.as_uri(), "data:,")] == []
        assert window.complaints() == []


def test_nothing_is_left_over(clients):
    """Last: of the run that was killed, clients go on until their own time is over."""
    assert left() == []
    wait_until(lambda: not list(clients.glob("evenkeel-drill-*")), "clients have ended", 60)
