# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
import yaml
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._cluster.derived import list_options
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._input.ranges import DEFAULTS, RANGES
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._input.values import find_type_problems

OPTIONS = {
    name: option for role in ("haproxy", "keepalived", "nginx", "bird") for name, option in list_options(role).items()
}

# variables that are wrong by a little, the place and the range that are named
WRONG = [
    ("keepalived_scripts: [{name: a, weight: 254}]", "keepalived_scripts[a].weight is 254", "from -253 to 253"),
    ("keepalived_scripts: [{name: a, interval: 0}]", "keepalived_scripts[a].interval is 0", "from 0.001 to 4294"),
    ("keepalived_scripts: [{name: a, timeout: 4295}]", "keepalived_scripts[a].timeout is 4295", "to 4294"),
    ("keepalived_script_defaults: {fall: 0}", "keepalived_script_defaults.fall is 0", "from 1 to"),
    ("keepalived_script_defaults: {rise: 0}", "keepalived_script_defaults.rise is 0", "from 1 to"),
    ("keepalived_track_files: [{name: a, weight: -255}]", "keepalived_track_files[a].weight is -255", "-254 to 254"),
    ("keepalived_track_processes: [{name: a, quorum: 0}]", "keepalived_track_processes[a].quorum is 0", "1 to 65535"),
    ("keepalived_instances: [{name: a, down_timer_adverts: 101}]", "down_timer_adverts is 101", "from 1 to 100"),
    ("keepalived_instances: [{name: a, preempt_delay: 1001}]", "preempt_delay is 1001", "from 0 to 1000"),
    ("keepalived_instance_defaults: {garp_master_repeat: 0}", "garp_master_repeat is 0", "from 1 to"),
    ("keepalived_instance_defaults: {garp_master_delay: 4295}", "garp_master_delay is 4295", "from 0 to 4294"),
    ("keepalived_smtp_alerts: {port: 0}", "keepalived_smtp_alerts.port is 0", "from 1 to 65535"),
    ("keepalived_virtual_servers: [{persistence_timeout: 0}]", "persistence_timeout is 0", "from 1 to 2678400"),
    ("keepalived_virtual_servers: [{real_servers: [{weight: -1}]}]", "weight is -1", "from 0 to 65535"),
    ("keepalived_virtual_servers: [{real_servers: [{check: {port: 0}}]}]", "check.port is 0", "from 1 to 65535"),
    ("haproxy_backends: [{name: a, port: 65536}]", "haproxy_backends[a].port is 65536", "from 0 to 65535"),
    ("haproxy_listen_defaults: {port: 70000}", "haproxy_listen_defaults.port is 70000", "from 0 to 65535"),
    ("nginx_acme: {port: 65536}", "nginx_acme.port is 65536", "from 1 to 65535"),
    ("haproxy_acme: {port: 0}", "haproxy_acme.port is 0", "from 1 to 65535"),
    ("haproxy_maxconn: -1", "haproxy_maxconn is -1", "from 0 to 2147483647"),
    ("bgp_peers: [{address: a, as: 4294967296}]", "bgp_peers[0].as is 4294967296", "from 0 to 4294967295"),
]
RIGHT = [
    "keepalived_scripts: [{name: a, weight: -253, interval: 0.1, fall: 1}]",
    "keepalived_track_files: [{name: a, weight: 254, init_file: -5}]",
    "keepalived_instances: [{name: a, down_timer_adverts: 100, garp_master_refresh: 0, garp_master_delay: 0}]",
    "keepalived_virtual_servers: [{port: 0, real_servers: [{weight: 0}]}]",
    "bird_med_last_resort: 4294967295",
]


@pytest.mark.parametrize(("text", "place", "range_"), WRONG)
def test_a_number_that_a_daemon_refuses(text, place, range_):
    (problem,) = find_type_problems(yaml.safe_load(text), OPTIONS)
    assert place in problem
    assert range_ in problem


@pytest.mark.parametrize("text", RIGHT)
def test_a_number_that_a_daemon_accepts(text):
    assert find_type_problems(yaml.safe_load(text), OPTIONS) == []


@pytest.mark.parametrize("path", RANGES)
def test_every_range_is_of_an_option(path):
    option = {"options": OPTIONS}
    for name in path.split("."):
        option = option["options"][name]
    assert option["type"] in ("int", "float")


def test_defaults_have_the_ranges_of_their_items():
    assert set(DEFAULTS) <= set(OPTIONS)
    assert set(DEFAULTS.values()) <= set(OPTIONS)
