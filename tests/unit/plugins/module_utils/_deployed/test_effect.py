# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest
from ansible_collections.evenkeel.ha_web.plugins.module_utils._deployed import effect as effect_module
from ansible_collections.evenkeel.ha_web.plugins.module_utils._deployed.effect import (
    Effect,
    NoEffect,
    is_stale,
    kernel_parameters,
    parameters,
    units,
)
from ansible_collections.evenkeel.ha_web.plugins.module_utils._deployed.manifest import MANIFEST
from ansible_collections.evenkeel.ha_web.plugins.module_utils._host import system
from ansible_collections.evenkeel.ha_web.plugins.module_utils._host.unit import Unit

# paths, the units that they belong to
UNITS = [
    ([], []),
    (["haproxy.cfg", "/etc/sysctl.d/60-haproxy.conf"], []),
    (["/etc/systemd/system/watch.service"], ["watch.service"]),
    (
        ["/etc/systemd/system/haproxy.service.d/a.conf", "/etc/systemd/system/haproxy.service.d/b.conf"],
        ["haproxy.service"],
    ),
]

DROP_IN = "/etc/systemd/system/haproxy.service.d/a.conf"
# what systemctl shows of a unit, whether systemd has to read DROP_IN
STALE = [
    ({"Id": "haproxy.service", "NeedDaemonReload": "no", "DropInPaths": DROP_IN}, False),
    ({"Id": "haproxy.service", "NeedDaemonReload": "yes", "DropInPaths": DROP_IN}, True),
    ({"Id": "haproxy.service", "NeedDaemonReload": "no", "DropInPaths": "/etc/other.conf"}, True),
    ({"Id": "haproxy.service", "NeedDaemonReload": "no", "DropInPaths": ""}, True),
    ({"Id": "watch.service", "NeedDaemonReload": "no", "DropInPaths": ""}, False),
]

# the text of a file in sysctl.d, what it sets
PARAMETERS = [
    ("", {}),
    ("# net.a = 1\n; net.b = 1\n\n", {}),
    (
        "net.ipv4.ip_forward = 1\nnet.ipv4.ip_local_port_range=1024 65535",
        {"net.ipv4.ip_forward": "1", "net.ipv4.ip_local_port_range": "1024 65535"},
    ),
]


@pytest.mark.parametrize(("paths", "expected"), UNITS)
def test_units_of_paths(paths, expected):
    assert units(paths) == expected


@pytest.mark.parametrize(("unit", "expected"), STALE)
def test_a_unit_that_systemd_has_to_read_again(unit, expected):
    assert is_stale(unit, [DROP_IN, "/etc/systemd/system/watch.service"]) is expected


@pytest.mark.parametrize(("text", "expected"), PARAMETERS)
def test_parameters_of_a_file(text, expected):
    assert parameters(text) == expected


def test_only_files_of_sysctl_set_parameters():
    files = {"/etc/sysctl.d/60-x.conf": b"# why\nnet.ipv4.ip_nonlocal_bind = 1\n", "x": b"a = 1\n"}
    assert kernel_parameters(files) == {"net.ipv4.ip_nonlocal_bind": "1"}


def systemd_that_has_read_all(argv):
    assert argv[:2] == ["systemctl", "show"], f"{argv} is not needed"
    return 0, "Id=haproxy.service\nNeedDaemonReload=no\nDropInPaths=\n", ""


@pytest.fixture
def kernel(tmp_path, monkeypatch):
    """A directory in place of /proc/sys, and /etc/sysctl.d beside it."""
    monkeypatch.setattr(system, "KERNEL", tmp_path / "proc")
    monkeypatch.setattr(effect_module, "PARAMETERS", f"{tmp_path}/sysctl.d/")
    (tmp_path / "proc/net").mkdir(parents=True)
    (tmp_path / "sysctl.d").mkdir()
    return tmp_path / "proc"


@pytest.fixture
def effect(kernel, tmp_path):
    """A set that declares one parameter that the kernel has and one that it has not."""
    conf = tmp_path / "sysctl.d/60-haproxy.conf"
    conf.write_text("net.forward = 1\nnet.missing = 1\n")
    (tmp_path / "haproxy").mkdir()
    (tmp_path / "haproxy" / MANIFEST).write_text(json.dumps({"files": [str(conf)]}))
    return Effect(tmp_path / "haproxy", Unit("haproxy", systemd_that_has_read_all))


@pytest.mark.parametrize(("value", "pending"), [("0\n", ["net.forward"]), ("1\n", [])])
def test_a_parameter_gets_its_value(effect, kernel, value, pending):
    (kernel / "net/forward").write_text(value)
    assert effect.list_pending() == pending
    effect.apply()
    assert (kernel / "net/forward").read_text().strip() == "1"
    assert effect.list_pending() == []


def test_a_parameter_that_the_kernel_refuses(effect, kernel, monkeypatch):
    (kernel / "net/forward").write_text("0\n")

    def refuse(*_arguments, **_keys):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(effect_module.Path, "write_text", refuse)
    with pytest.raises(NoEffect, match=r"net\.forward = 1: Permission denied"):
        effect.apply()


def test_a_file_that_somebody_has_removed_is_missing(effect, tmp_path):
    conf = tmp_path / "sysctl.d/60-haproxy.conf"
    conf.unlink()
    assert effect.list_pending() == [str(conf)]


def test_a_directory_without_a_set_needs_nothing(kernel, tmp_path):
    assert Effect(tmp_path, Unit("haproxy", systemd_that_has_read_all)).list_pending() == []


def test_the_last_drop_in_of_the_daemon_has_been_removed(kernel, tmp_path):
    asked = []

    def systemd(argv):
        asked.append(argv)
        return 0, "Id=nginx.service\nNeedDaemonReload=yes\nDropInPaths=/etc/systemd/system/nginx.service.d/a.conf\n", ""

    effect = Effect(tmp_path, Unit("nginx", systemd))
    assert effect.list_pending() == ["nginx.service"]
    effect.apply()
    assert asked[-1] == ["systemctl", "daemon-reload"]
