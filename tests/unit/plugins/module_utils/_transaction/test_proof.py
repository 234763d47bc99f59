# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is known to harm is found before the daemon tries it."""

from __future__ import annotations

import json
import socket

import pytest
from ansible_collections.evenkeel.ha_web.plugins.module_utils._host.container import ContainerUnit, Image
from ansible_collections.evenkeel.ha_web.plugins.module_utils._host.unit import Unit
from ansible_collections.evenkeel.ha_web.plugins.module_utils._transaction.proof import (
    Bird,
    Haproxy,
    Keepalived,
    Nginx,
    NotProven,
)


def test_a_port_that_is_taken_is_found_in_the_main_file_whatever_its_name(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        (tmp_path / "shop.cfg").write_text(f"frontend web\n    bind 127.0.0.1:{server.getsockname()[1]}\n")
        with pytest.raises(NotProven, match=r"/shop\.cfg:2: cannot bind"):
            Haproxy(Unit("haproxy", list), "", "shop.cfg").refuse_known_harm(tmp_path)


def test_a_port_of_the_host_may_be_taken_where_a_container_has_its_own(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        (tmp_path / "shop.cfg").write_text(f"frontend web\n    bind 127.0.0.1:{server.getsockname()[1]}\n")
        Haproxy(ContainerUnit("haproxy", list, Image("i", ["--network=bridge"])), "", "shop.cfg").refuse_known_harm(
            tmp_path
        )


@pytest.mark.parametrize(
    ("daemon", "texts", "places"),
    [
        (
            Haproxy,
            {"main.cfg": "frontend a\n    bind *:80,[2001:DB8::1]:81\n    bind /run/a.sock\n    bind :9000-9001\n"},
            {("0.0.0.0", 80), ("2001:db8::1", 81), ("0.0.0.0", 9000), ("0.0.0.0", 9001)},
        ),
        (Haproxy, {"main.cfg": "listen a\n    bind *:80 interface eth1\n", "a.map": "bind *:81\n"}, set()),
        (
            Nginx,
            {"main.cfg": "http {\n include sites.conf;\n}\n", "sites.conf": "listen 80;", "other.conf": "listen 81;"},
            {("0.0.0.0", 80)},
        ),
        (Bird, {"main.cfg": "protocol bgp router1 {\n}\n"}, {("0.0.0.0", 179), ("::", 179)}),
        (Bird, {"main.cfg": "router id 192.0.2.1;\n"}, set()),
        (Keepalived, {"main.cfg": "vrrp_instance a {\n}\n"}, set()),
    ],
)
def test_where_a_set_listens(daemon, texts, places):
    assert daemon(Unit("a", list), "", "main.cfg").list_places(texts) == places


VMACS = {"vrrp.51": "00:00:5e:00:01:33", "web0": "02:00:5e:00:53:33", "macvlan0": "02:42:00:00:00:01"}


@pytest.mark.parametrize(
    ("lines", "there", "changed"),
    [
        ([], [], ""),
        ([], ["macvlan0"], ""),
        (["use_vmac vrrp.51"], ["vrrp.51", "macvlan0"], ""),
        (["use_vmac name web0 02:00:5e:00:53:33"], ["web0"], ""),
        (["use_vmac"], [], ""),
        (["use_vmac vrrp.51"], [], "vrrp.51"),
        (["use_vmac web0"], ["vrrp.51"], "vrrp.51, web0"),
        ([], ["vrrp.51"], "vrrp.51"),
    ],
)
def test_keepalived_is_restarted_where_a_virtual_mac_address_comes_or_goes(tmp_path, lines, there, changed):
    links = [{"ifname": name, "address": VMACS[name]} for name in there]
    daemon = Keepalived(Unit("keepalived", lambda _argv: (0, json.dumps(links), "")), "", "keepalived.conf")
    text = "\n".join(["vrrp_instance a {", *lines, "}"])
    (tmp_path / "keepalived.conf").write_text(text)
    reason = daemon.find_restart_reason(tmp_path)
    assert (f" {changed} by a reload" in reason) if changed else not reason


def test_a_set_that_was_not_staged_needs_no_restart(tmp_path):
    """As in check mode, where the host does not have yet what keepalived needs to check it."""
    daemon = Keepalived(Unit("keepalived", lambda _argv: (0, "[]", "")), "", "keepalived.conf")
    assert daemon.find_restart_reason(tmp_path / ".keepalived.trial") == ""
