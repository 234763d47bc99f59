# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._nginx import acme
from samples.nginx import declaration, site

NODES = [{"name": "web1", "address": "192.0.2.21"}, {"name": "web2", "address": "2001:db8::22"}]
FILE = f"{acme.STORE}/www.pem"
REDIRECT = site(name="redirect", redirect="https://www.example.com")
TLS = site(listens=["443 ssl"], certificate=FILE)
ORDER = {
    "directory": "https://acme.example.com/directory",
    "contact": "ops@example.com",
    "terms_agreed": True,
    "certificates": [{"name": "www", "names": ["www.example.com"]}],
}
DNS = {"challenge": "dns-01", "dns_provider": "rfc2136"}


def declared(order=None, sites=(REDIRECT, TLS), **keys):
    """The declaration of web1 of two that order one certificate."""
    acme_keys = {"acme": ORDER if order is None else order, "nodes": NODES}
    return declaration(sites=list(sites), **acme_keys, **keys)


GOOD = {
    "nothing": declared(order={}, sites=[]),
    "two": declared(),
    "by DNS with TLS alone": declared({**ORDER, **DNS}, sites=[TLS]),
}

# what is wrong, the declaration, the words of the problem
BAD = {
    "no directory": (declared({**ORDER, "directory": ""}), ["nginx_acme has no directory"]),
    "nothing serves it": (declared(sites=[REDIRECT]), ["www: no site serves it", FILE]),
    "TLS alone": (declared(sites=[TLS]), ["listens with TLS alone", "dns-01"]),
    "a stranger": (declared(node_name="web3"), ["this web server is 'web3'", "nginx_nodes"]),
}


@pytest.mark.parametrize("found", GOOD.values(), ids=GOOD)
def test_what_works_is_no_problem(found):
    assert list(acme.find_problems(found)) == []


@pytest.mark.parametrize(("found", "words"), BAD.values(), ids=BAD)
def test_a_problem_is_reported_once_with_its_variable(found, words):
    (problem,) = acme.find_problems(found)
    assert all(word in problem for word in words)


def test_every_site_forwards_challenges_to_all_nodes():
    found = acme.declare_challenges(declared())
    assert found["upstreams"][-1]["servers"] == [
        {"address": "192.0.2.21", "port": 8888},
        {"address": "2001:db8::22", "port": 8888},
    ]
    assert [site["locations"][0]["path"] for site in found["sites"]] == [acme.PATH] * 2


def test_challenges_are_exempt_from_redirects_of_a_site():
    away = "return 301 https://$host$request_uri;"
    found = acme.declare_challenges(declared(sites=[site(lines=[away]), TLS]))
    exempt = r"if ($uri ~ ^/\.well-known/acme-challenge/) { break; }"
    assert [site["lines"] for site in found["sites"]] == [[exempt, away], []]


@pytest.mark.parametrize("found", [declared(order={}), declared({**ORDER, **DNS})], ids=["nothing", "by DNS"])
def test_nothing_is_added_where_nobody_asks_by_http(found):
    assert acme.declare_challenges(found) == found


def test_a_location_of_the_inventory_stays():
    own = {"path": acme.PATH, "lines": ["root /srv/challenges;"]}
    found = acme.declare_challenges(declared(sites=[site(locations=[own])]))
    assert found["sites"][0]["locations"] == [own]


PEERS = {
    "all addresses": (["443 ssl"], ["[2001:db8::22]:443"]),
    "all of IPv6": (["[::]:8443 ssl"], ["[2001:db8::22]:8443"]),
    "another address": (["192.0.2.9:443 ssl"], []),
    "a proxy in front": (["443 ssl proxy_protocol"], []),
    "plain": (["80"], []),
}


@pytest.mark.parametrize(("listens", "peers"), PEERS.values(), ids=PEERS)
def test_the_others_are_asked_where_they_serve(listens, peers):
    found = acme.build_model(declared(sites=[site(listens=listens, certificate=FILE)]))
    assert found["settings"]["peers"] == peers
    assert found["files"] == [FILE]


def test_nothing_is_ordered_without_certificates():
    assert acme.build_model(declared(order={})) == {"keys": [], "settings": {}, "files": []}
