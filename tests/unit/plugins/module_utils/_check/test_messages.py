# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A message quotes what a daemon says of itself, and nothing of its clients."""

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.module_utils._check.messages import (
    HAPROXY,
    KEEPALIVED,
    LONGEST,
    MOST,
    NGINX,
    quote_lines,
)
from ansible_collections.evenkeel.ha_web.plugins.module_utils._host.unit import Unit
from ansible_collections.evenkeel.ha_web.plugins.module_utils._transaction import proof
from ansible_collections.evenkeel.ha_web.plugins.module_utils._transaction.proof import Nginx, NotProven

TOKEN = "s3cr3t-token"
ALERT = "[ALERT]    (1539) : Starting frontend www: cannot bind socket (Address already in use) [0.0.0.0:80]"
WARNING = '[WARNING]  (1545) : Server web/web1 is DOWN, reason: Layer4 connection problem, info: "General socket error"'
EMERGENCY = "2026/11/29 18:40:01 [emerg] 812#812: still could not bind()"


@pytest.mark.parametrize(
    "line",
    [
        (
            '192.0.2.9:4242 [29/Nov/2026:18:40:01.123] www web/web1 0/0/1/2/3 200 5 - - ---- 1/1/0/0/0 0/0 "GET '
            f'/error?failed={TOKEN}"'
        ),
        f"<134>Nov 29 18:40:01 haproxy[812]: 192.0.2.9:4242 www web/web1 error failed [ALERT] (1) : {TOKEN}",
        f"GET /[ALERT] (1) : cannot {TOKEN}",
        f"cannot failed error {TOKEN}",
        f" [ALERT]    (1539) : {TOKEN}",
    ],
)
def test_what_clients_send_is_not_a_word_of_haproxy(line):
    assert HAPROXY.select_lines([line]) == []
    assert HAPROXY.select_lines([line, ALERT, WARNING, line]) == [ALERT]
    assert HAPROXY.select_lines([line, WARNING]) == [WARNING]


def test_the_program_that_reloads_haproxy_is_quoted():
    line = "/run/haproxy-reload/lock: waiting for another process that changes servers; lslocks shows which"
    assert HAPROXY.select_lines([line, WARNING]) == [line]


@pytest.mark.parametrize(
    "line",
    [
        (
            '2026/11/29 18:40:01 [error] 812#812: *7 open() "/srv/[emerg]" failed, client: 192.0.2.9, request: "GET '
            f'/?token={TOKEN}"'
        ),
        f"2026/11/29 18:40:01 [crit] 812#812: *7 SSL_do_handshake() failed, client: 192.0.2.9, {TOKEN}",
        f"2026/11/29 18:40:01 [alert] 812#812: *7 {TOKEN}",
        f'192.0.2.9 - - [29/Nov/2026:18:40:01 +0000] "GET /[emerg]?token={TOKEN} HTTP/1.1" 404 125 "-" "failed"',
        f"[emerg] {TOKEN}",
    ],
)
def test_what_clients_send_is_not_a_word_of_nginx(line, tmp_path, monkeypatch):
    assert NGINX.select_lines([line]) == []
    assert NGINX.select_lines([line, EMERGENCY]) == [EMERGENCY]
    log = tmp_path / "error.log"
    log.write_text(f"{EMERGENCY}\n")
    monkeypatch.setattr(proof, "NGINX_ERRORS", log)
    daemon = Nginx(Unit("nginx", lambda argv: (0, "", "")), "")
    daemon.remember()
    with log.open("a") as stream:
        stream.write(f"{line}\n")
    assert daemon.is_proven() is False
    with log.open("a") as stream:
        stream.write(f"{EMERGENCY}\n{line}\n")
    with pytest.raises(NotProven) as raised:
        daemon.is_proven()
    assert str(raised.value) == EMERGENCY


@pytest.mark.parametrize(
    "line", ["nginx: [emerg] unknown directive", "nginx: configuration file /etc/nginx/nginx.conf test failed"]
)
def test_what_nginx_prints_at_its_start_is_quoted(line):
    assert NGINX.select_lines([line]) == [line]


def test_the_lines_of_keepalived_that_complain_are_quoted():
    assert KEEPALIVED.select_lines(["(a) Entering BACKUP STATE", "(Line 3) Unknown keyword", "cannot open"]) == [
        "cannot open"
    ]
    assert KEEPALIVED.select_lines(["(Line 3) Unknown keyword"]) == ["(Line 3) Unknown keyword"]


def test_a_quotation_is_bounded_and_has_neither_secrets_nor_control_characters():
    said = quote_lines([f"line {number} " + "x" * 1000 for number in range(2160)])
    assert len(said.splitlines()) == MOST + 1
    assert said.endswith(f"... and {2160 - MOST} more lines")
    assert max(map(len, said.splitlines())) <= LONGEST + len(" ...")
    assert quote_lines(["a\x1b[31m\tb", "a\x1b[31m\tb"]) == "a?[31m?b"
    assert TOKEN not in quote_lines(
        [f"[ALERT] (1) : user jane insecure-password {TOKEN}", f"Authorization Bearer {TOKEN}"]
    )
    assert quote_lines([]) == ""


def test_the_journal_is_asked_for_the_daemon_and_for_systemd_only():
    asked = []

    def run(argv):
        asked.append(argv)
        return 0, "haproxy.service: Control process exited, code=killed\n" if "_PID=1" in argv else "", ""

    daemon = proof.Haproxy(Unit("haproxy", run), "")
    daemon.cursor = ""
    assert daemon.quote_complaints() == "haproxy.service: Control process exited, code=killed"
    assert [argv[-1] for argv in asked] == ["_TRANSPORT=stdout", "_PID=1"]
