"""Clients that number their requests tell an answer that is another's from one that is not there, and their application
counts."""

from __future__ import annotations

import shlex
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
from chaos.application import Handler, Server
from chaos.clients import Clients, LostError, Record, Request, WrongError, check, executed_twice

CONTENT = bytes(range(256)) * 1024
KINDS = {"new", "kept", "unsafe", "download", "upload", "websocket"}


@pytest.mark.parametrize(
    ("status", "body", "length", "error"),
    [
        (200, b"numbered 7\n", 11, None),
        (200, b"numbered 8\n", 11, WrongError),
        (200, b"numbered 77\n", 12, WrongError),
        (200, b"", 0, WrongError),
        (200, b"numbered", 11, LostError),
        (503, b"numbered 7\n", 11, LostError),
    ],
)
def test_an_answer_is_compared_with_its_request(status, body, length, error):
    if error is None:
        check("new", "numbered 7", status, body, length)
    else:
        with pytest.raises(error):
            check("new", "numbered 7", status, body, length)


def test_what_is_executed_twice_is_told():
    assert executed_twice(iter(["a-1", "a-2", "a-1", "a-3", "a-3", "a-1"])) == ["a-1", "a-3"]
    assert executed_twice(["a-1", "a-2"]) == []


def test_a_record_tells_what_was_asked_since_and_which_unsafe_requests_were_answered():
    requests = [
        *(Request(1.0, 0.1, "new x", "a-1"), Request(2.0, 0.1, "unsafe x", "a-2")),
        *(Request(3.0, 0.1, "unsafe kept x", "a-3", "status 503"), Request(4.0, 0.1, "unsafe kept x", "a-4")),
    ]
    record = Record(requests)
    assert record.since(2.5) == requests[2:]
    assert record.counted() == {"a-2", "a-4"}


class Site(Handler):
    """The application, with what nginx has in the lab. C(fault) says what is wrong with it."""

    fault = ""

    def do_GET(self) -> None:
        if "/echo" in self.path:
            super().do_GET()
        elif self.path.startswith("/content"):
            self.send_response(200)
            self.send_header("Content-Length", str(len(CONTENT)))
            self.end_headers()
            self.wfile.write(CONTENT[::-1] if self.fault == "wrong" else CONTENT)
        elif self.fault == "cut":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nnumbered")
            self.close_connection = True
        else:
            self.reply(f"numbered {self.number()}{'0' if self.fault == 'wrong' else ''}\n")


class TlsServer(Server):
    """Does what clients wait for in the connection's own thread, the handshake too."""

    tls: ssl.SSLContext

    def finish_request(self, request, client_address) -> None:
        super().finish_request(self.tls.wrap_socket(request, server_side=True), client_address)


@pytest.fixture
def site(tmp_path):
    """A site with a fault; gives its ports."""
    openssl = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=x -keyout key.pem "
        "-out chain.pem"
    )
    subprocess.run(shlex.split(openssl), cwd=tmp_path, check=True, capture_output=True)

    @contextmanager
    def serve(fault: str = "") -> Iterator[tuple[int, int]]:
        handler = type("Handler", (Site,), {"folder": tmp_path, "fault": fault})
        plain, encrypted = Server(("127.0.0.1", 0), handler), TlsServer(("127.0.0.1", 0), handler)
        encrypted.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        encrypted.tls.load_cert_chain(tmp_path / "chain.pem", tmp_path / "key.pem")
        with ExitStack() as stack:
            for server in (plain, encrypted):
                stack.enter_context(server)
                threading.Thread(target=server.serve_forever, daemon=True).start()
                stack.callback(server.shutdown)
            yield plain.server_port, encrypted.server_port

    return serve


def wait_for(condition, clients: Clients) -> None:
    """Wait for what the clients see."""
    end = time.monotonic() + 60
    while not condition():
        clients.assert_alive()
        assert time.monotonic() < end, clients.record
        time.sleep(0.05)


def kinds(requests) -> set[str]:
    return {request.client.split()[0] for request in requests}


def test_clients_of_every_kind_are_served(site, tmp_path):
    with site() as ports, Clients({"x": "127.0.0.1"}, CONTENT, ports) as clients:
        wait_for(lambda: kinds(clients.record.since(0)) == KINDS, clients)
        wait_for(lambda: len(clients.record.counted()) > 10, clients)
    assert clients.record.wrong == []
    assert [request for request in clients.record.requests if request.lost] == []
    executed = (tmp_path / "executed").read_text(encoding="ascii").split()
    assert set(executed) == clients.record.counted()
    assert executed_twice(executed) == []


def test_an_answer_to_another_request_is_never_excused(site):
    with site("wrong") as ports, Clients({"x": "127.0.0.1"}, CONTENT, ports) as clients:
        wait_for(lambda: {text.split()[0] for text in clients.record.wrong} == {"new", "kept", "download"}, clients)


def test_an_answer_that_is_cut_is_lost(site):
    with site("cut") as ports, Clients({"x": "127.0.0.1"}, CONTENT, ports) as clients:
        wait_for(
            lambda: {"new", "kept"} <= kinds(request for request in clients.record.since(0) if request.lost), clients
        )
    assert clients.record.wrong == []


def test_where_nobody_listens_every_request_is_lost():
    with Clients({"x": "127.0.0.1"}, CONTENT, (1, 2)) as clients:
        wait_for(lambda: kinds(clients.record.since(0)) == KINDS, clients)
    assert {request.lost for request in clients.record.requests} == {"Connection refused"}
