# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._haproxy.problems import problems
from samples.haproxy import backs, listen, listens, server, variables

# variables, what is told
WRONG = [
    (
        {"haproxy_server_defaults": {"weight": 257}},
        "haproxy_server_defaults.weight is '257': a number from 0 to 256",
    ),
    (
        backs({**server(options={"weight": 300})}),
        "haproxy_backends: web: server web1.weight is '300': a number",
    ),
    (backs({**server(options={"weight": -1})}), "server web1.weight is '-1': a number from 0 to 256 is needed"),
    (backs({**server(options={"weight": "many"})}), "server web1.weight is 'many': a number from 0 to 256 is needed"),
    (backs({**server(options={"weight": True})}), "server web1.weight is true: a number from 0 to 256 is needed"),
    (listens({**listen(), "server_options": {"fall": 0}}), "server_options.fall is '0': a number from 1 to"),
    ({"haproxy_server_defaults": {"rise": "0"}}, "haproxy_server_defaults.rise is '0': a number from 1 to"),
    ({"haproxy_server_defaults": {"port": 65536}}, "haproxy_server_defaults.port is '65536': a number from 1 to 65535"),
    ({"haproxy_server_defaults": {"maxconn": 1.5}}, "haproxy_server_defaults.maxconn is '1.5': a number from 0 to"),
    (
        {"haproxy_server_defaults": {"pool-max-conn": -2}},
        "haproxy_server_defaults.pool-max-conn is '-2': a number",
    ),
]


@pytest.mark.parametrize(("changed", "told"), WRONG)
def test_a_number_that_haproxy_refuses_or_takes_for_another(changed, told):
    (problem,) = problems(variables(**changed))
    assert told in problem


@pytest.mark.parametrize(
    "options",
    [
        {"weight": 256, "fall": "3", "rise": 1, "pool-max-conn": -1, "maxconn": 0, "port": 8008},
        {"weight": False, "maxconn": '"${MAXCONN}"'},
    ],
)
def test_a_number_that_haproxy_accepts(options):
    assert problems(variables(haproxy_server_defaults=options)) == []
