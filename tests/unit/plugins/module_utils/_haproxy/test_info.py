# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is read out of HAProxy's answers."""

from __future__ import annotations

import os

import pytest
from ansible_collections.evenkeel.ha_web.plugins.module_utils._haproxy.info import (
    certificate,
    ended_workers,
    facts,
    is_loaded,
    list_pattern_files,
    listeners,
    log_errors,
    max_reloads,
    shared_digest,
    state,
    summarize_pattern_file,
)
from ansible_collections.evenkeel.ha_web.plugins.module_utils._host.run import run
from samples.rendered import render

ABOUT = "Name: HAProxy\nVersion: 2.6.12-1+deb12u4\nUptime: 0d 0h00m08s\nUptime_sec: 8\nCurrConns: 0\n"
CERTIFICATE = """\
Filename: /etc/haproxy/certs/shop.pem
Status: Used
Serial: 0102
notBefore: Nov 26 08:00:00 2026 GMT
notAfter: Dec  6 08:00:00 2026 GMT
Subject Alternative Name: DNS:shop.example.com, DNS:*.shop.example.com, IP Address:192.0.2.10
Algorithm: EC256
SHA1 FingerPrint: AB
Subject: /CN=shop.example.com
Issuer: /CN=shop.example.com
"""


def test_the_lines_of_an_answer():
    assert facts(ABOUT)["Version"] == "2.6.12-1+deb12u4"
    assert facts(ABOUT)["Uptime_sec"] == "8"
    assert facts("") == {}


@pytest.mark.parametrize(("now", "days"), [(1796544000 - 86400 * 10, 10), (1796544000 - 1, 0), (1796544000 + 1, -1)])
def test_a_certificate(now, days):
    assert certificate("/etc/haproxy/certs/shop.pem", CERTIFICATE, now) == {
        "file": "/etc/haproxy/certs/shop.pem",
        "subject": "/CN=shop.example.com",
        "names": ["shop.example.com", "*.shop.example.com", "192.0.2.10"],
        "expires": "2026-12-06T08:00:00Z",
        "days_left": days,
    }


def test_a_certificate_without_an_end():
    assert certificate("/etc/haproxy/empty.pem", "Filename: x\nStatus: Empty\n", 0)["expires"] == ""


def test_the_errors_of_the_log_daemon():
    full = "rsyslogd: file '/var/log/haproxy/access.log'[6] write error - OS error: No space left on device"
    said = f"{full} [v8.2302.0 try https://www.rsyslog.com/e/2027 ]\n" * 2
    assert log_errors(lambda argv: (0, said, "")) == [full]
    lost = "action 'x' message lost, could not be processed. Check for additional error messages before this one."
    assert log_errors(lambda argv: (0, f"{lost}\n{said}", "")) == [full]
    assert log_errors(lambda argv: (0, lost, "")) == [lost]
    assert log_errors(lambda argv: (0, "", "")) == []


MAPS = """\
# id (file) description
-1 (/etc/haproxy/hosts.map) pattern loaded from file '/etc/haproxy/hosts.map' used by map at file 'haproxy.cfg' line 9
-1 (/etc/haproxy/hosts.map) pattern loaded from file '/etc/haproxy/hosts.map' used by map at file 'haproxy.cfg' line 12
2 () acl 'path' file 'haproxy.cfg' line 4. curr_ver=0 next_ver=0 entry_cnt=1
3 (/etc/haproxy/banned.lst) pattern loaded from file '/etc/haproxy/banned.lst'. curr_ver=0 next_ver=0 entry_cnt=0
"""


def test_the_files_with_patterns():
    assert list_pattern_files(MAPS.replace("-1", "1")) == ["/etc/haproxy/hosts.map", "/etc/haproxy/banned.lst"]


def test_entries_in_another_order_and_at_other_addresses_are_the_same():
    one = summarize_pattern_file("map", "x", "0x1 a.example.com web\n0x2 b.example.com api\n")
    assert one == summarize_pattern_file("map", "x", "0x8 b.example.com api\n0x9 a.example.com web\n\n")
    assert one["entries"] == 2
    assert one["digest"] != summarize_pattern_file("map", "x", "0x1 a.example.com web\n")["digest"]


def test_the_listeners_by_process_or_by_unit():
    printed = """\
LISTEN 0 4096 127.0.0.1:8405 0.0.0.0:* ino:1 sk:1 cgroup:/system.slice/haproxy.service <->
LISTEN 0 4096 127.0.0.11:46123 0.0.0.0:* ino:2 sk:2 cgroup:unreachable:1 <->
LISTEN 0 4096 [::]:443 [::]:* users:(("haproxy",pid=397,fd=10)) ino:3 sk:3
LISTEN 0 4096 0.0.0.0:80 0.0.0.0:* ino:5 sk:5 cgroup:/haproxy.slice/docker-f1c6.scope <->
LISTEN 0 128 0.0.0.0:22 0.0.0.0:* users:(("sshd",pid=1,fd=3)) ino:4 sk:4 cgroup:/system.slice/ssh.service <->
"""
    assert listeners(printed) == ["0.0.0.0:80", "127.0.0.1:8405", "[::]:443"]


