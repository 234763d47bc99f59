# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What clients would miss on another node."""

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._keepalived.serving import find_unserved
from samples.cluster import haproxy


def certificates(*files, days=60, expires="2027-02-01T00:00:00Z"):
    return {"certificates": [{"file": file, "expires": expires, "days_left": days} for file in files]}


def backend(up):
    return {"backends": [{"name": "shop", "status": "UP", "up": up, "down": 2 - up, "out": 0}]}


ONE = certificates("/store/www.pem")
SECOND = {"frontends": [{"name": "http", "status": "OPEN"}, {"name": "https", "status": "OPEN"}]}
STOPPED = {"running": False}
FULL = {"frontends": [{"name": "http", "status": "FULL"}]}


@pytest.mark.parametrize(
    ("holder", "node", "missed"),
    [
        ({}, {}, []),
        (ONE, ONE, []),
        (ONE, certificates("/store/www.pem", "/store/api.pem"), []),
        (ONE, certificates("/store/api.pem"), ["the certificate /store/www.pem"]),
        (ONE, certificates("/store/www.pem", days=-1), ["the certificate /store/www.pem"]),
        (certificates("/store/www.pem", days=-1), {}, []),
        (certificates("/store/empty.pem", days=0, expires=""), {}, []),
        (SECOND, {}, ["the frontend https"]),
        (FULL, {}, []),
        ({}, FULL, []),
        (backend(1), backend(0), ["the backend shop, which has no server in rotation there"]),
        (backend(0), backend(0), []),
        ({}, STOPPED, ["anything, because haproxy does not run there"]),
        (STOPPED, {}, []),
        (STOPPED, STOPPED, []),
    ],
)
def test_what_the_holder_serves_and_the_other_does_not(holder, node, missed):
    assert find_unserved({**haproxy(), **holder}, {**haproxy(), **node}) == missed
