"""Nothing that matters is lost, access logs are complete, and no log stops a request. LOG_DEATHS says how often a web
server dies under full load."""

from __future__ import annotations

import json
import os
import re
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import pytest
from certificates import certificate
from cluster import ask, between, haproxy_info, lab_host, wait_until
from conftest import LOAD_BALANCERS, VIP
from controller import good, playbook, words
from faults import running
from loads import KEPT, Load, loaded, succeeded

DEATHS = int(os.environ.get("LOG_DEATHS", "10"))
UNIT = "haproxy-access-log"
FOLDER = "/var/log/haproxy"
MANY = 100_000
FEW = 3_000
CENTRAL = f"{os.environ['LAB_PREFIX']}.21"
"""web1, which has log servers for one story."""


def requests(number: int, word: str) -> Load:
    """Return a load of so many requests over kept connections, each with the word in its URI."""
    return Load(word, f"h2load --h1 --clients={min(number, 50)} --requests={number} http://$VIP:80/\\?{word}")


@pytest.fixture
def word() -> str:
    """A word that no other request has."""
    return f"story{time.time_ns()}"


def count_lines(host: str, word: str) -> int:
    """Return how many lines of the access log, old files included, have the word in their URI."""
    return int(lab_host(host).check_output(f"cat {FOLDER}/access.log* | grep --count '/?{word}[ \"]' || true"))


def dropped(host: str) -> int:
    """Return how many lines the worker that runs now has dropped."""
    return int(haproxy_info(lab_host(host))["DroppedLogs"])


def test_every_request_has_its_line_at_full_speed(owner, word):
    """Files are full and begun anew meanwhile; scenario overload has small ones."""
    before = dropped(owner)
    assert succeeded(requests(MANY, word), VIP) == MANY
    wait_until(lambda: count_lines(owner, word) >= MANY, "all lines")
    assert count_lines(owner, word) == MANY
    assert dropped(owner) == before
    files = lab_host(owner).check_output(f"find {FOLDER} -type f -printf '%f %u:%g %m\\n'").splitlines()
    assert len(files) > 2
    assert {line.split(" ", 1)[1] for line in files} == {"root:adm 640"}


def test_every_request_has_its_line_whatever_is_rotated_and_reloaded(owner, word):
    rotate = "logrotate --force /etc/logrotate.d/haproxy-access-log"
    often = f"while :; do {rotate}; sleep 1; systemctl reload haproxy; sleep 1; done"
    with running(owner, "rotations", f"/bin/sh -c '{often}'"):
        assert succeeded(requests(MANY, word), VIP) == MANY
    wait_until(lambda: count_lines(owner, word) >= MANY, "all lines")
    assert count_lines(owner, word) == MANY


def count_reports(host: str, state: str) -> int:
    """Return how often haproxy has reported this state of web2 to the journal."""
    said = f"journalctl --unit haproxy _TRANSPORT=syslog --output cat --grep 'Server web/web2 is {state}' | wc -l"
    return int(lab_host(host).check_output(said))


def has_reported_more(host: str, state: str, number: int) -> bool:
    """Return whether haproxy has reported it more often."""
    return count_reports(host, state) > number


def test_a_web_server_that_dies_under_full_load_is_always_reported(owner):
    # systemd starts it again unless it has been told to stop it, and only so often.
    kill = "systemctl stop --no-block nginx && systemctl kill --signal=KILL nginx; systemctl stop nginx"
    start = "systemctl reset-failed nginx; systemctl start nginx"
    with loaded(KEPT, VIP):
        for number in range(1, DEATHS + 1):
            died, back = count_reports(owner, "DOWN"), count_reports(owner, "UP")
            with between("web2", kill, start):
                wait_until(partial(has_reported_more, owner, "DOWN", died), f"report {number} of a death")
            wait_until(partial(has_reported_more, owner, "UP", back), f"report {number} of a return")
    assert "Suppressed" not in lab_host(owner).check_output("journalctl --unit systemd-journald --output cat")


def test_a_log_daemon_that_hangs_stops_no_request_and_haproxy_counts_what_is_lost(owner, word):
    before = dropped(owner)
    freeze = "systemctl kill --signal={} " + UNIT
    with between(owner, freeze.format("STOP"), freeze.format("CONT")):
        assert succeeded(requests(FEW, word), VIP) == FEW
    lost = dropped(owner) - before
    assert 0 < lost < FEW
    wait_until(lambda: count_lines(owner, word) == FEW - lost, "the lines that the socket had room for")


def test_a_log_daemon_that_is_killed_loses_nothing_that_waits_for_it(owner, word):
    lab_host(owner).check_output(f"systemctl kill --signal=KILL {UNIT}")
    assert succeeded(requests(200, word), VIP) == 200
    wait_until(lambda: count_lines(owner, word) == 200, "the lines of the time without a log daemon")


@pytest.fixture
def full_disk(owner) -> Iterator[None]:
    """The log daemon writes to a disk of 64 kB."""
    again = f"systemctl restart {UNIT}"
    with between(owner, f"mount -t tmpfs -o size=64k full {FOLDER} && {again}", f"umount {FOLDER} && {again}"):
        yield


def test_a_full_disk_stops_no_request_and_is_reported(owner, word, full_disk):
    assert succeeded(requests(FEW, word), VIP) == FEW
    wait_until(
        lambda: lab_host(owner).run(f"journalctl --unit {UNIT} --priority err --grep 'No space left'").rc == 0,
        "the report of the log daemon",
    )
    assert "No space left" in playbook("check_cluster").stdout


