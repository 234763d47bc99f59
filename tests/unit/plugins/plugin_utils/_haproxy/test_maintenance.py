# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Banned networks, and the page that stands for sites."""

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._haproxy import maintenance
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._haproxy.exposure import problems
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._haproxy.sections import build_sections
from samples.haproxy import BASE, back, front, listen, variables


def built(**changes):
    return build_sections(variables(haproxy_frontends=[front()], haproxy_backends=[back()], **changes), BASE)


def lines(found, name="http_in"):
    return next(proxy["lines"] for proxy in found["proxies"] if proxy["name"] == name)


@pytest.mark.parametrize(("options", "layer"), [([], "connection"), (["accept-proxy"], "session")])
def test_a_banned_network_is_refused_before_everything_else(options, layer):
    found = built(
        haproxy_banned_networks=["203.0.113.0/24"],
        haproxy_client_limits={"connections": 9, "exempt": []},
        haproxy_listens=[listen(mode="tcp", binds=[{"port": 5432, "options": options}])],
    )
    rule = f"tcp-request {layer} reject if {{ src 203.0.113.0/24 }}"
    assert lines(found, "db")[0] == rule
    assert lines(found)[0] == "tcp-request connection reject if { src 203.0.113.0/24 }"


def page_rules(**changes):
    return [line for line in lines(built(**changes)) if maintenance.PAGE in line]


def test_all_sites_have_the_page_but_the_acme_authority_gets_its_answer():
    (rule,) = page_rules(
        haproxy_maintenance={"hosts": ["*"]},
        haproxy_acme_servers=[{"name": "lb1", "address": "192.0.2.11", "port": 8888}],
    )
    assert rule.endswith(
        "Retry-After 600 hdr Cache-Control no-store if TRUE !{ path_beg /.well-known/acme-challenge/ }"
    )


def test_the_page_stands_before_rules_of_the_inventory():
    found = build_sections(
        variables(
            haproxy_frontends=[front(lines=["http-request allow"])],
            haproxy_backends=[back()],
            haproxy_maintenance={"hosts": ["a.example.com"]},
        ),
        BASE,
    )
    texts = lines(found)
    assert texts.index(next(line for line in texts if maintenance.PAGE in line)) < texts.index("http-request allow")


def test_a_page_is_a_file():
    assert built()["lists"] == []
    (own,) = built(haproxy_maintenance={"hosts": ["*"]})["lists"]
    assert own == {"path": "maintenance.html", "content": maintenance.TEXT}
    assert len(maintenance.TEXT) < maintenance.MOST
    (given,) = built(haproxy_maintenance={"hosts": ["*"], "page": "<p>Soon"})["lists"]
    assert given["content"] == "<p>Soon"


@pytest.mark.parametrize(
    ("wanted", "text"),
    [
        ({"hosts": []}, "haproxy_maintenance has no hosts"),
        ({"hosts": ["a b"]}, "haproxy_maintenance.hosts has 'a b'"),
        ({"hosts": ["*"], "allowed": ["lb1"]}, "haproxy_maintenance.allowed has 'lb1'"),
        ({"hosts": ["*"], "retry_after": "1h"}, "haproxy_maintenance.retry_after is '1h'"),
        ({"hosts": ["*"], "page": "x" * 9000}, "haproxy_maintenance.page has more than 8000 bytes"),
    ],
)
def test_wrong_values(wanted, text):
    (problem,) = maintenance.find_problems(wanted)
    assert problem.startswith(text)


def test_a_banned_network_has_to_be_one():
    found = list(
        problems(variables(haproxy_banned_networks=["everybody"]), {"frontend": [], "listen": [], "backend": []})
    )
    assert [text for text in found if text.startswith("haproxy_banned_networks has 'everybody'")]
