"""The program that asks URLs for keepalived, against servers that answer, refuse, hang and come back."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest

WATCH = Path(__file__).parents[3] / "roles/keepalived/files/watch.py"
PATIENCE = 20
"""Seconds after which an event that should come is given up."""


class Answer(BaseHTTPRequestHandler):
    """Answers with the status that the path names; /hang answers nothing until it is told to go on."""

    go_on = threading.Event()

    def do_GET(self):
        if self.path == "/hang":
            self.go_on.wait(PATIENCE)
        self.send_response(int(self.path.strip("/")) if self.path.strip("/").isdigit() else 200)
        self.end_headers()

    def log_message(self, *_arguments):
        pass


@pytest.fixture
def server():
    """A real HTTP server on a free port of the loopback."""
    Answer.go_on.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as http:
        http.daemon_threads = True
        threading.Thread(target=http.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{http.server_port}"
        Answer.go_on.set()
        http.shutdown()


@contextmanager
def watching(directory, url, **values):
    """Run the program until it says that it is ready; gives its process."""
    watch = {"name": "web", "url": url, "interval": 0.02, "timeout": 0.5, "rise": 3, "silence": True, **values}
    (directory / "watch.json").write_text(json.dumps([watch]))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(directory / "notify"))
        systemd.settimeout(PATIENCE)
        argv = [sys.executable, "-I", str(WATCH), str(directory / "watch.json"), str(directory)]
        with subprocess.Popen(
            argv, env={**os.environ, "NOTIFY_SOCKET": str(directory / "notify")}, stdout=subprocess.PIPE
        ) as process:
            try:
                assert systemd.recv(64) == b"READY=1"
                yield process
            finally:
                process.send_signal(signal.SIGKILL)


def wait_for(directory, state, name="web"):
    """Wait until the file says so."""
    end = time.monotonic() + PATIENCE
    file = directory / name
    while not file.exists() or file.read_text() != state:
        assert time.monotonic() < end, file.read_text() if file.exists() else "there is no file"
        time.sleep(0.01)


def closed_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def test_what_answers_is_well(server, tmp_path):
    with watching(tmp_path, f"{server}/healthz"):
        wait_for(tmp_path, "0\n")


@pytest.mark.parametrize(("path", "status", "report"), [("/401", 401, "0\n"), ("/healthz", 401, "1\n")])
@pytest.mark.parametrize("silence", [True, False])
def test_the_expected_status_can_be_another(server, tmp_path, path, status, report, silence):
    with watching(tmp_path, server + path, status=status, silence=silence):
        wait_for(tmp_path, report)


@pytest.mark.parametrize("path", ["/503", "/204"])
def test_what_answers_otherwise_is_not_well(server, tmp_path, path):
    with watching(tmp_path, server + path):
        wait_for(tmp_path, "1\n")


def test_a_process_that_runs_and_does_not_answer_is_busy(server, tmp_path):
    """The process is the one that runs this test."""
    with watching(tmp_path, f"{server}/hang"), working():
        wait_for(tmp_path, "1\n", "web_busy")
        wait_for(tmp_path, "0\n")


def test_a_process_that_sleeps_and_takes_no_connection_is_not_well_in_the_end(tmp_path):
    code = (
        "import socket, time; s = socket.create_server(('127.0.0.1', 0)); print(s.getsockname()[1], flush=True); "
        "time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as sleeper:
        with watching(tmp_path, f"http://127.0.0.1:{sleeper.stdout.readline().strip()}/", timeout=0.2):
            wait_for(tmp_path, "1\n", "web_busy")
            wait_for(tmp_path, "1\n")
        sleeper.kill()


def test_a_port_that_refuses_is_not_well(tmp_path):
    with watching(tmp_path, f"http://127.0.0.1:{closed_port()}/"):
        wait_for(tmp_path, "1\n")


def test_a_port_is_well_while_it_accepts_connections_and_one_that_does_not_decides_at_once(tmp_path):
    listener = socket.create_server(("127.0.0.1", 0))
    with listener, watching(tmp_path, f"tcp://127.0.0.1:{listener.getsockname()[1]}", timeout=PATIENCE, silence=False):
        wait_for(tmp_path, "0\n")
        connection, _address = listener.accept()
        with connection:
            connection.settimeout(PATIENCE)
            with pytest.raises(ConnectionResetError):
                connection.recv(1)
        listener.close()
        wait_for(tmp_path, "1\n")


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_a_server_that_hangs_is_noticed_and_so_is_its_return(tmp_path, address):
    with serving(address) as server, watching(tmp_path, server.url, timeout=0.2):
        wait_for(tmp_path, "0\n")
        server.process.send_signal(signal.SIGSTOP)
        wait_for(tmp_path, "1\n")
        server.process.send_signal(signal.SIGCONT)
        wait_for(tmp_path, "0\n")


def test_a_hung_server_is_noticed_although_another_process_of_its_port_runs(tmp_path):
    """As after a reload, where the process before still has connections, and no listening socket."""
    with (
        serving() as server,
        serving("127.0.0.2", urlsplit(server.url).port),
        watching(tmp_path, server.url, timeout=0.2),
    ):
        wait_for(tmp_path, "0\n")
        server.process.send_signal(signal.SIGSTOP)
        wait_for(tmp_path, "1\n")


def test_a_check_fails_for_a_process_that_hangs_and_for_no_other():
    with serving() as (http, url), working():
        assert check(url) == 0
        http.send_signal(signal.SIGSTOP)
        assert check(url) == 1
        http.send_signal(signal.SIGCONT)
        assert check(url) == 0
    assert check(url) == 1


def check(url):
    """The exit status of the check script's part."""
    return subprocess.run(
        [sys.executable, "-I", str(WATCH), "--check", url, "0.3"], check=False, timeout=PATIENCE
    ).returncode


