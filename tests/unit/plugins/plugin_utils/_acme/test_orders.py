# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._acme import orders

WWW = {"name": "www", "names": ["www.example.com", "example.com"]}
ORDER = {
    "directory": "https://acme.example.com/directory",
    "contact": "ops@example.com",
    "terms_agreed": True,
    "certificates": [WWW],
}
DNS = {"challenge": "dns-01", "dns_provider": "rfc2136", "dns_environment": {"RFC2136_NAMESERVER": "192.0.2.53"}}
NODES = [{"name": "web1", "address": "192.0.2.21"}, {"name": "web2", "address": "2001:db8::22"}]


def settings(acme, name="web1"):
    return orders.build_settings(acme, "nginx", "/var/lib/certificates", NODES, name)


def problems(acme):
    return list(orders.find_problems("nginx", "web server", acme, NODES, "web1"))


def test_each_type_of_a_key_has_a_name_of_its_own():
    assert orders.list_key_names({}) == []
    assert orders.list_key_names(ORDER) == ["account:ec384", "www:ec256"]
    certificate = {**WWW, "key_type": "rsa4096"}
    assert orders.list_key_names({**ORDER, "certificates": [certificate]})[1] == "www:rsa4096"


@pytest.mark.parametrize("name", orders.REQUIRED)
def test_what_every_order_needs_is_named_with_its_variable(name):
    (problem,) = problems({**ORDER, name: ""})
    assert problem.startswith(f"nginx_acme has no {name}")
    assert problems(ORDER) == []


# what is wrong, the keys, the words of the problem
BAD = {
    "a port as resolver": ({**DNS, "dns_resolvers": ["192.0.2.53:53"]}, ["nginx_acme.dns_resolvers", "without prefix"]),
    "resolvers for HTTP": ({"dns_resolvers": ["192.0.2.53"]}, ["nginx_acme.dns_resolvers is set", "http-01"]),
    "a directory in the clear": ({"directory": "http://acme.example.com"}, ["nginx_acme.directory"]),
}


@pytest.mark.parametrize(("keys", "words"), BAD.values(), ids=BAD)
def test_a_problem_is_reported_once_with_its_variable(keys, words):
    (problem,) = problems({**ORDER, **keys})
    assert all(word in problem for word in words)


def test_the_zone_is_asked_of_the_resolvers_of_the_inventory():
    resolvers = ["192.0.2.53", "2001:db8::53"]
    found = settings({**ORDER, **DNS, "dns_resolvers": resolvers})["challenge"]
    assert found == [
        *("--dns", "rfc2136"),
        *("--dns.resolvers", "192.0.2.53:53"),
        *("--dns.resolvers", "[2001:db8::53]:53"),
    ]


def test_each_node_answers_at_its_own_address_in_its_turn():
    assert [settings(ORDER, name)["rank"] for name in ("web1", "web2")] == [0, 1]
    assert settings(ORDER, "web2")["challenge"] == ["--http", "--http.port", "[2001:db8::22]:8888"]
