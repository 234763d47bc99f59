# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Clients notice what a server does to them. The server is a real one, on the loopback interface."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import threading
import time
from contextlib import contextmanager

import pytest
from ansible_collections.evenkeel.ha_web.plugins.module_utils._http_clients import Download, KeepAlive, Prober, Result, outage, parse, words
from ansible_collections.evenkeel.ha_web.plugins.module_utils._http_probe import ProbeError, place, probe

BODY = b"x" * 200_000
SECONDS = 10
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4;name=value\r\nweb1\r\n0\r\n\r\n"


def answer(body, *headers):
    return b"\r\n".join([b"HTTP/1.1 200 OK", b"Content-Length: %d" % len(body), *headers, b"", body])


@contextmanager
def server(serve):
    """Its port. Every connection is handed to the function in a thread of its own, and closed afterwards."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def handle(connection):
            with connection, contextlib.suppress(ConnectionError):
                serve(connection)

        def accept():
            while True:
                try:
                    connection, _address = listening.accept()
                except OSError:
                    return
                threading.Thread(target=handle, args=(connection,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        try:
            yield listening.getsockname()[1]
        finally:
            listening.shutdown(socket.SHUT_RDWR)


def wait_until(condition):
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def result(start, ok, latency=0.002):
    return Result(start, latency, ok)


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        ([], 0),
        ([result(0, True)], 0),
        ([result(0, True), result(1, False), result(2, True)], 2002),
        ([result(2, True), result(1, False), result(0, True)], 2002),
        ([result(0, False), result(1, True)], 1002),
        ([result(0, True), result(1, False, 0.5)], 1500),
        ([result(0, True), result(1, False), result(2, True), result(3, False), result(9, True)], 7002),
    ],
)
def test_an_outage_is_from_good_to_good(results, expected):
    assert outage(results) == pytest.approx(expected)


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
    assert words(problem) == said


def test_requests_start_on_time_although_earlier_ones_hang():
    held = threading.Event()
    with server(lambda _connection: held.wait(SECONDS)) as port, Prober("127.0.0.1", port, interval=0.01, timeout=0.5) as prober:
        wait_until(lambda: len(prober.results) > 20)
        held.set()
    starts = sorted(found.start for found in prober.results)
    assert "no answer in time" in {found.error for found in prober.results}
    assert starts[20] - starts[0] < 0.5


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


def params(port, **keys):
    url = f"http://127.0.0.1:{port}/"
    usual = {"interval": 0.01, "connections": 2, "timeout": 1.0, "server": r"web\d", "seconds": 0.5, "while_exists": None}
    return {**usual, "url": url, "download_url": url, "validate_certs": True, **keys}


def serve_all(connection):
    while request := connection.recv(1000):
        connection.sendall(answer(b"web1"))
        if b"Connection: close" in request:
            return


def test_a_probe_ends_with_its_file_and_says_that_somebody_was_served(tmp_path):
    file = tmp_path / "asking"
    file.touch()
    found = []
    with server(serve_all) as port:
        asking = threading.Thread(target=lambda: found.append(probe(params(port, while_exists=str(file), seconds=SECONDS, timeout=0.2))))
        asking.start()
        wait_until(lambda: file.read_text() == "served\n")
        file.unlink()
        asking.join(SECONDS)
    assert found[0]["kept"]["answers"] > 0
    assert found[0]["download"]["bytes"] > 0
    assert not file.exists()


def test_a_probe_whose_time_is_over_removes_its_file(tmp_path):
    file = tmp_path / "asking"
    file.touch()
    with server(serve_all) as port:
        assert probe(params(port, while_exists=str(file), seconds=0.3, download_url=""))["requests"]["outcome"]
    assert not file.exists()


@pytest.mark.parametrize("url", ["ftp://192.0.2.10/", "192.0.2.10", "http://192.0.2.10:port/", ""])
def test_what_is_no_url_is_refused(url):
    with pytest.raises(ProbeError, match="is no URL"):
        place(url, True)


def test_an_url_says_port_path_and_name():
    found = place("https://127.0.0.1:8443/a?b=c", False)
    assert (found.host, found.port, found.path, found.name) == ("127.0.0.1", 8443, "/a?b=c", "127.0.0.1")
    assert found.tls is not None
