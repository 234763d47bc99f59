# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._nginx.places import find_problems

FACTS = {
    "interfaces": ["lo", "eth0"],
    "eth0": {
        "ipv4": {"address": "192.0.2.21", "netmask": "255.255.255.0"},
        "ipv4_secondaries": [{"address": "192.0.2.22", "netmask": "255.255.255.0"}],
        "ipv6": [{"address": "2001:db8::21", "prefix": "64"}],
    },
    "lo": {"ipv4": {"address": "127.0.0.1", "netmask": "255.0.0.0"}},
    "all_ipv4_addresses": ["192.0.2.21", "192.0.2.22"],
}
NOTHING: list[str] = []


def problems(*listens, facts=None, reached="", lines=(), **variables):
    declared = {
        "sites": [{"name": "web", "listens": list(listens), "lines": list(lines)}],
        "runtime": "package",
        "container_ports": [],
        "accept_absent_addresses": False,
        "main_lines": [],
        "http_lines": [],
        **variables,
    }
    return list(find_problems(declared, FACTS if facts is None else facts, reached))


HERE = ["80", 80, "*:80", "0.0.0.0:80", "[::]:80", "127.0.0.9:80", "[::1]:80", "192.0.2.21:80", "192.0.2.22"]
HERE += ["[2001:db8:0::21]:80 ssl", "[2001:DB8::21]", "unix:/run/a.sock", "www.example.com:80", "$address:80"]


@pytest.mark.parametrize("listen", HERE)
def test_an_address_of_the_host(listen):
    assert problems(listen) == []


@pytest.mark.parametrize("listen", ["192.0.2.99:80", "192.0.2.99", "[2001:db8::99]:443 ssl", "[2001:db8::99]"])
def test_an_address_that_the_host_does_not_have(listen):
    (problem,) = problems(listen)
    assert problem.startswith(f"nginx_sites: web: listen '{listen}' is at an address that this host does not have")
    assert "it has 127.0.0.1, 192.0.2.21, 192.0.2.22, 2001:db8::21:" in problem


def test_an_address_that_may_come_later():
    assert problems("192.0.2.99:80", accept_absent_addresses=True) == []
    assert problems("192.0.2.99:80", facts={}) == []
    assert problems("172.17.0.2:80", runtime="container", container_ports=["80:80"]) == []


# the address at which load balancers ask, listens, whether somebody listens there
REACHED = [
    ("192.0.2.21", ["80"], True),
    ("192.0.2.21", ["80 default_server", "443 ssl"], True),
    ("192.0.2.21", ["192.0.2.21:80"], True),
    ("192.0.2.21", ["192.0.2.22:80"], False),
    ("192.0.2.21", ["8080"], False),
    ("192.0.2.21", ["[::]:80"], False),
    ("192.0.2.21", ["[::]:80 ipv6only=off"], True),
    ("192.0.2.21", ["127.0.0.1:80"], False),
    ("2001:db8::21", ["80"], False),
    ("2001:db8::21", ["[::]:80"], True),
    ("2001:db8:0::21", ["[2001:db8::21]:80"], True),
    ("2001:db8::21", ["[::]:8080"], False),
    ("192.0.2.21", ["unix:/run/a.sock"], True),
    ("", ["8080"], True),
]


@pytest.mark.parametrize(("reached", "listens", "is_heard"), REACHED)
def test_where_load_balancers_ask(reached, listens, is_heard):
    found = problems(*listens, reached=reached)
    assert bool(found) is not is_heard
    assert all(listens[0] in problem and reached in problem and "haproxy_backends" in problem for problem in found)


def test_nginx_may_listen_elsewhere():
    assert problems("8080", reached="192.0.2.21", http_lines=["include /etc/nginx/conf.d/*.conf;"]) == NOTHING
    assert problems("8080", reached="192.0.2.21", lines=["listen 80;"]) == NOTHING
    assert problems("8080", reached="192.0.2.21", lines=["server_tokens off;"]) != NOTHING
