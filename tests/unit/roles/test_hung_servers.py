"""The program that ends requests at web servers that hang: which servers do, and which connections wait for an
answer."""

from __future__ import annotations

import importlib.util
import socket
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from samples.endless import endless

PROGRAM = Path(__file__).parents[3] / "roles/haproxy/files/hung_servers.py"
PATIENCE = 20
"""Seconds after which an event that should come is given up."""

SPEC = importlib.util.spec_from_file_location("hung_servers", PROGRAM)
hung_servers = importlib.util.module_from_spec(SPEC)
sys.modules["hung_servers"] = hung_servers
SPEC.loader.exec_module(hung_servers)

FIELDS = ["pxname", "svname", "status", "lastchg", "check_status", "addr", "tracked"]
HUNG = {
    "pxname": "web",
    "svname": "web1",
    "status": "DOWN",
    "lastchg": 2,
    "check_status": "L7TOUT",
    "addr": "192.0.2.21:80",
}
WEB2 = {**HUNG, "svname": "web2", "status": "UP", "check_status": "L7OK", "addr": "192.0.2.22:80"}
WEB1 = {("192.0.2.21", 80): "web/web1"}


def statistics(*rows):
    """haproxy's answer to show stat, with the columns that matter."""
    lines = [",".join(str(row.get(name, "")) for name in FIELDS) for row in rows]
    return "\n".join([f"# {','.join(FIELDS)},", *(f"{line}," for line in lines), ""])


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ([HUNG], WEB1),
        ([{**HUNG, "check_status": "L4TOUT"}], WEB1),
        ([{**HUNG, "check_status": "* L7TOUT"}], WEB1),
        ([{**HUNG, "addr": "[2001:db8::21]:80"}], {("2001:db8::21", 80): "web/web1"}),
        (
            [HUNG, {**HUNG, "pxname": "api", "tracked": "web/web1", "check_status": ""}],
            {("192.0.2.21", 80): "api/web1"},
        ),
        ([HUNG, {**HUNG, "pxname": "api", "tracked": "web/web9", "check_status": ""}], WEB1),
        ([{**HUNG, "lastchg": 1}], {}),
        ([{**HUNG, "status": "UP"}], {}),
        ([{**HUNG, "status": "DOWN 1/2"}], {}),
        ([{**HUNG, "status": "MAINT"}], {}),
        ([{**HUNG, "check_status": "L7STS"}], {}),
        ([{**HUNG, "check_status": "L4CON"}], {}),
        ([{**HUNG, "addr": "unix"}], {}),
        ([HUNG, {**HUNG, "pxname": "api", "status": "UP"}], {}),
        ([HUNG, {**HUNG, "pxname": "api", "status": "UP 1/2"}], {}),
        ([], {}),
    ],
)
def test_a_server_hangs_that_is_down_for_silence(rows, found):
    others = [{**WEB2, "pxname": backend} for backend in ("web", "api")]
    assert hung_servers.find_hung(statistics(*rows, *others), 2) == found


@pytest.mark.parametrize("others", [[], [{**WEB2, "pxname": "api"}], [{**WEB2, "status": "DOWN"}]])
def test_no_server_hangs_where_none_of_the_backend_is_up(others):
    assert hung_servers.find_hung(statistics(HUNG, *others), 2) == {}


@pytest.mark.parametrize(
    ("sent", "received", "bytes_received", "segments_sent", "stuck"),
    [
        (2000, 5000, 100, 1, True),
        (2000, 2000, 0, 1, True),
        (1999, 5000, 100, 1, False),
        (5000, 2000, 100, 1, False),
        (5000, 5000, 100, 1, False),
        (100, 9000, 0, 50, False),
        (9000, 9000, 0, 0, False),
    ],
    ids=["asked again", "asked at once", "just asked", "downloading", "idle", "uploading", "nothing asked"],
)
def test_a_request_waits_if_the_last_data_was_sent_long_ago(sent, received, bytes_received, segments_sent, stuck):
    connection = hung_servers.Connection(
        socket.AF_INET, b"", ("192.0.2.21", 80), sent, received, bytes_received, segments_sent
    )
    assert connection.is_stuck(2) is stuck


@contextmanager
def connected(family, address):
    """Both ends of a connection of the loopback."""
    with (
        socket.create_server((address, 0), family=family) as server,
        socket.create_connection(server.getsockname()[:2]) as client,
    ):
        other, _address = server.accept()
        with other:
            yield client, other


def seen(client):
    """The connection as the kernel describes it."""
    address, port = client.getpeername()[:2]
    own = client.getsockname()[1].to_bytes(2, "big")
    (found,) = (
        each
        for each in hung_servers.list_connections(port)
        if each.peer == (address, port) and each.identity[:2] == own
    )
    return found


@pytest.mark.parametrize(("family", "address"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
def test_the_kernel_says_whether_a_request_was_answered(family, address):
    with connected(family, address) as (client, other):
        assert not seen(client).is_stuck(0)
        client.sendall(b"question")
        end = time.monotonic() + PATIENCE
        while not seen(client).is_stuck(0.05):
            assert time.monotonic() < end
        other.recv(100)
        other.sendall(b"answer")
        client.recv(100)
        while seen(client).received > seen(client).sent:
            assert time.monotonic() < end
        assert seen(client).bytes_received == len(b"answer")
        assert not seen(client).is_stuck(0)


def test_an_answer_without_an_end_is_an_error_and_not_all_of_the_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(hung_servers, "LONGEST", 100_000)
    with endless(tmp_path / "admin.sock"), pytest.raises(OSError, match="more than 100000 bytes"):
        hung_servers.ask(str(tmp_path / "admin.sock"), "show stat -1 4 -1")
