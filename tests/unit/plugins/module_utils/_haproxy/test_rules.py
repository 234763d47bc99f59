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


CONFINED = """
[Service]
ProtectSystem=strict
ProtectHome=yes
ReadWritePaths=/run {writable}
CapabilityBoundingSet=CAP_CHOWN
"""
DROP_IN = "/etc/systemd/system/haproxy.service.d/confinement.conf"


def confined(line, tmp_path, writable="", contained=False):
    """The findings for a service that is confined as the role confines it."""
    drop_in = tmp_path / "confinement.conf"
    drop_in.write_text(CONFINED.format(writable=writable))
    host = Host(lambda path: {DROP_IN: str(drop_in)}.get(path, path), added=[DROP_IN], contained=contained)
    (tmp_path / "haproxy.cfg").write_text(line.replace("TMP", str(tmp_path)))
    return findings(str(tmp_path / "haproxy.cfg"), host)


UNREACHABLE = [
    ("stats socket TMP/x.sock level admin", 1, ["may not create the socket", "haproxy_writable_paths"]),
    ("\nbind unix@TMP/x.sock mode 600", 2, ["may not create the socket", "use a directory below /run"]),
    ("bind :80,TMP/x.sock", 1, ["may not create the socket"]),
    ("unix-bind prefix TMP\nbind /x.sock", 2, ["may not create the socket"]),
    ("stats socket /nonexistent/x.sock", 1, ["the directory /nonexistent does not exist"]),
    ("source 0.0.0.0 usesrc clientip", 1, ["'usesrc' needs CAP_NET_ADMIN", "haproxy_confined"]),
    ("server a 127.0.0.1:80 namespace red", 1, ["'namespace' needs CAP_SYS_ADMIN"]),
    ("chroot TMP\nexternal-check command /bin/true", 2, ["inside of its chroot", "haproxy_chroot: ''"]),
    ("chroot TMP/\nserver a unix@/run/a.sock check", 2, ["/run does not exist", "haproxy_chroot: ''"]),
    ("chroot TMP\nserver a /run/a.sock check", 2, ["/run does not exist"]),
]
REACHABLE = [
    "stats socket /run/haproxy/x.sock",
    "stats socket ${HERE}/x.sock",
    "stats socket ipv4@127.0.0.1:9999",
    "bind abns@shop",
    "unix-bind prefix /run/\nbind x.sock",
    "chroot TMP\nserver a unix@/a.sock",
    "chroot TMP\nserver a 127.0.0.1:80",
    "external-check command /bin/true\nserver a /run/a.sock",
    ".if defined(A)\nstats socket /tmp/x.sock\n.endif",
]


@pytest.mark.parametrize(("line", "number", "words"), UNREACHABLE)
def test_what_the_service_or_its_chroot_keeps_from_haproxy_is_found_before_a_start_fails(line, number, words, tmp_path):
    (finding,) = confined(line, tmp_path)
    assert (finding.severity, finding.line) == ("alert", number)
    assert [word for word in words if word not in finding.message] == [], finding.message
    assert confined(line, tmp_path, contained=True) == []


@pytest.mark.parametrize("line", REACHABLE)
def test_what_haproxy_reaches_is_fine(line, tmp_path):
    assert confined(line, tmp_path) == []


def test_paths_may_be_made_writable(tmp_path):
    assert confined("stats socket TMP/x.sock", tmp_path, writable=str(tmp_path)) == []


def test_a_program_in_the_chroot_is_fine(tmp_path):
    program = tmp_path / "check"
    program.write_text("")
    program.chmod(0o755)
    assert confined("chroot TMP\nexternal-check command /check", tmp_path) == []