@contextmanager
def working():
    """A thread of this process has something to do all the time."""
    done = threading.Event()
    thread = threading.Thread(target=lambda: [sum(range(1000)) for _number in iter(done.is_set, True)], daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


class Serving(NamedTuple):
    process: subprocess.Popen
    url: str


@contextmanager
def serving(address="127.0.0.1", port=0):
    """Serve in a process of its own, which a test can stop; gives the process and its URL."""
    code = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); from test_watch import serve; "
        f"serve({address!r}, {port})"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as http:
        try:
            yield Serving(
                http, f"http://{f'[{address}]' if ':' in address else address}:{http.stdout.readline().strip()}/"
            )
        finally:
            http.send_signal(signal.SIGCONT)
            http.kill()


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def server_bind(self):
        self.socket.bind(self.server_address[:2])
        self.server_port = self.socket.getsockname()[1]


def serve(address, port):
    """Serve until somebody ends the process."""
    Server.address_family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with Server((address, port), Answer) as http:
        print(http.server_port, flush=True)
        http.serve_forever()


def test_where_silence_does_not_count_only_another_status_is_not_well(tmp_path):
    """It answers once, then says nothing 20 times, then answers with another status."""
    said = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer():
            for number in range(22):
                connection, _address = listener.accept()
                with connection:
                    connection.recv(1024)
                    if number in (0, 21):
                        connection.sendall(b"HTTP/1.0 %d\r\n\r\n" % (503 if number else 200))
                    elif number > 1:
                        said.append((tmp_path / "web").read_text())

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        with watching(tmp_path, f"http://127.0.0.1:{listener.getsockname()[1]}/", timeout=1, rise=1, silence=False):
            wait_for(tmp_path, "1\n")
        thread.join(PATIENCE)
    assert said == ["0\n"] * 19


def test_one_answer_that_fails_decides_nothing(tmp_path):
    """Of three questions the first is cut off; as the next one is answered in time, it must never be said that the
    server is not well."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"

        def answer_two_of_three():
            for number in range(60):
                connection, _address = listener.accept()
                with connection:
                    connection.recv(1024)
                    if number % 3:
                        connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n")

        thread = threading.Thread(target=answer_two_of_three, daemon=True)
        thread.start()
        with watching(tmp_path, url, rise=1) as process:
            wait_for(tmp_path, "0\n")
            thread.join(PATIENCE)
            listener.close()
            wait_for(tmp_path, "1\n")
            said = [process.stdout.readline().decode() for _line in range(2)]
            process.kill()
            said += process.stdout.read().decode().splitlines()
    verdicts = [line.removeprefix(f"{url}: ").split(";")[0] for line in said]
    assert [verdict for verdict in verdicts if verdict != "busy"] == ["well", "failed"]
