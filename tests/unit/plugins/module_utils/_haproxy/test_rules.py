# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the host has to have for a configuration, asked of this machine."""

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.module_utils._haproxy.rules import findings
from ansible_collections.evenkeel.ha_web.plugins.module_utils._host.system import KERNEL, Host

NONLOCAL = {"net.ipv4.ip_nonlocal_bind": "1", "net.ipv6.ip_nonlocal_bind": "1"}

FINE = [
    "bind *:80 interface lo",
    "bind 127.0.0.1:80,127.0.0.2:80",
    "bind :80",
    "bind 192.0.2.9:80 transparent",
    "bind 192.0.2.9:80 namespace red interface nosuch0",
    "bind ${ADDRESS}:80 interface ${DEVICE}",
    "bind unix@/run/haproxy/shop.sock",
    "server interface 192.0.2.9:80 check",
    "server source 192.0.2.9:80 check",
    "server a 192.0.2.9:80 # source 192.0.2.9",
    "server a 192.0.2.9:80 source 0.0.0.0 interface lo",
    "server a 192.0.2.9:80 source 192.0.2.9 namespace red",
    "source 0.0.0.0 usesrc clientip",
    "source 192.0.2.9 usesrc client",
    "source 127.0.0.1:1024-65535",
    ".if defined(RED)\n bind *:80 interface nosuch0\n .if defined(BLUE)\n .endif\n chroot /nonexistent\n.endif",
    "chroot /",
    "chroot ${DIRECTORY}",
]

MISSING = [
    ("bind *:80 interface nosuch0", "no interface nosuch0"),
    ("bind 127.0.0.1:80 ssl interface 'nosuch0'", "no interface nosuch0"),
    ("default-server check source 0.0.0.0 interface nosuch0", "no interface nosuch0"),
    ("server-template web 1-3 shop.example:80 source 0.0.0.0 interface nosuch0", "no interface nosuch0"),
    ("chroot /nonexistent", "the directory /nonexistent does not exist"),
    ("chroot /dev/null", "the directory /dev/null does not exist"),
]

NOT_LOCAL = [
    ("bind 192.0.2.9:80", "cannot bind to 192.0.2.9"),
    ("bind 127.0.0.1:80,192.0.2.9:80", "cannot bind to 192.0.2.9"),
    ("bind [2001:db8::9]:80", "cannot bind to 2001:db8::9"),
    ("bind 2001:db8::9:80", "cannot bind to 2001:db8::9"),
    ("source 192.0.2.9:1024-65535", "cannot bind to 192.0.2.9"),
    ("server a 127.0.0.1:80 source ipv4@192.0.2.9", "cannot bind to 192.0.2.9"),
]


def look_at(line, tmp_path, **parameters):
    (tmp_path / "haproxy.cfg").write_text(f"global\n  {line}\n")
    return findings(str(tmp_path / "haproxy.cfg"), Host(**parameters))


@pytest.mark.parametrize("line", FINE)
def test_fine(line, tmp_path):
    assert look_at(line, tmp_path) == []


def check(line, words, tmp_path):
    (finding,) = look_at(line, tmp_path)
    assert (finding.severity, finding.file, finding.line, finding.source) == (
        "alert",
        str(tmp_path / "haproxy.cfg"),
        2,
        line,
    )
    assert words in finding.message


@pytest.mark.parametrize(("line", "words"), MISSING)
def test_missing(line, words, tmp_path):
    check(line, words, tmp_path)


@pytest.mark.parametrize(("line", "words"), NOT_LOCAL)
def test_not_local(line, words, tmp_path):
    if any(KERNEL.joinpath(f"net/{version}/ip_nonlocal_bind").read_text() == "1\n" for version in ("ipv4", "ipv6")):
        pytest.skip("this host lets anybody bind to every address")
    check(line, words, tmp_path)


@pytest.mark.parametrize("line", [row[0] for row in NOT_LOCAL])
def test_the_set_may_let_the_host_bind_to_every_address(line, tmp_path):
    assert look_at(line, tmp_path, parameters=NONLOCAL) == []
