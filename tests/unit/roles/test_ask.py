"""The check script ask.sh, with a server of its own."""

from __future__ import annotations

import fcntl
import http.server
import subprocess
import threading
from pathlib import Path

import pytest

ASK = Path(__file__).parents[3] / "roles/keepalived/files/ask.sh"


@pytest.fixture
def server():
    """Answers 200, and counts in C(asked)."""

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.server.asked += 1
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_words: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer) as found:
        found.asked = 0
        thread = threading.Thread(target=found.serve_forever)
        thread.start()
        yield found
        found.shutdown()
        thread.join()


def ask(verdict: Path, port: int) -> int:
    url = f"http://127.0.0.1:{port}/"
    return subprocess.run(["sh", str(ASK), str(verdict), url, "5"], check=False).returncode


def test_an_answer_is_success_and_is_remembered(tmp_path, server):
    verdict = tmp_path / "verdict"
    assert (ask(verdict, server.server_port), server.asked, verdict.read_text()) == (0, 1, "0\n")


def test_nobody_who_listens_is_a_failure_and_is_remembered(tmp_path):
    verdict = tmp_path / "verdict"
    verdict.write_text("0\n")
    assert (ask(verdict, 1), verdict.read_text()) == (1, "1\n")


@pytest.mark.parametrize(("last", "status"), [("0\n", 0), ("1\n", 1), ("", 1)])
def test_beside_another_run_the_last_verdict_is_repeated_and_nobody_is_asked(tmp_path, server, last, status):
    verdict = tmp_path / "verdict"
    verdict.write_text(last)
    with open(verdict, "a", encoding="ascii") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        assert (ask(verdict, server.server_port), server.asked, verdict.read_text()) == (status, 0, last)
