# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
import yaml
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._cluster.derived import list_options
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._input.shape import find_shape_problems

OPTIONS = {
    name: option for role in ("haproxy", "keepalived", "nginx", "bird") for name, option in list_options(role).items()
}

# what is written, and its only problem
ONCE = [
    ("haproxy_mode: no", "haproxy_mode is false: YAML makes that of words such as yes, no, on and off; put it in"),
    ("haproxy_mode: 5", "haproxy_mode is 5: YAML may have changed a number's digits"),
    ("haproxy_mode: [http]", "haproxy_mode is a list: a single value is needed"),
    ("haproxy_mode: {a: b}", "haproxy_mode is a dictionary: a single value is needed"),
    ("haproxy_mode: 2024-01-01", "haproxy_mode is 2024-01-01: YAML reads a date"),
    ("haproxy_mode: udp", "haproxy_mode is 'udp': one of http, tcp is needed"),
    ("keepalived_timing: off", "keepalived_timing is false: YAML makes that"),
    (
        "keepalived_instance_defaults: {version: three}",
        "keepalived_instance_defaults.version is 'three': a number from",
    ),
    (
        "keepalived_instance_defaults: {version: 4}",
        "keepalived_instance_defaults.version is '4': one of 2, 3 is needed",
    ),
    ("nginx_runtime: yes", "nginx_runtime is true: YAML makes that"),
    ("nginx_sites: {name: web}", "nginx_sites is a dictionary: a list is needed"),
    ("nginx_sites: [[]]", "nginx_sites[0] is a list: keys with values are needed"),
    ("haproxy_timeouts: {client: [30s]}", "haproxy_timeouts.client is a list: a single value is needed"),
    ("haproxy_server_defaults: {check: {port: 80}}", "haproxy_server_defaults.check is a dictionary: a single value"),
    (
        "haproxy_backends: [{name: a, server_options: {inter: [1s]}}]",
        "haproxy_backends[a].server_options.inter is a list",
    ),
    (
        "keepalived_instances: [{name: a, virtual_router_id: 1, addresses: {lb1: [a]}}]",
        "keepalived_instances[a].addresses.",
    ),
    ("nginx_events_settings: {use: [[epoll]]}", "nginx_events_settings.use is a list: a single value is needed"),
]


@pytest.mark.parametrize(("written", "told"), ONCE)
def test_one_fault_is_told_once(written, told):
    (problem,) = find_shape_problems(yaml.safe_load(written), OPTIONS, nulls=True)
    assert problem.startswith(told)
    assert "['" not in problem
    assert "{'" not in problem


@pytest.mark.parametrize("written", ["nginx_http_settings: {set_real_ip_from: [192.0.2.1, 192.0.2.2], gzip: on}"])
def test_a_setting_that_may_stand_several_times(written):
    assert find_shape_problems(yaml.safe_load(written), OPTIONS) == []
