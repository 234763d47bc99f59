# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which hosts are off."""

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._cluster.power import is_off

SSH = "Failed to connect to the host via ssh: "
TO = "ssh: connect to host 192.0.2.21 port 22: "
BY = "channel 0: open failed: connect failed: {}\r\nstdio forwarding failed\r\nConnection closed by UNKNOWN port 65535"


@pytest.mark.parametrize(
    "said",
    [
        *(SSH + TO + problem for problem in ("Connection timed out", "No route to host", "Host is down")),
        SSH + BY.format("No route to host"),
        "lab host web1: it is off; docker start web1 starts it",
    ],
)
def test_a_host_that_says_nothing_is_off(said):
    assert is_off({"unreachable": True, "msg": said})


@pytest.mark.parametrize(
    "said",
    [
        SSH + TO + "Connection refused",
        SSH + BY.format("Connection refused"),
        SSH + "Connection closed by 192.0.2.21 port 22",
        SSH + "kex_exchange_identification: read: Connection reset by peer",
        # It is its kernel that has answered.
        SSH + "Connection timed out during banner exchange",
        SSH
        + (
            "System is going down. Unprivileged users are not permitted to log in anymore. For technical details, see "
            "pam_nologin(8)."
        ),
        SSH + "pi@192.0.2.21: Permission denied (publickey).",
    ],
)
def test_a_host_that_refuses_is_there(said):
    assert not is_off({"unreachable": True, "msg": said})


@pytest.mark.parametrize(
    "answer",
    [{"rc": 0}, {"rc": 1, "msg": "non-zero return code"}, {"failed": True, "msg": "Timed out after 30 second(s)."}],
)
def test_a_host_that_answers_is_there(answer):
    assert not is_off(answer)