@contextmanager
def central() -> Iterator[str]:
    """web1 takes what is sent to it by UDP, TCP and TLS; the text is the certificate of its authority."""
    whole = certificate("logs.example.com")
    lab_host("web1").check_output("umask 077; mkdir -p /run/central; printf %%s %s > /run/central/server.pem", whole)
    tls = "OPENSSL-LISTEN:6514,fork,reuseaddr,cert=/run/central/server.pem,verify=0"
    with (
        running("web1", "central-udp", "socat -u UDP-RECV:514 OPEN:/run/central/udp,creat,append"),
        running("web1", "central-tcp", "socat -u TCP-LISTEN:601,fork,reuseaddr OPEN:/run/central/tcp,creat,append"),
        running("web1", "central-tls", f"socat -u {tls} OPEN:/run/central/tls,creat,append"),
    ):
        yield whole[whole.index("-----BEGIN CERTIFICATE") :]
    lab_host("web1").check_output("rm -r /run/central")


EVIL = {
    "quotes": (b'/"\\', b'a"b\\c'),
    "control characters": (b"/%0a", b"a\x01b\tc"),
    "no UTF-8": (b"/%ff", b"\xff\xc3\xa9"),
    "formats": (b"/%{+E}'[x]", b"%[env(HOME)]"),
    "long": (b"/" + b'"' * 2_000, b'"' * 3_000),
}


def send(path: bytes, host: str, agent: bytes) -> None:
    """Send a request as it is over a connection of its own, and read the answer."""
    with socket.create_connection((VIP, 80), timeout=5) as connection:
        connection.sendall(
            b"GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: %s\r\nConnection: close\r\n\r\n" % (path, host.encode(), agent)
        )
        while connection.recv(4096):
            pass


@pytest.mark.long
def test_json_is_json_whatever_clients_send_and_log_servers_get_it_too(owner, word):
    with central() as authority:
        for name in LOAD_BALANCERS:
            lab_host(name).check_output("printf %%s %s > /etc/ssl/central.pem", authority)
        servers = [
            {"address": CENTRAL},
            {"address": CENTRAL, "port": 601, "protocol": "tcp", "format": "rfc3164"},
            {
                "address": CENTRAL,
                "port": 6514,
                "protocol": "tls",
                "ca_file": "/etc/ssl/central.pem",
                "name": "logs.example.com",
            },
        ]
        good(playbook("site", haproxy_access_log_format="json", haproxy_log_servers=servers))
        for path, agent in EVIL.values():
            send(path, f"host-{word}", agent)
        end = requests(1, word)
        assert succeeded(end, VIP) == 1
        written = f"cat {FOLDER}/access.log"
        wait_until(lambda: f"/?{word}" in lab_host(owner).check_output(written), "the last line")
        lines = [json.loads(line) for line in lab_host(owner).check_output(written).splitlines() if line[0] == "{"]
        agents = [line["user_agent"] for line in lines if line["host"] == f"host-{word}"]
        assert agents == ['a"b\\c', "a\x01b\tc", "é", "%[env(HOME)]", '"' * 256]
        for kind in ("udp", "tcp", "tls"):
            wait_until(lambda kind=kind: f"/?{word}" in received(kind), f"the last line by {kind}")
        assert re.search(r"<134>1 \S+T\S+ \S+ haproxy \d+ - -  ?{", received("udp"))
        assert re.search(r"^\d+ <134>1 ", received("tls"), re.MULTILINE)
        assert re.search(r"<134>\w{3} [ \d]\d [\d:]{8} ", received("tcp"))
    assert "log-format" in lab_host(owner).check_output("cat /etc/haproxy/haproxy.cfg")


def received(kind: str) -> str:
    """What web1 has received this way."""
    return lab_host("web1").run(f"cat /run/central/{kind}").stdout


def test_a_configuration_that_the_log_daemon_refuses_changes_nothing(owner, tmp_path):
    """Only what rsyslogd itself finds: an address that is quoted is checked before."""
    host = lab_host(owner)
    before = host.check_output("cat /etc/haproxy/rsyslog.conf")
    broken = {"path": "rsyslog.conf", "content": 'global(abortOnUncleanConfig="on")\ninput(nonsense)\n'}
    frontend = {"name": "www", "binds": [{"port": 80}], "default_backend": "web"}
    variables = {"haproxy_access_log": [], "haproxy_files": [broken], "haproxy_frontends": [frontend]}
    done = playbook("site", "--limit", owner, **variables)
    assert done.returncode
    assert "/etc/haproxy/rsyslog.conf:2: syntax error" in words(done)
    assert "> input(nonsense)" in words(done)
    assert host.check_output("cat /etc/haproxy/rsyslog.conf") == before


@pytest.mark.long
def test_without_an_access_log_nothing_of_the_log_daemon_is_left(owner):
    host = lab_host(owner)
    good(playbook("site", haproxy_access_log=[]))
    for unit in (f"{UNIT}.socket", f"{UNIT}.service"):
        assert not host.service(unit).is_running
        assert not host.file(f"/etc/systemd/system/{unit}").exists
    for path in ("/etc/logrotate.d/haproxy-access-log", "/var/lib/haproxy/log/access"):
        assert not host.file(path).exists
    assert ask(f"http://{VIP}/").status == 200
    good(playbook("site"))
    assert host.service(f"{UNIT}.service").is_running
