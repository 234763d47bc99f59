# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which servers get a new release first."""

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._cluster.canary import select_canaries

HOSTS = ["web1", "web2", "web3", "web4"]


@pytest.mark.parametrize(
    ("servers", "serial", "first"),
    [(1, 1, 1), ("1", [1, "100%"], 1), ("50%", 1, 2), ("10%", 1, 1), (2, [2, 2], 2), (2, [1, 1, 2], 2), (9, "50%", 4)],
)
def test_the_first_servers_are_watched(servers, serial, first):
    assert select_canaries(HOSTS, servers, serial) == {"hosts": HOSTS[:first], "problems": []}


@pytest.mark.parametrize(("servers", "serial"), [(1, 2), (1, "100%"), (3, 2), ("25%", [2, 1])])
def test_others_must_not_get_the_release_at_the_same_time(servers, serial):
    (problem,) = select_canaries(HOSTS, servers, serial)["problems"]
    assert "would get the release together with the servers that are watched" in problem


@pytest.mark.parametrize("servers", ["some", True, -1, 1.5])
def test_no_number(servers):
    (problem,) = select_canaries(HOSTS, servers, 1)["problems"]
    assert problem.startswith(f"cluster_canary_servers is '{servers}'")


def test_nobody_is_watched():
    nobody = {"hosts": [], "problems": []}
    assert select_canaries(HOSTS, None, 2) == nobody
    assert select_canaries([], 1, 1) == nobody
    assert select_canaries(HOSTS, 1, "some") == nobody
