# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.module_utils._nginx_model import problems, sites

WEB = {"name": "web"}
IMAGES = {"path": "/images/", "lines": ["expires 1d;"]}

GOOD = [
    ([], []),
    ([WEB], ["192.0.2.11", "192.0.2.0/24", "192.0.2.11/24", "2001:db8::/32"]),
    ([WEB, {"name": "api", "server_names": ["api.example.com"]}], []),
    ([WEB, {"name": "other", "listens": ["8080"]}], []),
    ([{"name": "web", "locations": [IMAGES, {**IMAGES, "path": "/"}]}, {"name": "b", "listens": ["81"], "locations": [IMAGES]}], []),
]

# what is wrong, the sites, the trusted proxies, what the problem says
BAD = [
    ("site twice", [WEB, {**WEB, "listens": ["81"]}], [], ["nginx_sites: the name web is used 2 times", "once"]),
    ("location twice", [{**WEB, "locations": [IMAGES, IMAGES]}], [], ["nginx_sites: web: the location /images/", "2 times"]),
    ("server name twice", [WEB, {"name": "b", "listens": ["80 default_server"]}], [], ["nginx_sites: the server name _ on 80", "2 times"]),
    ("within one site", [{**WEB, "server_names": ["a", "a"]}], [], ["nginx_sites: the server name a on 80", "2 times"]),
    ("a host as proxy", [WEB], ["lb1"], ["nginx_trusted_proxies has 'lb1'", "such as 192.0.2.11 or 192.0.2.0/24"]),
    ("a prefix too long", [WEB], ["192.0.2.0/33"], ["nginx_trusted_proxies has '192.0.2.0/33'", "an address or a network"]),
]


@pytest.mark.parametrize(("declared", "proxies"), GOOD)
def test_no_problem(declared, proxies):
    assert problems(declared, proxies) == []


@pytest.mark.parametrize(("declared", "proxies", "parts"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_problem(declared, proxies, parts):
    (problem,) = problems(declared, proxies)
    assert [part for part in parts if part not in problem] == []


def test_a_site_is_completed():
    assert sites([WEB], "/var/www") == [
        {
            "name": "web",
            "root": "/var/www/web",
            "listens": ["80"],
            "server_names": ["_"],
            "index": "index.html",
            "locations": [],
            "lines": [],
        }
    ]


@pytest.mark.parametrize("keys", [{"root": "/srv"}, {"listens": ["443 ssl"]}, {"index": "a.html"}, {"lines": ["gzip on;"]}])
def test_what_a_site_says_wins(keys):
    assert keys.items() <= sites([{**WEB, **keys}], "/var/www")[0].items()
