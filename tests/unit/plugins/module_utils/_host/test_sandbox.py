# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.module_utils._host.sandbox import Sandbox
from ansible_collections.evenkeel.ha_web.plugins.module_utils._host.system import Host

DROP_INS = "/etc/systemd/system/nosuch.service.d"
STRICT = "ProtectSystem=strict\nReadWritePaths=/run /srv/a\n"


def sandbox(tmp_path, *texts):
    """The restrictions of a unit whose drop-ins have these texts, as a set brings them along."""
    copies = {f"{DROP_INS}/{number}.conf": tmp_path / str(number) for number, _text in enumerate(texts)}
    for copy, text in zip(copies.values(), texts):
        copy.write_text(f"[Service]\n# ProtectSystem=no\n{text}")
    return Sandbox(Host(lambda path: str(copies.get(path, path)), added=copies), "nosuch")


@pytest.mark.parametrize(
    ("texts", "path", "writable"),
    [
        ([], "/etc/a/b.sock", True),
        ([STRICT], "/run/b.sock", True),
        ([STRICT], "/srv/a/b.sock", True),
        ([STRICT], "/srv/ab/b.sock", False),
        ([STRICT], "/tmp/b.sock", False),
        ([STRICT, "ReadWritePaths=/tmp"], "/tmp/b.sock", True),
        ([STRICT, "ReadWritePaths=\nReadWritePaths=-/tmp"], "/run/b.sock", False),
        ([STRICT, "PrivateTmp=yes"], "/var/tmp/b.sock", True),
        ([STRICT, "StateDirectory=shop"], "/var/lib/shop/b.sock", True),
        ([STRICT, "ProtectSystem=full"], "/etc/b.sock", False),
        ([STRICT, "ProtectSystem=full"], "/srv/b.sock", True),
        ([STRICT, "ProtectSystem=yes"], "/usr/b.sock", False),
        ([STRICT, "ProtectSystem=yes"], "/etc/b.sock", True),
        (["ProtectHome=yes"], "/home/a/b.sock", False),
        (["ProtectHome=read-only"], "/home/a/b.sock", False),
        (["ProtectHome=no"], "/home/a/b.sock", True),
    ],
)
def test_a_unit_may_create_files_where_its_mounts_allow_it(texts, path, writable, tmp_path):
    assert sandbox(tmp_path, *texts).can_write(path) is writable


@pytest.mark.parametrize(
    ("texts", "path", "seen"),
    [
        ([], "/root/a", True),
        (["ProtectHome=yes"], "/root/a", False),
        (["ProtectHome=tmpfs"], "/run/user/a", False),
        (["ProtectHome=yes"], "/roots/a", True),
        (["ProtectHome=read-only"], "/root/a", True),
        (["ProtectHome=yes", "ProtectHome=no"], "/root/a", True),
    ],
)
def test_a_unit_does_not_see_homes_that_are_hidden(texts, path, seen, tmp_path):
    assert sandbox(tmp_path, *texts).can_see(path) is seen


@pytest.mark.parametrize(
    ("texts", "has"),
    [
        ([], True),
        (["CapabilityBoundingSet=CAP_CHOWN CAP_NET_RAW"], True),
        (["CapabilityBoundingSet=CAP_CHOWN"], False),
        (["CapabilityBoundingSet=CAP_CHOWN", "CapabilityBoundingSet=CAP_NET_ADMIN"], True),
        (["CapabilityBoundingSet=~CAP_CHOWN"], True),
    ],
)
def test_capabilities_are_those_of_all_lines(texts, has, tmp_path):
    assert sandbox(tmp_path, *texts).has_capability("CAP_NET_ADMIN", "CAP_NET_RAW") is has


def test_a_drop_in_that_goes_restricts_nothing():
    path = "/etc/hostname"
    assert Host().matches("/etc/hostnam?") == [path]
    assert Host(removed=[path]).matches("/etc/hostnam?") == []
