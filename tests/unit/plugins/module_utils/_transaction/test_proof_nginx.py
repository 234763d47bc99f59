# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What nginx writes into its error log while it takes a configuration, and what it cannot take by a reload."""

from __future__ import annotations

import os
import socket

import pytest
from ansible_collections.evenkeel.ha_web.plugins.module_utils._host.unit import Unit
from ansible_collections.evenkeel.ha_web.plugins.module_utils._transaction import proof
from ansible_collections.evenkeel.ha_web.plugins.module_utils._transaction.proof import Nginx, NotProven

RETRY = "2026/01/01 10:00:00 [emerg] 7#7: bind() to 0.0.0.0:80 failed (98: Address already in use)\n"
END = "2026/01/01 10:00:02 [emerg] 7#7: still could not bind()\n"
OTHER = "2026/01/01 10:00:00 [emerg] 7#7: bind() to 192.0.2.9:80 failed (99: Cannot assign requested address)\n"


class Running(Unit):
    """A unit whose main process is this one."""

    def __init__(self):
        super().__init__("nginx", lambda _argv: (0, "", ""))

    def main_process(self):
        return os.getpid()


@pytest.fixture
def nginx(tmp_path, monkeypatch):
    monkeypatch.setattr(proof, "NGINX_ERRORS", tmp_path / "error.log")
    daemon = Nginx(Running(), "", "nginx.conf")
    daemon.remember()
    return daemon


@pytest.mark.parametrize(
    ("log", "refused"), [("", False), (RETRY, False), (RETRY * 5, False), (RETRY * 5 + END, True), (OTHER, True)]
)
def test_a_further_try_is_no_refusal(nginx, tmp_path, log, refused):
    (tmp_path / "error.log").write_text(log)
    if refused:
        with pytest.raises(NotProven, match=r"could not bind|Cannot assign"):
            nginx.is_proven()
    else:
        assert not nginx.is_proven()


def test_an_address_that_a_reload_cannot_bind(nginx, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
        for address, expected in ((f"127.0.0.1:{port}", False), (f"{port}", True), (f"127.0.0.2:{port}", False)):
            (tmp_path / "nginx.conf").write_text(f"server {{ listen {address}; }}\n")
            reason = nginx.find_restart_reason(tmp_path)
            assert reason == (
                f"it cannot bind 0.0.0.0 port {port} while it listens on 127.0.0.1 port {port}" if expected else ""
            )
