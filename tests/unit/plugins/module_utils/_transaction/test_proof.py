# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is known to harm is found before the daemon tries it."""

from __future__ import annotations

import socket

import pytest
from ansible_collections.evenkeel.ha_web.plugins.module_utils._host.container import ContainerUnit, Image
from ansible_collections.evenkeel.ha_web.plugins.module_utils._host.unit import Unit
from ansible_collections.evenkeel.ha_web.plugins.module_utils._transaction.proof import Haproxy, NotProven


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
