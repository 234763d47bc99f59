# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._input.text import (
    PAGES,
    find_unprintable,
    find_unprintable_texts,
    with_decrypted_texts,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from samples.nasty import texts

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
        (
            [{"name": "jane", "password": Encrypted(), "groups": (Encrypted(),)}],
            [{"name": "jane", "password": "word", "groups": ["word"]}],
        ),
        ({"a": 7, "b": None, "c": True}, {"a": 7, "b": None, "c": True}),
    ],
)
def test_a_filter_sees_texts_where_variables_are_encrypted(value, seen):
    found = with_decrypted_texts(lambda given, port=0: (given, port))(value, port=80)
    assert found == (seen, 80)
    assert "Encrypted" not in repr(found)


@pytest.mark.parametrize("value", GOOD)
def test_one_line_is_no_problem(value):
    assert find_unprintable("v", value) == []


@pytest.mark.parametrize(("value", "path"), BAD)
def test_the_problem_names_the_place(value, path):
    (problem,) = find_unprintable("v", value)
    assert problem.startswith((f"{path} has a line break: ", f"{path} has the control character U+"))


def test_the_rest_of_the_text_is_never_shown():
    assert "unutterable" not in find_unprintable("v", ["unutterable\n"])[0]


@pytest.mark.parametrize(
    "key", ["a\nb", "a b", "", "redispatch #", "a;", "a{", "a\u2028b", "a\x85", "a\tb", "$host", "%h", "'a'"]
)
def test_a_key_is_a_word(key):
    (problem,) = find_unprintable("v", [{"name": "web", "options": {key: True}}])
    shown = "".join(letter if letter.isprintable() or letter == "\t" else "?" for letter in key)
    assert problem.startswith(f"v[web].options has the key '{shown}': a single word of letters, digits")


@pytest.mark.parametrize("key", ["http-keep-alive", "tcp-ut", "ssl_session_cache", 80, True, "X-Real-IP"])
def test_words_are_keys(key):
    assert find_unprintable("v", {key: True}) == []


def leaves(options, way=()):
    """The ways to all texts and free dictionaries of an argument spec."""
    for name, option in options.items():
        here = (*way, (name, option.get("type") == "list"))
        if option.get("options"):
            yield from leaves(option["options"], here)
        elif option.get("type") in ("str", "path", "dict") or option.get("elements") in ("str", "path"):
            yield here, option.get("type") == "dict"


def built(way, value):
    """The variable in which the value stands at the end of the way."""
    (name, listed), *rest = way
    value = built(rest, value) if rest else value
    return {name: [value] if listed else value}


ROLES = Path(__file__).parents[5] / "roles"
PLACES = [
    place
    for role in ("haproxy", "keepalived", "nginx")
    for place in leaves(
        yaml.safe_load((ROLES / role / "meta/argument_specs.yml").read_text())["argument_specs"]["main"]["options"]
    )
]
ENDS = [*map(chr, (*range(9), *range(10, 32), *range(127, 160))), "\u2028", "\u2029"]
"""What a daemon, a shell, systemd or an editor could take for the end of a line or of the text."""


@settings(max_examples=1000)
@given(st.sampled_from(PLACES), st.sampled_from(ENDS), texts, texts)
def test_no_text_and_no_key_of_any_option_has_more_than_one_line(place, end, before, after):
    way, free = place
    text = f"{before}{end}{after}"
    for value in [{text: True}, {"word": text}, {"word": [text]}] if free else [text]:
        problems = find_unprintable_texts(built(way, value))
        lines = (("content", "_files"), ("key", "_repository"))
        has_lines = any(way[-1][0] == key and way[0][0].endswith(variable) for key, variable in lines)
        assert len(problems) == (not has_lines and (way[0][0], way[-1][0]) not in PAGES.items()), way


def test_every_role_is_known():
    assert len(PLACES) > 150
    assert any(free for _way, free in PLACES)


def test_content_is_a_text_like_any_other_where_it_is_not_that_of_a_file():
    assert find_unprintable_texts({"haproxy_options": {"path": "x", "content": "a\nb"}})
    assert find_unprintable_texts({"haproxy_files": [{"path": "x", "content": "a\nb"}]}) == []
    assert find_unprintable_texts({"haproxy_repository": {"suites": ["a\nb"]}})
    assert find_unprintable_texts({"haproxy_repository": {"key": "a\nb"}}) == []