def test_where_nobody_listens_no_haproxy_runs(tmp_path):
    socket = str(tmp_path / "none.sock")
    assert state(socket, socket, str(tmp_path / "none"), run=None) == {
        "running": False,
        "configuration": {"digest": "", "pending": "", "unconfined": False, "shared": ""},
    }


CONFIGURATION = """# lb1
global
    maxconn {maxconn}
    localpeer {name}
frontend http
    bind {address}:80
peers all
    peer lb1 192.0.2.11:1024
{more}"""


@pytest.mark.parametrize(("more", "same"), [("", True), ("# by hand\n", True), ("    maxconn 5\n", False)])
def test_the_nodes_have_a_checksum_in_common(tmp_path, more, same):
    sums = []
    for name, address, maxconn, added in (("lb1", "192.0.2.11", 30000, ""), ("lb2", "192.0.2.12", 15000, more)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "haproxy.cfg").write_text(
            CONFIGURATION.format(name=name, address=address, maxconn=maxconn, more=added)
        )
        printed = f'[{{"ifname": "eth0", "addr_info": [{{"local": "{address}"}}]}}]'
        sums.append(shared_digest(tmp_path / name, lambda argv, printed=printed: (0, printed, "")))
    assert (sums[0] == sums[1]) is same


def test_releases_of_a_distribution_have_the_same_checksum(tmp_path):
    """An upgrade of one node after the other is no deviation."""
    variables = {
        "haproxy_frontends": [{"name": "web", "binds": [{"port": 443, "certificates": ["www.pem"]}]}],
        "haproxy_files": [{"path": "www.pem", "content": "-", "mode": "0600", "sensitive": True}],
        "haproxy_backends": [{"name": "web", "servers": [{"name": "web1", "address": "192.0.2.21", "port": 80}]}],
    }
    texts, sums = set(), set()
    for release in ("12", "13", "14"):
        (text,) = render("haproxy", variables, distribution="Debian", distribution_major_version=release).values()
        (tmp_path / release).mkdir()
        (tmp_path / release / "haproxy.cfg").write_text(text, encoding="utf-8")
        texts.add(text)
        sums.add(shared_digest(tmp_path / release, lambda _argv: (0, "[]", "")))
    assert len(texts) == 2
    assert len(sums) == 1


@pytest.mark.parametrize(
    ("said", "count"),
    [
        ("", 0),
        ("[NOTICE] (8) : New worker (26) forked\n[WARNING] (8) : Former worker (10) exited with code 0 (Exit)\n", 0),
        (
            "[NOTICE] (8) : New worker (26) forked\n"
            + 2 * "[WARNING] (8) : Former worker (10) exited with code 143 (Terminated)\n",
            2,
        ),
        ("[WARNING] (10) : soft-stop running for too long, performing a hard-stop.\n", 1),
        # The next reload begins anew.
        ("Former worker (10) exited with code 143 (Terminated)\n[NOTICE] (8) : New worker (26) forked\n", 0),
    ],
)
def test_old_workers_that_were_ended_since_the_last_reload(said, count):
    assert ended_workers(said) == count


@pytest.mark.parametrize(
    ("text", "number"), [("global\n    mworker-max-reloads 50\n", 50), ("# mworker-max-reloads 50\n", 0)]
)
def test_the_number_of_reloads_that_a_worker_survives(tmp_path, text, number):
    assert max_reloads(tmp_path) == 0
    (tmp_path / "haproxy.cfg").write_text(text, encoding="utf-8")
    assert max_reloads(tmp_path) == number


def test_files_are_those_that_haproxy_has_read_until_one_is_edited_or_replaced(tmp_path):
    """As the unit writes it down, whatever a clock says."""
    directory, noted = tmp_path / "haproxy", tmp_path / "loaded"
    directory.mkdir()
    (directory / "haproxy.cfg").write_text("global\n", encoding="utf-8")
    assert not is_loaded(noted, str(directory), run)
    command = ["find", f"{directory}/", "-type", "f", "-printf", "%P %i %C@\n"]
    noted.write_text(run(command)[1], encoding="utf-8")
    assert is_loaded(noted, str(directory), run)
    (directory / "haproxy.cfg").unlink()
    (directory / "haproxy.cfg").write_text("global\n", encoding="utf-8")
    os.utime(directory / "haproxy.cfg", (0, 0))
    assert not is_loaded(noted, str(directory), run)
