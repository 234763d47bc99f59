"""Where the logs are: reports in the journal, requests in a file."""

from __future__ import annotations

from cluster import ask, lab_host, stopped, wait_until
from conftest import VIP


def journal(host: str, words: str) -> str:
    return lab_host(host).run("journalctl --unit haproxy --output cat --grep %s", words).stdout


def test_a_file_has_requests_and_the_journal_has_none(holder):
    path = "/in-the-access-log"
    assert ask(f"http://{VIP}{path}").status == 404
    found = f"grep --fixed-strings {path} /var/log/haproxy/access.log"
    wait_until(lambda: lab_host(holder).run(found).succeeded, "the request is in the file")
    assert "www web/web1" in lab_host(holder).check_output(found)
    assert path not in journal(holder, path)


def test_the_journal_says_once_that_a_server_is_down(holder):
    """haproxy's master writes it to its standard error besides, with a level in brackets."""

    def told() -> int:
        return len(
            [line for line in journal(holder, "Server web/web1 is DOWN").splitlines() if not line.startswith("[")]
        )

    before = told()
    with stopped("web1", "nginx"):
        wait_until(lambda: told() > before, "the server is reported as down")
    wait_until(lambda: "UP" in journal(holder, "Server web/web1 is UP"), "the server is up again")
    assert told() == before + 1
