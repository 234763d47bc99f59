# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._input.rules import (
    find_repeated,
    find_unknown,
    refuse_hidden_path,
    refuse_no_address,
)

ROLE = ["haproxy_backends", "haproxy_frontends"]


@pytest.mark.parametrize(
    ("values", "problems"),
    [
        ([], []),
        (["a", "b"], []),
        (["a", "b", "a"], ["some_list: the name a is used 2 times; each may be used once"]),
        (
            [7, 8, 7, 8, 7],
            [
                "some_list: the name 7 is used 3 times; each may be used once",
                "some_list: the name 8 is used 2 times; each may be used once",
            ],
        ),
    ],
)
def test_repeated(values, problems):
    assert find_repeated("some_list", "name", values) == problems


@pytest.mark.parametrize(
    ("path", "expected"), [("/srv/home/a", 0), ("/homes", 0), ("a.pem", 0), ("/home/jane/a", 1), ("/root", 1)]
)
def test_what_a_confined_service_does_not_see(path, expected):
    assert len(refuse_hidden_path("here", path, "role_confined")) == expected


@pytest.mark.parametrize("value", ["192.0.2.11", "2001:db8::11", "::"])
def test_an_address(value):
    assert refuse_no_address("here", value) == []


@pytest.mark.parametrize("value", ["", "lb1", "192.0.2", "192.0.2.256", "192.0.2.11/24", "2001:db8::g"])
def test_not_an_address(value):
    assert refuse_no_address("here", value) == [
        f"here is '{value}': an IPv4 or IPv6 address is needed, such as 192.0.2.11"
    ]


@pytest.mark.parametrize(
    ("names", "problems"),
    [
        ([""], []),
        (ROLE, []),
        (["haproxy_bakends"], ["haproxy_bakends is not a variable of this role; did you mean haproxy_backends?"]),
        (["x"], ["x is not a variable of this role; there are haproxy_backends, haproxy_frontends"]),
    ],
)
def test_unknown(names, problems):
    assert find_unknown(names, ROLE) == problems
