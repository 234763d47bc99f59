# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from ansible_collections.evenkeel.ha_web.plugins.module_utils._host.sockets import Holder, find_held, find_holders

ANY, ANY6 = "0.0.0.0", "::"
NAME = Path("/proc/self/comm").read_text(encoding="utf-8").strip()


@contextmanager
def listening(address: str, both: bool = False) -> Iterator[int]:
    """This process listens on a free port of the address; C(both): on the IPv6 wildcard, by IPv4 as well."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.create_server((address, 0), family=family, dualstack_ipv6=both) as server:
        yield server.getsockname()[1]


def test_the_addresses_on_which_a_process_listens():
    with listening("127.0.0.1") as one, listening("::1") as six:
        places = {("127.0.0.1", one), ("::1", six)}
        assert places <= find_held(os.getpid())
    assert not places & find_held(os.getpid())
    assert find_held(0) == set()


@pytest.mark.parametrize(
    ("held", "both", "wanted", "is_taken"),
    [
        ("127.0.0.1", False, "127.0.0.1", True),
        ("127.0.0.1", False, ANY, True),
        (ANY, False, "127.0.0.1", True),
        ("127.0.0.1", False, "127.0.0.2", False),
        ("127.0.0.1", False, ANY6, False),
        (ANY6, True, ANY, True),
        (ANY6, True, "127.0.0.1", True),
        (ANY6, False, ANY, False),
        (ANY6, False, "::1", True),
        ("::ffff:127.0.0.1", True, "127.0.0.1", True),
    ],
)
def test_who_is_in_the_way(held, both, wanted, is_taken):
    with listening(held, both) as port:
        found = find_holders({(wanted, port), (wanted, 1)}, {"nginx"})
        assert [(at, holder.pid, holder.name) for at, holder in found.items()] == (
            [(port, os.getpid(), NAME)] if is_taken else []
        )
        assert find_holders({(wanted, port)}, {"nginx", NAME}) == {}


@pytest.mark.parametrize(
    ("holder", "words"),
    [
        (
            Holder(812, "apache2", "apache2.service"),
            "apache2 (process 812 of apache2.service): run 'systemctl disable --now apache2.service'",
        ),
        (Holder(7, "nc", "session-3.scope"), "nc (process 7): stop it"),
        (Holder(7, "nc", ""), "nc (process 7): stop it"),
        (Holder(1, "systemd", "init.scope"), "systemd: 'systemctl list-sockets' shows for which unit"),
    ],
)
def test_a_process_is_named_with_what_stops_it(holder, words):
    assert holder.describe().startswith(words)
