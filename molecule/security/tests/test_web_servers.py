"""A client whose requests fail, however many they are, takes no web server away from the others."""

from __future__ import annotations

import csv
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cluster import lab_host, wait_until
from conftest import LOAD_BALANCERS, WEB_SERVERS, copied
from unwell import ANSWERS

HERE = Path(__file__).parent
UNWELL = "8098"
"""The port of the web servers whose pages fail."""
PORTS = {"http": "8081", "tcp": "8082"}
"""The ports of the load balancers that pass requests on to them, by mode."""
GROUPS = "1:100 4:200 50:700"
SLOW_GROUPS = "1:5 4:20 50:1000"


def servers(name: str) -> dict[str, tuple[str, str]]:
    """By backend and server, how the load balancer sees each server whose pages fail, and how often it has gone
    down."""
    found = lab_host(name).check_output("echo 'show stat -1 4 -1' | socat - /run/haproxy/admin.sock").removeprefix("# ")
    rows = list(csv.DictReader(found.splitlines()))
    return {
        f"{row['pxname']}/{row['svname']}": (row["status"], row["chkdown"])
        for row in rows
        if row["pxname"].startswith("unwell_")
    }


@pytest.fixture(scope="module", autouse=True)
def unwell() -> None:
    """Web servers with pages that fail, and clients on the load balancers.

    The servers stay, because the cluster has to be well at the end."""
    for name in WEB_SERVERS:
        copied(HERE / "unwell.py", name, "/root/unwell.py")
        start = f"systemd-run --quiet --collect --unit unwell python3 /root/unwell.py {UNWELL}"
        lab_host(name).check_output(f"systemctl is-active --quiet unwell || {start}")
        wait_until(
            lambda name=name: lab_host(name).socket(f"tcp://0.0.0.0:{UNWELL}").is_listening, f"{name} has the pages"
        )
    for name in LOAD_BALANCERS:
        copied(HERE / "askers.py", name, "/root/askers.py")
    for name in LOAD_BALANCERS:
        wait_until(
            lambda name=name: {status for status, _downs in servers(name).values()} == {"UP"},
            f"{name} finds them all well",
        )


@pytest.mark.parametrize(
    ("mode", "path"),
    [
        # The slow pages take half a minute, with either mode.
        pytest.param(mode, path, marks=pytest.mark.long if (mode, path) == ("tcp", "/slow") else ())
        for mode in PORTS
        for path in ANSWERS
    ],
)
def test_a_page_that_fails_takes_no_server_away(mode, path):
    """1,000 requests of 1, 4 and 50 clients, at both load balancers at the same time."""
    command = f"python3 /root/askers.py {PORTS[mode]} {path} {SLOW_GROUPS if path == '/slow' else GROUPS}"
    before = {name: servers(name) for name in LOAD_BALANCERS}
    with ThreadPoolExecutor() as pool:
        printed = dict(zip(LOAD_BALANCERS, pool.map(lambda name: lab_host(name).check_output(command), LOAD_BALANCERS)))
    assert {name: servers(name) for name in LOAD_BALANCERS} == before
    answers = {name: json.loads(text) for name, text in printed.items()}
    assert {name: set(found) for name, found in answers.items()} == {name: {"200"} for name in LOAD_BALANCERS}
