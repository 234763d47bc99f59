"""What an inventory writes means what HAProxy makes of it: nothing of the role supersedes it, stands inside of its
conditions, or lets it work until the next start only."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator

import pytest
from cluster import ask, between, lab_host, wait_until
from controller import good, ignored, playbook, roles
from faults import running

pytestmark = [pytest.mark.once, pytest.mark.long]
NAME = "lb2"
ECHO = "socat TCP-LISTEN:9009,bind=127.0.0.1,fork,reuseaddr EXEC:cat"
SERVER = {"name": "echo", "address": "127.0.0.1", "port": 9009, "options": {"check": False}}
ENDS = ["timeout client 1s", "timeout server 1000"]
SHOWS = 'http-request return status 200 content-type text/plain lf-string "<%[req.hdr(X-Forwarded-Host)]>"'
WRITTEN = {
    "haproxy_chroot": "",
    "haproxy_writable_paths": ["/srv/sockets"],
    "haproxy_global_lines": ["insecure-fork-wanted", "external-check", "stats socket /srv/sockets/more.sock mode 600"],
    "haproxy_frontends": [
        {"name": "if_true", "binds": [{"port": 7003}], "lines": [".if version_atleast(2.6)", SHOWS, ".endif"]},
        {"name": "if_false", "binds": [{"port": 7004}], "lines": [".if defined(NO)", SHOWS, ".endif", SHOWS]},
    ],
    "haproxy_backends": [
        {
            "name": "checked",
            "lines": ["option external-check", "external-check command /bin/true"],
            "servers": [{**SERVER, "options": {}}],
        }
    ],
    "haproxy_listens": [
        {"name": "ends", "mode": "tcp", "binds": [{"port": 7001}], "servers": [SERVER], "lines": ENDS},
        {
            "name": "stays",
            "mode": "tcp",
            "binds": [{"port": 7002}],
            "servers": [SERVER],
            "lines": [*ENDS, "timeout tunnel 1h"],
        },
    ],
}


@pytest.fixture(scope="module", autouse=True)
def deployed(tmp_path_factory) -> Iterator[None]:
    """A node that has deployed all that, and has been started anew."""
    folder = tmp_path_factory.mktemp("play")
    with running(NAME, "evenkeel-echo", ECHO), between(NAME, "mkdir -p /srv/sockets", "rm -r /srv/sockets"):
        try:
            # What a running haproxy may write to, its last start has decided.
            for variables in ({"haproxy_writable_paths": WRITTEN["haproxy_writable_paths"]}, WRITTEN):
                assert ignored(good(roles(folder, {NAME: ["haproxy"]}, json.dumps(variables)))) == [0]
                lab_host(NAME).check_output("systemctl restart haproxy")
            yield
        finally:
            assert ignored(good(roles(folder, {NAME: ["haproxy"]}, "{}"))) == [0]


def test_idle_connections_of_mode_tcp_end_after_the_timeouts_of_the_inventory(prefix):
    with (
        socket.create_connection((f"{prefix}.12", 7001), timeout=20) as ends,
        socket.create_connection((f"{prefix}.12", 7002), timeout=20) as stays,
    ):
        for connection in (ends, stays):
            connection.sendall(b"one\n")
            assert connection.recv(4) == b"one\n"
        assert ends.recv(1) == b""
        stays.sendall(b"two\n")
        assert stays.recv(4) == b"two\n"


@pytest.mark.parametrize("port", [7003, 7004])
def test_a_forged_header_does_not_pass_whatever_the_conditions_are(prefix, port):
    assert ask(f"http://{prefix}.12:{port}/", X_Forwarded_Host="evil.example.com").text == "<>"


def test_a_program_outside_of_a_chroot_checks_servers():
    status = "echo 'show stat checked 4 -1' | socat - /run/haproxy/admin.sock | cut -d, -f18 | tail -n +2"
    wait_until(lambda: lab_host(NAME).check_output(status).strip() == "UP", "the server is UP")


def test_a_socket_in_a_directory_that_was_made_writable_is_there_after_a_start():
    said = lab_host(NAME).check_output("echo show version | socat - /srv/sockets/more.sock")
    assert said.strip() == lab_host(NAME).check_output("echo show version | socat - /run/haproxy/admin.sock").strip()


def test_web_servers_whose_site_redirects_everybody_are_deployed_one_by_one():
    line = "if ($http_x_forwarded_proto != 'https') { return 301 https://$host$request_uri; }"
    site = {"name": "web", "listens": ["80 default_server"], "lines": [line]}
    try:
        good(playbook("deploy_web_servers", nginx_sites=[site]))
        ask_web1 = "curl --silent --output /dev/null --write-out '%{http_code}' http://127.0.0.1"
        assert [lab_host("web1").check_output(ask_web1 + path) for path in ("/", "/healthz")] == ["301", "200"]
    finally:
        good(playbook("deploy_web_servers"))
