# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._haproxy import acme
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._haproxy.sections import KINDS, merge_items
from samples.haproxy import front, variables

STORE = "/var/lib/haproxy-certificates"
NODES = [{"name": "lb1", "address": "192.0.2.11"}, {"name": "lb2", "address": "2001:db8::12"}]
TLS = {"port": 443, "certificates": [f"{STORE}/"]}
WWW = {"name": "www", "names": ["www.example.com", "example.com"]}
ORDER = {
    "directory": "https://acme.example.com/directory",
    "contact": "ops@example.com",
    "terms_agreed": True,
    "certificates": [WWW],
}


def declared(order=None, **changes):
    """The variables of lb1 in a pair that orders one certificate, with changes."""
    return acme.declare_servers(
        variables(
            **{
                "haproxy_acme": ORDER if order is None else order,
                "haproxy_nodes": NODES,
                "haproxy_node_name": "lb1",
                "haproxy_frontends": [front(binds=[{"port": 80}, TLS])],
                **changes,
            }
        )
    )


def find(found):
    return list(acme.find_problems(found, {kind: merge_items(found, kind) for kind in KINDS}, STORE))


def settings(found):
    return acme.build_settings(found, {kind: merge_items(found, kind) for kind in KINDS}, STORE)


def with_certificate(**keys):
    return {**ORDER, "certificates": [{**WWW, **keys}]}


DNS = {"challenge": "dns-01", "dns_provider": "rfc2136", "dns_environment": {"RFC2136_NAMESERVER": "192.0.2.53"}}

GOOD = {
    "nothing": declared(order={}, haproxy_frontends=[]),
    "a pair": declared(),
    "one load balancer": declared(haproxy_nodes=[]),
    "a key of RSA": declared(with_certificate(key_type="rsa2048")),
    "a wildcard by DNS": declared({**with_certificate(names=["*.example.com"]), **DNS}),
    "by DNS without port 80": declared({**ORDER, **DNS}, haproxy_frontends=[front(binds=[TLS])]),
    "port 80 in a range": declared(haproxy_frontends=[front(binds=[{"port": "80-81"}, TLS])]),
    "agreed in words": declared({**ORDER, "terms_agreed": "yes"}),
}

# what is wrong, the variables, the words of the problem
BAD = {
    "no directory": (declared({**ORDER, "directory": ""}), ["haproxy_acme has no directory"]),
    "nothing agreed": (declared({**ORDER, "terms_agreed": "no"}), ["haproxy_acme has no terms_agreed"]),
    "no certificates": (declared({**ORDER, "certificates": []}), ["haproxy_acme has no certificates"]),
    "a directory in the clear": (
        declared({**ORDER, "directory": "http://acme.example.com"}),
        ["haproxy_acme.directory is 'http://acme.example.com'"],
    ),
    "no mail address": (declared({**ORDER, "contact": "ops"}), ["haproxy_acme.contact is 'ops'"]),
    "a path as contact": (declared({**ORDER, "contact": "../a@example.com"}), ["haproxy_acme.contact"]),
    "a port of its own": (declared({**ORDER, "port": 70000}), ["haproxy_acme.port is 70000", "1-65535"]),
    "a path as name": (declared(with_certificate(name="../www")), ["haproxy_acme.certificates: ../www", "file"]),
    "no names": (declared(with_certificate(names=[])), ["haproxy_acme.certificates: www has no names"]),
    "an address": (declared(with_certificate(names=["192.0.2.1"])), ["'192.0.2.1' is not a host name"]),
    "an option as name": (declared(with_certificate(names=["-a.example.com"])), ["is not a host name"]),
    "a name twice": (declared(with_certificate(names=["a.example.com", "a.example.com"])), ["a.example.com"]),
    "two of one name": (declared({**ORDER, "certificates": [WWW, WWW]}), ["haproxy_acme.certificates", "www"]),
    "a wildcard by HTTP": (declared(with_certificate(names=["*.example.com"])), ["wildcard", "dns-01"]),
    "no provider": (declared({**ORDER, "challenge": "dns-01"}), ["without a dns_provider", "rfc2136"]),
    "a provider for HTTP": (
        declared({**ORDER, "dns_provider": "rfc2136"}),
        ["haproxy_acme.dns_provider is set", "http-01"],
    ),
    "nothing serves it": (
        declared(haproxy_frontends=[front(binds=[{"port": 80}, {"port": 443, "certificates": ["/a.pem"]}])]),
        ["no bind has /var/lib/haproxy-certificates"],
    ),
    "nothing answers": (declared(haproxy_frontends=[front(binds=[TLS])]), ["port 80", "challenge: dns-01"]),
    "port 80 in mode tcp": (
        declared(haproxy_frontends=[front(mode="tcp", binds=[{"port": 80}, TLS])]),
        ["no frontend of mode http listens on port 80"],
    ),
    "a stranger": (declared(haproxy_node_name="lb3"), ["this load balancer is 'lb3'", "haproxy_nodes"]),
}


@pytest.mark.parametrize("found", GOOD.values(), ids=GOOD)
def test_what_works_is_no_problem(found):
    assert find(found) == []


@pytest.mark.parametrize(("found", "words"), BAD.values(), ids=BAD)
def test_a_problem_is_reported_once_with_its_variable(found, words):
    (problem,) = find(found)
    assert all(word in problem for word in words)


def test_all_load_balancers_answer_challenges_by_http():
    assert declared()["haproxy_acme_servers"] == [{**node, "port": 8888} for node in NODES]
    assert declared(haproxy_nodes=[])["haproxy_acme_servers"] == [
        {"name": "local", "address": "127.0.0.1", "port": 8888}
    ]


def test_servers_of_the_inventory_and_challenges_by_dns_stay_as_they_are():
    own = [{"name": "other", "address": "192.0.2.9", "port": 80}]
    assert declared(haproxy_acme_servers=own)["haproxy_acme_servers"] == own
    assert declared({**ORDER, **DNS})["haproxy_acme_servers"] == []


def test_the_first_load_balancer_orders_and_the_others_are_asked_where_they_serve():
    first = settings(declared())
    assert (first["rank"], first["peers"]) == (0, ["[2001:db8::12]:443"])
    assert first["challenge"] == ["--http", "--http.port", "192.0.2.11:8888"]
    assert first["certificates"] == [{**WWW, "key": "www:ec256"}]
    second = settings(declared(haproxy_node_name="lb2"))
    assert (second["rank"], second["peers"]) == (1, ["192.0.2.11:443"])
    assert second["challenge"] == ["--http", "--http.port", "[2001:db8::12]:8888"]


def test_no_secret_is_among_the_settings():
    found = settings(declared({**ORDER, **DNS, "dns_environment": {"RFC2136_TSIG_SECRET": "unutterable"}}))
    assert found["challenge"] == ["--dns", "rfc2136"]
    assert "unutterable" not in str(found)


@pytest.mark.parametrize(
    "bind", [{**TLS, "address": "192.0.2.240"}, {**TLS, "options": ["accept-proxy"]}], ids=["a VIP", "a proxy in front"]
)
def test_a_peer_is_not_asked_where_it_cannot_answer(bind):
    assert settings(declared(haproxy_frontends=[front(binds=[{"port": 80}, bind])]))["peers"] == []
