# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Backends by the host name in a request."""

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._haproxy.problems import problems
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._haproxy.sections import build_sections
from samples.haproxy import BASE, back, front, variables

WHERE = "haproxy_frontends: http_in: hosts"


def shop(name="shop.example.com", backend="web"):
    return {"name": name, "backend": backend}


def given(*hosts, **keys):
    return variables(haproxy_frontends=[front(hosts=list(hosts), **keys)], haproxy_backends=[back()])


@pytest.mark.parametrize(
    ("name", "condition"),
    [
        ("shop.example.com", "-m str shop.example.com"),
        ("Shop.example.com", "-m str Shop.example.com"),
        ("*.example.com", "-m end .example.com"),
    ],
)
def test_a_host_name_chooses_a_backend_after_the_rules_of_the_inventory(name, condition):
    declared = given(shop(name), lines=["use_backend web if { path /a }"])
    assert problems(declared) == []
    frontend = build_sections(declared, BASE)["proxies"][0]
    assert frontend["lines"][-2:] == [
        "use_backend web if { path /a }",
        f"use_backend web if {{ req.hdr(host),host_only -i {condition} }}",
    ]


@pytest.mark.parametrize(
    ("hosts", "keys", "part"),
    [
        ([shop("http://shop.example.com")], {}, f"{WHERE} has 'http://shop.example.com': a host name is needed"),
        ([shop("shop.example.com:8080")], {}, f"{WHERE} has 'shop.example.com:8080': a host name is needed"),
        ([shop("a }")], {}, f"{WHERE} has 'a }}': a host name is needed"),
        ([shop("shop.*")], {}, f"{WHERE} has 'shop.*': a host name is needed, such as shop.example.com or *.example"),
        ([shop(), shop("Shop.Example.com")], {}, f"{WHERE}: the name shop.example.com is used 2 times"),
        (
            [shop(backend="wbe")],
            {},
            f"{WHERE}: backend of shop.example.com is 'wbe', which does not exist; there are web",
        ),
        ([shop()], {"mode": "tcp"}, f"{WHERE} is set in mode tcp, where requests have no host name"),
    ],
)
def test_hosts_that_cannot_be(hosts, keys, part):
    assert part in "\n".join(problems(given(*hosts, **keys)))
