# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.module_utils._bird.check import PLACE
from ansible_collections.evenkeel.ha_web.plugins.module_utils._bird.sessions import (
    count_routes,
    find_missing,
    parse_protocols,
)

SAID = """\
BIRD 2.0.12 ready.
Name       Proto      Table      State  Since         Info
device1    Device     ---        up     12:15:20.062

ready4     Static     master4    down   12:15:25.461

last_resort4 Static     master4    up     2026-11-30
  Channel ipv4
    State:          UP
    Output filter:  REJECT
    Routes:         2 imported, 0 exported, 0 preferred
    Route change stats:     received   rejected   filtered    ignored   accepted

bgp_192_0_2_1 BGP        ---        up     12:17:11.423  Established
  BGP state:          Established
    Neighbor address: 192.0.2.1
    Neighbor AS:      65000
  Channel ipv4
    State:          UP
    Routes:         0 imported, {exported} exported, 0 preferred

bgp_192_0_2_2 BGP        ---        start  2026-11-30 12:19:27  Idle          BGP Error: Bad peer AS
  BGP state:          Idle
    Neighbor address: 192.0.2.2
    Neighbor AS:      65009
    Last error:       BGP Error: Bad peer AS
  Channel ipv4
    State:          DOWN
"""


def test_protocols_are_read():
    found = {item.name: item for item in parse_protocols(SAID.format(exported=2))}
    assert list(found) == ["ready4", "last_resort4", "bgp_192_0_2_1", "bgp_192_0_2_2"]
    assert [item.is_established for item in found.values()] == [False, False, True, False]
    assert found["bgp_192_0_2_1"].routes == {"ipv4": (0, 2)}
    assert found["bgp_192_0_2_2"].problem == "BGP Error: Bad peer AS"


@pytest.mark.parametrize(("exported", "part"), [(2, ""), (1, "192.0.2.1 gets 1 of 2 routes of ipv4")])
def test_every_address_has_to_be_exported(exported, part):
    found = parse_protocols(SAID.format(exported=exported))
    wanted = count_routes(found)
    assert wanted == {"ipv4": 2}
    assert find_missing(found[2], wanted) == part
    assert find_missing(found[3], wanted) == ("the session with 192.0.2.2 does not stand: BGP Error: Bad peer AS")


def test_a_refusal_names_its_line():
    assert PLACE.findall("bird: /etc/bird/bird.conf:26:1 syntax error, unexpected CF_SYM_UNDEFINED\n") == [
        ("/etc/bird/bird.conf", "26", "syntax error, unexpected CF_SYM_UNDEFINED")
    ]
