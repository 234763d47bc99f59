# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When BIRD counts as running a configuration; the scenario anycast asks a real one."""

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.module_utils._host.unit import Unit
from ansible_collections.evenkeel.ha_web.plugins.module_utils._transaction.proof import Bird

STATIC = """\
last_resort4 Static     master4    up     12:15:20.062
  Channel ipv4
    Routes:         1 imported, 0 exported
"""


def session(number, stands=True, exported=1, neighbor_as=65000):
    head = f"bgp_{number} BGP        ---        {'up' if stands else 'start'}     12:17:11.423  "
    lines = [
        head + ("Established" if stands else "Active        Socket: Connection refused"),
        f"    Neighbor address: 192.0.2.{number}",
        f"    Neighbor AS:      {neighbor_as}",
        "  Channel ipv4",
        *([f"    Routes:         0 imported, {exported} exported, 0 preferred"] if stands else []),
    ]
    return "\n".join(lines) + "\n"


class Said:
    """What birdc prints, one answer after the other; the last one stays."""

    def __init__(self, *answers):
        self.answers = list(answers)

    def __call__(self, argv):
        if "birdc" not in argv:
            return 0, "", ""
        answer = self.answers[0]
        self.answers = self.answers[1:] or self.answers
        return (0, answer, "") if answer else (1, "", "no answer")


def proof(before, after, require_sessions=True):
    """Whether it is proven after the change, and what is complained of if not."""
    bird = Bird(Unit("bird", Said(before, after)), "", "bird.conf")
    bird.require_sessions = require_sessions
    bird.remember()
    return bird.is_proven(), bird.reason


@pytest.mark.parametrize(
    ("before", "after", "proven", "reason"),
    [
        pytest.param("", STATIC + session(1), True, "", id="started"),
        pytest.param("", "", False, "", id="no answer"),
        pytest.param(STATIC + session(1), STATIC + session(1, exported=0), False, "gets 0 of 1 routes", id="no route"),
        pytest.param(STATIC + session(1), STATIC + session(1, False), False, "Connection refused", id="lost"),
        pytest.param(STATIC, STATIC + session(1, False), False, "192.0.2.1 does not stand", id="new, and no session"),
        pytest.param(
            STATIC + session(1) + session(2, False),
            STATIC + session(1) + session(2, False),
            True,
            "",
            id="down before as well",
        ),
        pytest.param(
            STATIC + session(1) + session(2, False),
            STATIC + session(1) + session(2, False, neighbor_as=65001),
            False,
            "192.0.2.2 does not stand",
            id="down before, and changed",
        ),
    ],
)
def test_a_configuration_is_proven_by_sessions_and_routes(before, after, proven, reason):
    found = proof(before, after)
    assert found[0] is proven
    assert reason in found[1]


def test_sessions_are_not_asked_for_where_routers_come_later():
    assert proof("", STATIC + session(1, False), require_sessions=False) == (True, "")
