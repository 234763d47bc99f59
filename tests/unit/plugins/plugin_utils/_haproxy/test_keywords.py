# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._haproxy.keywords import OF_SERVERS, OPTIONS, TIMEOUTS
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._haproxy.problems import problems
from samples.haproxy import backs, server, variables

# variables, the key and the word that was meant
MISSPELT = [
    ({"haproxy_timeouts": {"clinet": "30s"}}, "haproxy_timeouts has the key 'clinet'", "client"),
    ({"haproxy_timeouts": {"http_request": "30s"}}, "haproxy_timeouts has the key 'http_request'", "http-request"),
    ({"haproxy_options": {"forwardfr": True}}, "haproxy_options has the key 'forwardfr'", "forwardfor"),
    (
        {"haproxy_named_defaults": [{"name": "a", "timeouts": {"sever": "5s"}}]},
        "haproxy_named_defaults: a: timeouts has the key 'sever'",
        "server",
    ),
    (
        {"haproxy_named_defaults": [{"name": "a", "options": {"dontlognul": True}}]},
        "haproxy_named_defaults: a: options has the key 'dontlognul'",
        "dontlognull",
    ),
    ({"haproxy_server_defaults": {"wieght": 5}}, "haproxy_server_defaults has the key 'wieght'", "weight"),
    (backs({**server(options={"slow-start": "5s"})}), "server web1 has the key 'slow-start'", "slowstart"),
]


@pytest.mark.parametrize(("changed", "told", "meant"), MISSPELT)
def test_a_misspelt_key(changed, told, meant):
    (problem,) = problems(variables(**changed))
    assert told in problem
    assert problem.endswith(f"which is no word of HAProxy's; did you mean {meant}?")


@pytest.mark.parametrize(
    "changed",
    [
        {"haproxy_timeouts": dict.fromkeys(TIMEOUTS, "5s")},
        {"haproxy_options": dict.fromkeys(OPTIONS, True)},
        {"haproxy_timeouts": {"of-tomorrow": "5s"}, "haproxy_options": {"what-comes-next": True}},
        {"haproxy_server_defaults": {"never-seen": True}},
    ],
)
def test_a_word_of_haproxy_or_of_a_newer_one(changed):
    assert problems(variables(**changed)) == []


def test_every_word_stands_once():
    assert all(len(words) == len(set(words)) for words in (TIMEOUTS, OPTIONS, OF_SERVERS))
