# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._input.keys import find_key_problems

OPTIONS = {
    "role_sites": {
        "type": "list",
        "elements": "dict",
        "options": {
            "name": {"type": "str", "required": True},
            "mode": {"type": "str", "choices": ["http", "tcp"]},
            "check": {"type": "dict", "options": {"version": {"type": "int", "choices": [2, 3]}}},
        },
    },
    "role_settings": {"type": "dict"},
    "role_runtimes": {"type": "list", "elements": "str", "choices": ["package", "container"]},
}


@pytest.mark.parametrize(
    ("variables", "problems"),
    [
        ({}, []),
        ({"other": {"a": 1}, "role_settings": {"any": "key"}, "role_sites": "text"}, []),
        ({"role_sites": [{"name": "a", "mode": "tcp", "check": {"version": 3}}, {"name": "b", "mode": None}]}, []),
        (
            {"role_sites": [{"name": "a", "mod": "tcp"}]},
            ["role_sites[a] has the key 'mod', which is unknown; did you mean mode?"],
        ),
        (
            {"role_sites": [{"name": "a", "x": "tcp"}]},
            ["role_sites[a] has the key 'x', which is unknown; there are check, mode, name"],
        ),
        ({"role_sites": [{"mode": "http"}]}, ["role_sites[0] has no name, which is needed"]),
        (
            {"role_sites": [{"name": "a", "mode": "udp", "check": {"version": 4, "versoin": 3}}]},
            [
                "role_sites[a].mode is 'udp': one of http, tcp is needed",
                "role_sites[a].check.version is '4': one of 2, 3 is needed",
                "role_sites[a].check has the key 'versoin', which is unknown; did you mean version?",
            ],
        ),
        ({"role_sites": [{"name": "a", "check": {"version": "3"}}]}, []),
        (
            {"role_runtimes": ["package", "podman"]},
            ["role_runtimes[1] is 'podman': one of package, container is needed"],
        ),
    ],
)
def test_key_problems(variables, problems):
    assert find_key_problems(variables, OPTIONS) == problems


def test_a_key_without_a_value():
    variables = {"role_sites": [{"name": None, "mode": None}]}
    assert find_key_problems(variables, OPTIONS) == []
    assert find_key_problems(variables, OPTIONS, nulls=True) == ["role_sites[0] has no name, which is needed"]


def test_a_variable_that_has_to_be_set():
    options = {"role_name": {"type": "str", "required": True}}
    assert find_key_problems({}, options) == ["role_name is not set; give it a value"]
    assert find_key_problems({"role_name": ""}, options) == []
