"""A load balancer serves a page of its own state, to those who may read its statistics."""

from __future__ import annotations

import html
import re
import subprocess

import pytest
from browser import browser
from cluster import lab_host, wait_until
from conftest import LOAD_BALANCERS
from controller import ROOT, good, playbook

pytestmark = pytest.mark.long
PASSWORD = "correct-horse"
UNIT = "haproxy-status-page.service"
PLACES = (
    "/etc/haproxy/status_page.* /etc/systemd/system/haproxy-status-page.* /run/haproxy-status-page "
    "/run/systemd/dynamic-uid/* /var/lib/haproxy/haproxy-status-page.sock"
)
"""What belongs to the page on a host."""


@pytest.fixture(scope="module", autouse=True)
def served():
    """Both load balancers serve the page, to web1 and with a password; afterwards nothing of it is left."""
    prefix = lab_host("lb1").check_output("hostname --all-ip-addresses").split(".1", maxsplit=1)[0]
    good(
        playbook(
            "deploy_load_balancers",
            haproxy_status_page_enabled=True,
            haproxy_stats_address="*",
            haproxy_stats_users=[{"name": "ann", "password": PASSWORD}],
        )
    )
    yield prefix
    good(playbook("deploy_load_balancers"))
    for name in LOAD_BALANCERS:
        assert lab_host(name).run(f"ls --directory {PLACES}").stdout == ""
        assert "haproxy-status-page" not in lab_host(name).check_output("systemctl list-units --all --plain")
        assert lab_host(name).run("getent passwd haproxy-status-page").rc != 0


def curl(name: str, address: str, *words: str, path: str = "/cluster") -> str:
    """What a web server gets, with the status in the last line."""
    command = ["curl --silent --max-time 10 --write-out '\\n%{http_code}'", *words, f"http://{address}:8404{path}"]
    return lab_host(name).run(" ".join(command)).stdout


def fetch(address: str) -> str:
    """A page."""
    answer, status = curl("web1", address, f"--user ann:{PASSWORD}").rsplit("\n", maxsplit=1)
    assert status == "200", answer
    return answer


def page(address: str) -> str:
    """The text of a page."""
    answer = fetch(address)
    return html.unescape(re.sub(r"<style>.*?</style>|<[^>]+>", "|", answer, flags=re.DOTALL))


@pytest.fixture
def addresses(prefix):
    return {"lb1": f"{prefix}.11", "lb2": f"{prefix}.12"}


def test_it_is_for_users_of_the_statistics(addresses):
    for address in addresses.values():
        assert curl("web1", address).endswith("\n401")
        assert curl("web1", address, "--user ann:wrong").endswith("\n401")
        assert "The cluster, seen from" in page(address)
        assert curl("web1", address, f"--user ann:{PASSWORD}", path="/stats").endswith("\n200")


def test_it_shows_who_holds_the_vip(addresses, holders, vip):
    def is_shown() -> bool:
        """A busy machine may move the VIP meanwhile."""
        found = holders()
        if len(found) != 1:
            return False
        (other,) = set(LOAD_BALANCERS) - set(found)
        shown = {name: page(address) for name, address in addresses.items()}
        row = rf"\|cluster_vip\|+{re.escape(vip)}\|+{found[0]}"
        return bool(
            re.search(rf"{row} \(this node\)\|+MASTER for ", shown[found[0]])
            and re.search(rf"{row}\|+BACKUP for ", shown[other])
        )

    wait_until(is_shown, "both nodes show the holder")


def test_it_fits_the_screen_and_asks_nobody(addresses, tmp_path):
    subprocess.run([ROOT / "tests/lab/browser"], check=True, capture_output=True)
    file = tmp_path / "page.html"
    file.write_text(fetch(addresses["lb1"]), encoding="utf-8")
    colours = set()
    with browser() as window:
        window.open(file)
        for width, scheme in ((1100, "light"), (390, "dark")):
            window.command(
                "Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=width < 500
            )
            window.prefer(scheme)
            assert window.run("return document.documentElement.scrollWidth <= window.innerWidth")
            colours.add(window.run("return getComputedStyle(document.body).backgroundColor"))
        assert {address for address in window.requested() if address != "data:,"} == {file.as_uri()}
        assert window.complaints() == []
    assert len(colours) == 2


def test_it_is_the_same_on_all_nodes():
    assert "in common" not in good(playbook("check_cluster"))


def test_it_shows_a_server_that_has_stopped(addresses):
    wait_until(lambda: all("No problems seen" in page(address) for address in addresses.values()), "all is well")
    lab_host("web3").check_output("systemctl stop nginx")
    try:
        for address in addresses.values():
            wait_until(lambda place=address: "web/web3 is DOWN" in page(place), "web3 is DOWN")
    finally:
        lab_host("web3").check_output("systemctl start nginx")
    wait_until(lambda: all("No problems seen" in page(address) for address in addresses.values()), "all is well again")


def test_there_is_no_page_without_its_program(addresses, load_balancer):
    address = addresses[load_balancer.check_output("hostname")]
    load_balancer.check_output("systemctl stop haproxy-status-page.socket")
    assert curl("web1", address, f"--user ann:{PASSWORD}").endswith("\n503")
    load_balancer.check_output(f"systemctl start haproxy-status-page.socket {UNIT}")
    assert "web/web1" in page(address)


def test_its_program_can_ask_and_change_nothing(load_balancer):
    pid = load_balancer.check_output(f"systemctl show --property MainPID --value {UNIT}")
    status = load_balancer.check_output(f"cat /proc/{pid}/status")
    assert re.search(r"Uid:\s+[1-9]", status)
    assert re.search(r"CapBnd:\s+0+\n", status)
    assert f"pid={pid}," not in load_balancer.check_output("ss --listening --numeric --tcp --udp --processes")
    group = load_balancer.check_output("getent group systemd-journal | cut -d: -f3")
    user = load_balancer.check_output(f"stat --format %u /proc/{pid}")
    enter = f"nsenter --target {pid} --mount setpriv --reuid {user} --regid {user} --groups {group} sh -c"
    socket = "/run/haproxy-status-page/haproxy.sock"
    assert "web,web1" in load_balancer.check_output(f"{enter} 'echo show stat | socat - {socket}'")
    for command in (
        "cat /etc/haproxy/haproxy.cfg",
        "socat - /run/haproxy/admin.sock </dev/null",
        f"echo disable server web/web1 | socat - {socket}",
    ):
        assert "Permission denied" in load_balancer.run(f"{enter} '{command} 2>&1'").stdout
    answer = load_balancer.run(f"systemd-analyze security --no-pager --threshold=13 {UNIT}")
    assert answer.rc == 0, answer.stdout.splitlines()[-1]
