"""Where the logs are: in the journal, and where rsyslog is installed in a file that is rotated."""

from __future__ import annotations

from cluster import ask, lab_host, stopped, wait_until
from conftest import VIP


def journal(host: str, words: str) -> str:
    return lab_host(host).run("journalctl --unit haproxy --output cat --grep %s", words).stdout


def test_the_journal_has_requests(holder):
    assert ask(f"http://{VIP}/in-the-journal").status == 404
    wait_until(lambda: "/in-the-journal" in journal(holder, "in-the-journal"), "the request is in the journal")
    assert "www web/web1" in journal(holder, "in-the-journal")


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


def test_with_rsyslog_haproxy_has_a_file_that_is_rotated_while_it_runs(holder):
    host = lab_host(holder)

    def written() -> str:
        return host.run("cat /var/log/haproxy.log").stdout

    host.check_output("DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet rsyslog logrotate")
    ask(f"http://{VIP}/before-the-rotation")
    wait_until(lambda: "/before-the-rotation" in written(), "the request is in the file")
    host.check_output("logrotate --force /etc/logrotate.d/haproxy")
    ask(f"http://{VIP}/after-the-rotation")
    wait_until(lambda: "/after-the-rotation" in written(), "the request is in the new file")
    assert "/before-the-rotation" in host.file("/var/log/haproxy.log.1").content_string
    assert "/before-the-rotation" not in written()
    host.check_output("systemctl restart haproxy")
    wait_until(lambda: host.run("curl --silent http://localhost/after-the-restart").succeeded, "haproxy answers again")
    wait_until(lambda: "/after-the-restart" in written(), "it writes to the file as before")
