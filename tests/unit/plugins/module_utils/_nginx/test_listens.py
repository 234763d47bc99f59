# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import socket

import pytest
from ansible_collections.evenkeel.ha_web.plugins.module_utils._nginx.listens import (
    find_listens,
    find_refused,
)

ANY, ANY6 = "0.0.0.0", "::"
ONE, OTHER = "192.0.2.1", "192.0.2.2"


@pytest.mark.parametrize(
    ("line", "places"),
    [
        ("listen 80;", {(ANY, 80)}),
        ("    listen *:8080 default_server;", {(ANY, 8080)}),
        ("listen 192.0.2.1;", {(ONE, 80)}),
        ("listen [::]:443 ssl http2;", {(ANY6, 443)}),
        ("listen [2001:DB8::1];", {("2001:db8::1", 80)}),
        ("server { listen 80; listen 81; }", {(ANY, 80), (ANY, 81)}),
        ("listen 80; listen 192.0.2.1:80; listen 192.0.2.1:81;", {(ANY, 80), (ONE, 81)}),
        ("listen unix:/run/a.sock; listen www.example.com:80; listen 443 quic; listen 53 udp;", set()),
        ("# listen 80;", set()),
        ("listen_what 80;", set()),
    ],
)
def test_listens(line, places):
    assert find_listens([line]) == places


@pytest.mark.parametrize(
    ("wanted", "held", "refused"),
    [
        ({(ANY, 80)}, {(ANY, 80)}, []),
        ({(ONE, 80)}, {(ANY, 80)}, [((ONE, 80), (ANY, 80))]),
        ({(ANY, 80)}, {(ONE, 80), (OTHER, 80)}, [((ANY, 80), (ONE, 80)), ((ANY, 80), (OTHER, 80))]),
        ({(ONE, 80)}, {(OTHER, 80)}, []),
        ({(ONE, 81)}, {(ANY, 80)}, []),
        ({("2001:db8::1", 80)}, {(ANY6, 80)}, [(("2001:db8::1", 80), (ANY6, 80))]),
        ({("2001:db8::1", 80), (ANY6, 81)}, {(ANY, 80)}, []),
        ({(ANY, 80), (ANY, 81)}, {(ANY, 81), (ANY, 80)}, []),
        ({(ONE, 80)}, set(), []),
    ],
)
def test_what_cannot_be_bound_by_a_reload(wanted, held, refused):
    assert find_refused(wanted, held) == refused


def test_the_kernel_refuses_them_indeed():
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
        with pytest.raises(OSError, match="in use"), socket.create_server((ANY, port)):
            pass
