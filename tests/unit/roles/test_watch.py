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
        with subprocess.Popen(argv, env={**os.environ, "NOTIFY_SOCKET": str(directory / "notify")}, stdout=subprocess.PIPE) as process:
            try:
                assert systemd.recv(64) == b"READY=1"
                yield process
            finally:
                process.send_signal(signal.SIGKILL)


def wait_for(directory, state):
    """See the file say so within time."""
    end = time.monotonic() + PATIENCE
    file = directory / "web"
    while not file.exists() or file.read_text() != state:
        assert time.monotonic() < end, file.read_text() if file.exists() else "there is no file"
        time.sleep(0.01)


def closed_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def test_what_answers_is_well(server, tmp_path):
    with watching(tmp_path, f"{server}/healthz"):
        wait_for(tmp_path, "0\n")


@pytest.mark.parametrize("path", ["/503", "/204", "/hang"])
def test_what_answers_otherwise_or_not_at_all_is_not_well(server, tmp_path, path):
    with watching(tmp_path, server + path):
        wait_for(tmp_path, "1\n")


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


def test_a_server_that_hangs_is_noticed_and_so_is_its_return(tmp_path):
    code = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); from test_watch import serve; serve()"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as http:
        try:
            port = http.stdout.readline().strip()
            with watching(tmp_path, f"http://127.0.0.1:{port}/", timeout=0.2):
                wait_for(tmp_path, "0\n")
                http.send_signal(signal.SIGSTOP)
                wait_for(tmp_path, "1\n")
                http.send_signal(signal.SIGCONT)
                wait_for(tmp_path, "0\n")
        finally:
            http.send_signal(signal.SIGCONT)
            http.kill()


def serve():
    """Serve in a process of its own, which the test can stop."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as http:
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
        with watching(tmp_path, f"http://127.0.0.1:{listener.getsockname()[1]}/", timeout=0.01, rise=1, silence=False):
            wait_for(tmp_path, "1\n")
        thread.join(PATIENCE)
    assert said == ["0\n"] * 19


def test_one_answer_that_fails_decides_nothing(tmp_path):
    """Of three questions the first is cut off; as the next one is answered in time, it must never be said that the server is not well."""
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
    assert [line.removeprefix(url).strip() for line in said] == ["answers", "does not answer"]
