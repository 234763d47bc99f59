# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.module_utils._scalars import decrypted, unprintable

GOOD = [
    [],
    "plain",
    'with a\ttab, ünïcödé and "quotes"',
    7,
    None,
    [{"name": "a", "lines": ["one", "two"], "weight": 0}],
]

# the value, where it says that the text is
BAD = [
    ("two\nlines", "v"),
    (["fine", "return\r"], "v[1]"),
    ([{"name": "web", "lines": ["a", "b\nc"]}], "v[web].lines[1]"),
    ([{"name": "two\nlines"}], "v[0].name"),
    ([{"label": "zero\x00"}], "v[0].label"),
    ({"deep": [{"name": 7, "er": {"key": "next\x85line"}}]}, "v.deep[0].er.key"),
    ({"separator": "a\u2028b"}, "v.separator"),
]


class Encrypted:
    """An encrypted variable as ansible-core has it before 2.19."""

    __ENCRYPTED__ = True

    def __str__(self):
        return "word"


@pytest.mark.parametrize(
    ("value", "seen"),
    [
        (Encrypted(), "word"),
        ([{"name": "jane", "password": Encrypted(), "groups": (Encrypted(),)}], [{"name": "jane", "password": "word", "groups": ["word"]}]),
        ({"a": 7, "b": None, "c": True}, {"a": 7, "b": None, "c": True}),
    ],
)
def test_a_filter_sees_texts_where_variables_are_encrypted(value, seen):
    found = decrypted(lambda given, port=0: (given, port))(value, port=80)
    assert found == (seen, 80)
    assert "Encrypted" not in repr(found)


@pytest.mark.parametrize("value", GOOD)
def test_one_line_is_no_problem(value):
    assert unprintable("v", value) == []


@pytest.mark.parametrize(("value", "path"), BAD)
def test_the_problem_names_the_place(value, path):
    (problem,) = unprintable("v", value)
    assert problem.startswith(f"{path} has a line break or another control character (")


def test_the_rest_of_the_text_is_never_shown():
    assert "unutterable" not in unprintable("v", ["unutterable\n"])[0]
