# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When a server with a new release is worse than the others."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.evenkeel.ha_web.plugins.module_utils._haproxy.canary import (
    Counts,
    Tally,
    find_down,
    parse_counts,
    require_weight,
)
from ansible_collections.evenkeel.ha_web.plugins.module_utils._haproxy.runtime import ServerError
from ansible_collections.evenkeel.ha_web.plugins.module_utils._haproxy.server import Server

WEB1 = Server("web", "web1", "ready", "UP", weight=1, configured_weight=1, sessions=0, check="L7OK")

# As haproxy 2.6.12 has answered, without the columns that nobody reads.
STATISTICS = """# pxname,svname,econ,eresp,stot,hrsp_1xx,hrsp_2xx,hrsp_3xx,hrsp_4xx,hrsp_5xx,hrsp_other,mode
web,web1,2,1,107,0,90,5,2,7,0,http
web,web2,0,0,100,0,100,0,0,0,0,http
db,db1,3,0,40,0,0,0,0,0,0,tcp
"""


def test_errors_are_answers_of_5xx_and_requests_without_an_answer():
    assert parse_counts(STATISTICS) == {
        "web/web1": Counts(107, 10),
        "web/web2": Counts(100, 0),
        "db/db1": Counts(40, 3),
    }


def counted(*looks):
    tally = Tally([WEB1])
    for look in looks:
        tally.add({label: Counts(*counts) for label, counts in look.items()})
    return tally


def test_only_what_comes_after_the_first_look_counts():
    tally = counted({"web/web1": (50, 40), "web/web2": (9, 9)}, {"web/web1": (80, 41), "web/web2": (19, 9)})
    assert (tally.mine, tally.others) == (Counts(30, 1), Counts(10, 0))


def test_a_reload_forgets_nothing():
    tally = counted({"web/web1": (50, 0)}, {"web/web1": (60, 2)}, {"web/web1": (5, 1)}, {"web/web1": (9, 1)})
    assert tally.mine == Counts(19, 3)


def test_other_backends_do_not_count():
    assert counted({"api/web1": (0, 0)}, {"api/web1": (9, 9)}).others == Counts()


@pytest.mark.parametrize(
    ("mine", "others", "is_worse"),
    [
        ((100, 0), (100, 0), False),
        ((100, 50), (100, 0), True),
        ((100, 50), (0, 0), True),
        ((100, 50), (100, 50), False),
        ((100, 51), (100, 50), False),
        ((100, 52), (100, 50), True),
        ((19, 19), (100, 0), False),
        ((100, 2), (100, 0), False),
    ],
)
def test_the_servers_are_compared(mine, others, is_worse):
    start = {"web/web1": (0, 0), "web/web2": (0, 0)}
    reason = counted(start, {"web/web1": mine, "web/web2": others}).find_reason(allowed=1, least=20)
    assert bool(reason) == is_worse


def test_a_reason_has_the_numbers():
    tally = counted({}, {"web/web1": (40, 10), "web/web2": (100, 1)})
    assert tally.find_reason(1, 20) == (
        "10 of 40 requests (25.0 %) failed, and 1 of 100 requests (1.0 %) of the other servers"
    )


def test_a_server_that_is_down_is_worse():
    assert find_down([WEB1, replace(WEB1, status="DRAIN")]) == ""
    assert find_down([replace(WEB1, status="DOWN", check="L7STS")]) == "web/web1 is DOWN, L7STS"


def test_a_weight_that_leaves_no_request_is_refused():
    with pytest.raises(ServerError, match=r"a weight of 10% is 0 for web/web1"):
        require_weight([WEB1], "10%")
    require_weight([replace(WEB1, configured_weight=100)], "10%")
    require_weight([WEB1], "")
