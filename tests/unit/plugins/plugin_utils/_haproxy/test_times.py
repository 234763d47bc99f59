# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._haproxy.problems import problems
from samples.haproxy import backs, listen, listens, server, variables

TEMPLATE = {"prefix": "web", "count": "3", "address": "web.example.com", "port": 80, "options": {"inter": 500}}

# variables, what has no unit
BARE = [
    ({"haproxy_timeouts": {"client": 30}}, "haproxy_timeouts.client is 30: "),
    ({"haproxy_timeouts": {"client": "30000"}}, "haproxy_timeouts.client is 30000: "),
    ({"haproxy_hard_stop_after": "60"}, "haproxy_hard_stop_after is 60: "),
    ({"haproxy_client_limits": {"connections": 5, "period": "10"}}, "haproxy_client_limits.period is 10: "),
    (
        {"haproxy_named_defaults": [{"name": "patient", "timeouts": {"server": 600}}]},
        "haproxy_named_defaults: patient: timeouts.server is 600: ",
    ),
    ({"haproxy_server_defaults": {"inter": 2}}, "haproxy_server_defaults.inter is 2: "),
    (backs({**server(options={"slowstart": 10})}), "haproxy_backends: web: server web1.slowstart is 10: "),
    (backs({"name": "web", "server_templates": [TEMPLATE]}), "haproxy_backends: web: server web.inter is 500: "),
    (listens({**listen(), "server_options": {"tcp-ut": "500"}}), "server_options.tcp-ut is 500: "),
]


@pytest.mark.parametrize(("changed", "said"), BARE)
def test_a_time_needs_a_unit(changed, said):
    (problem,) = problems(variables(**changed))
    assert said in problem
    assert problem.endswith("s or " + said.split(" is ")[1].rstrip(": ") + "ms")


@pytest.mark.parametrize(
    "changed",
    [
        {"haproxy_timeouts": {"client": "30s", "tunnel": False, "queue": 0}},
        {"haproxy_timeouts": {"client": 30000}, "haproxy_plain": True},
        {"haproxy_hard_stop_after": ""},
        {"haproxy_timeouts": {"client": "24d", "server": "${SERVER}s"}},
        {"haproxy_server_defaults": {"inter": "250ms", "fall": 3, "weight": 10, "slowstart": False, "rise": "2"}},
    ],
)
def test_a_time_with_a_unit_a_number_that_is_no_time_and_none_at_all(changed):
    assert problems(variables(**changed)) == []


@pytest.mark.parametrize(
    "value", [True, "60:00", "10 s", "10S", "1.5s", 1.5, "1_000", "-1s", "inf", "30sec", "1h30m", "\u0663s"]
)
def test_what_is_no_time(value):
    shown = "true" if value is True else f"'{value}'"
    for changed, where in (
        ({"haproxy_timeouts": {"client": value}}, "haproxy_timeouts.client"),
        ({"haproxy_server_defaults": {"inter": value}}, "haproxy_server_defaults.inter"),
    ):
        (problem,) = problems(variables(**changed))
        assert problem.startswith(f"{where} is {shown}: a number with its unit is needed, such as 500ms")


TOO_LONG = [
    ({"haproxy_timeouts": {"client": "25d"}}, "haproxy_timeouts.client is 25d: "),
    ({"haproxy_timeouts": {"tunnel": "597h"}}, "haproxy_timeouts.tunnel is 597h: "),
    ({"haproxy_hard_stop_after": "2147484s"}, "haproxy_hard_stop_after is 2147484s: "),
    ({"haproxy_client_limits": {"connections": 5, "period": "30d"}}, "haproxy_client_limits.period is 30d: "),
    ({"haproxy_server_defaults": {"slowstart": "25d"}}, "haproxy_server_defaults.slowstart is 25d: "),
    (backs({**server(options={"pool-purge-delay": "25d"})}), "server web1.pool-purge-delay is 25d: "),
]


@pytest.mark.parametrize(("changed", "said"), TOO_LONG)
def test_a_time_that_haproxy_cannot_count(changed, said):
    (problem,) = problems(variables(**changed))
    assert said in problem
    assert problem.endswith("HAProxy counts up to 2147483647 milliseconds, which are 24 days; write at most 24d")


@pytest.mark.parametrize("value", ["0", 0, "0ms"])
def test_an_interval_that_is_none(value):
    (problem,) = problems(variables(haproxy_server_defaults={"inter": value}))
    assert problem == f"haproxy_server_defaults.inter is {value}: more than 0 is needed"
