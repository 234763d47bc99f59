# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Clients notice what a server does to them. The server is a real one, on the loopback interface."""

from __future__ import annotations

import re
import socket
import ssl
import threading

import pytest
from ansible_collections.evenkeel.ha_web.plugins.module_utils._http.clients import (
    Download,
    KeepAlive,
    Prober,
    describe_error,
    parse,
)
from samples.http_server import SECONDS, answer, server, wait_until

BODY = b"x" * 200_000
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4;name=value\r\nweb1\r\n0\r\n\r\n"


@pytest.mark.parametrize(
    ("text", "ok", "name", "error"),
    [
        (answer(b"I am web2"), True, "web2", ""),
        (answer(b"hello", b"Set-Cookie: server=web3"), True, "web3", ""),
        (answer(b"hello"), True, "", ""),
        (answer(b"hello")[:-1], False, "", "connection closed in the middle of the answer"),
        (CHUNKED, True, "web1", ""),
        (CHUNKED[:-5], False, "", "connection closed in the middle of the answer"),
        (b"HTTP/1.1 503 Service Unavailable\r\n\r\n", False, "", "HTTP/1.1 503 Service Unavailable"),
        (b"", False, "", "connection closed without an answer"),
    ],
)
def test_an_answer_is_whole_or_lost(text, ok, name, error):
    assert parse(text, re.compile(r"web\d")) == (ok, name, error)


@pytest.mark.parametrize(
    ("problem", "said"),
    [
        (ConnectionRefusedError(111, "Connect call failed ('192.0.2.10', 80)"), "Connection refused"),
        (ssl.SSLEOFError(8, "EOF occurred in violation of protocol"), "EOF occurred in violation of protocol"),
        (EOFError(), "closed before the end"),
        (ValueError("HTTP/1.1 503 Service Unavailable"), "HTTP/1.1 503 Service Unavailable"),
    ],
)
def test_what_has_ended_a_connection_is_said_in_words(problem, said):
    assert describe_error(problem) == said


def test_requests_start_although_earlier_ones_hang():
    held = threading.Event()
    with (
        server(lambda _connection: held.wait(SECONDS)) as port,
        Prober("127.0.0.1", port, interval=0.01, timeout=0.5) as prober,
    ):
        wait_until(lambda: len(prober.results) > 20)
        held.set()
    assert "no answer in time" in {found.error for found in prober.results}
    first, second = sorted(prober.results, key=lambda found: found.start)[:2]
    assert second.start < first.end


def test_a_connection_that_ends_unannounced_is_broken():
    """It answers once, and hangs up on the second request."""

    def serve(connection):
        connection.recv(1000)
        connection.sendall(answer(b"web1"))
        connection.recv(1000)

    with server(serve) as port, KeepAlive("127.0.0.1", 2, 0.01, port=port) as keeper:
        wait_until(lambda: len(keeper.breaks) >= 4)
    assert {found.used for found in keeper.breaks} == {True}
    assert keeper.answers >= 4


def test_a_connection_whose_end_was_announced_is_not_broken():
    def serve(connection):
        connection.recv(1000)
        connection.sendall(answer(b"web1", b"Connection: close"))

    with server(serve) as port, KeepAlive("127.0.0.1", 2, 0.01, port=port) as keeper:
        wait_until(lambda: keeper.answers >= 4)
    assert keeper.broken == []


def test_a_page_of_which_nobody_knows_the_length_before_is_an_answer():
    """Connections are kept, as pages of applications are."""
    opened = []

    def serve(connection):
        opened.append(connection)
        while connection.recv(1000):
            connection.sendall(CHUNKED)

    with server(serve) as port, KeepAlive("127.0.0.1", 1, 0.01, port=port) as keeper:
        wait_until(lambda: keeper.answers >= 3 or keeper.breaks)
    assert keeper.broken == []
    assert len(opened) == 1


def test_a_connection_that_cannot_be_opened_has_not_been_used():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    with KeepAlive("127.0.0.1", 1, 0.01, port=port) as keeper:
        wait_until(lambda: keeper.breaks)
    assert {(found.error, found.used) for found in keeper.breaks} == {("Connection refused", False)}


def test_a_download_that_is_cut_is_noticed():
    def serve(connection):
        connection.recv(1000)
        connection.sendall(answer(BODY)[:-1000])

    with server(serve) as port, Download("127.0.0.1", port, pause=0.001) as download:
        wait_until(lambda: download.breaks)
    assert download.breaks[0].used
    assert download.breaks[0].error == "closed before the end"
    assert download.bytes >= len(BODY) - 1000
