# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What rules ask of the host, asked of this machine."""

from __future__ import annotations

import os
import pwd

import pytest
from ansible_collections.evenkeel.ha_web.plugins.module_utils._host.system import (
    Host,
    host_addresses,
    kernel_parameter,
    parameter_file,
)

ME = pwd.getpwuid(os.geteuid())


@pytest.fixture
def host(tmp_path):
    """A set for C(live) that stands in C(staged)."""
    for name in ("staged", "staged/sites", "live"):
        (tmp_path / name).mkdir()
    (tmp_path / "staged/sites/b.conf").write_text("first\nsecond")
    (tmp_path / "staged/sites/a.conf").symlink_to("b.conf")
    (tmp_path / "live/old.conf").write_text("old")
    live = str(tmp_path / "live")
    return Host(lambda path: path.replace(live, str(tmp_path / "staged")), {"net.ipv4.ip_forward": "9"})


def test_files_of_a_staged_set_have_their_final_names(host, tmp_path):
    live = f"{tmp_path}/live"
    assert host.read(f"{live}/sites/b.conf") == "first\nsecond"
    assert host.first_line(f"{live}/sites/b.conf") == "first\n"
    assert host.readlink(f"{live}/sites/a.conf") == "b.conf"
    assert host.lstat(f"{live}/sites/b.conf").st_size == len("first\nsecond")
    assert host.matches(f"{live}/sites/*.conf") == [f"{live}/sites/a.conf", f"{live}/sites/b.conf"]
    assert host.matches(f"{live}/s*/b.conf") == [f"{live}/sites/b.conf"]
    assert host.matches(f"{live}/old.conf") == []
    with pytest.raises(FileNotFoundError):
        host.read(f"{live}/old.conf")


def test_ids():
    assert Host().ids(ME.pw_name) == (ME.pw_uid, ME.pw_gid)
    assert Host().ids(ME.pw_name, "root") == (ME.pw_uid, 0)
    for names, message in [
        (["no-such-user"], "there is no user no-such-user"),
        (["root", "no-such-group"], "there is no group no-such-group"),
    ]:
        with pytest.raises(KeyError, match=message):
            Host().ids(*names)


def test_interfaces():
    assert "lo" in Host().interfaces()
    assert (Host().has_interface("lo"), Host().has_interface("nosuch0")) == (True, False)


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("net.ipv4.ip_forward", "net/ipv4/ip_forward"),
        ("net.ipv4.conf.eth0/100.arp_ignore", "net/ipv4/conf/eth0.100/arp_ignore"),
    ],
)
def test_where_the_kernel_shows_a_parameter(name, path):
    assert str(parameter_file(name)) == f"/proc/sys/{path}"


def test_a_kernel_parameter_is_what_the_set_makes_of_it(host):
    assert host.parameter("net.ipv4.ip_forward") == "9"
    assert kernel_parameter("net.ipv4.ip_forward") in ("0", "1")
    assert host.parameter("net.ipv4.ip_nonlocal_bind") == kernel_parameter("net.ipv4.ip_nonlocal_bind")
    assert kernel_parameter("no.such.parameter") is None
    assert host.parameter("no.such.parameter") == ""


def test_the_addresses_of_the_host():
    printed = """[{"ifname": "lo", "addr_info": [{"family": "inet", "local": "127.0.0.1", "prefixlen": 8}]},
        {"ifname": "tun0", "addr_info": [{}]},
        {"ifname": "eth0", "addr_info": [{"local": "2001:db8::11", "prefixlen": 64}]}]"""
    assert host_addresses(printed) == [
        {"address": "127.0.0.1", "interface": "lo"},
        {"address": "2001:db8::11", "interface": "eth0"},
    ]
    assert host_addresses("") == []
