# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._import.haproxy_text import parse, split_words
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._import.values import Unreadable

# A line, the values of its words, and its comment.
LINES = [
    ("  bind  :80 ", [("bind", "bind"), (":80", ":80")], ""),
    ("mode http # of the shop", [("mode", "mode"), ("http", "http")], "of the shop"),
    ("a\\ b c\\#d", [("a\\ b", "a b"), ("c\\#d", "c#d")], ""),
    (r"x\x41y \n\t", [(r"x\x41y", "xAy"), (r"\n\t", "\n\t")], ""),
    ('"a # b" \'c " d\'', [('"a # b"', "a # b"), ("'c \" d'", 'c " d')], ""),
    (r"'a\b' " + r'"a\"b"', [(r"'a\b'", "a\\b"), (r'"a\"b"', 'a"b')], ""),
    ("\"$A\" '$A' $A", [('"$A"', "\0$A"), ("'$A'", "$A"), ("$A", "$A")], ""),
    ("''", [("''", "")], ""),
    ("# alone", [], "alone"),
    ("tab\tand\r", [("tab", "tab"), ("and", "and")], ""),
    ("end\\", [("end\\", "end")], ""),
]


@pytest.mark.parametrize(("line", "words", "comment"), LINES)
def test_words(line, words, comment):
    found, behind = split_words(line)
    assert [(word.raw, word.value) for word in found] == words
    assert behind == comment


@pytest.mark.parametrize("line", ["a 'b", 'a "b', "'"])
def test_a_quotation_mark_has_to_be_closed(line):
    with pytest.raises(Unreadable, match=r"x\.cfg:2: .*: the quotation mark . is not closed"):
        parse({"x.cfg": f"global\n{line}"})


def test_sections_lines_and_places():
    config = parse({"a.cfg": "global\n    daemon\n\nfrontend web\n    bind :80", "b.cfg": "backend app\n    mode http"})
    assert [(section.kind, section.name) for section in config.sections] == [
        ("global", ""),
        ("frontend", "web"),
        ("backend", "app"),
    ]
    assert [str(section.lines[0].place) for section in config.sections] == ["a.cfg:2", "a.cfg:5", "b.cfg:2"]


def test_a_line_takes_the_comments_before_it_and_behind_it():
    config = parse({"x": "# one\n\n# two\nglobal # three\n    daemon\n# end"})
    assert config.sections[0].head.comments == ("one", "two", "three")
    assert config.comments == ["end"]


def test_lines_outside_of_sections():
    assert [line.text for line in parse({"x": "bind :80\nglobal"}).outside] == ["bind :80"]


def test_a_file_begins_outside_of_the_sections_of_the_one_before_it():
    assert [line.text for line in parse({"x": "global\n", "y": "daemon"}).outside] == ["daemon"]


# The text, and the number of the defaults section of each section.
DEFAULTS = [
    ("frontend a", [None]),
    ("defaults\nfrontend a\ndefaults\nfrontend b", [None, 0, None, 2]),
    ("defaults x\ndefaults y from x\nfrontend a from x\nfrontend b", [None, 0, 0, 1]),
    ("defaults from\n", [None]),
]


@pytest.mark.parametrize(("text", "numbers"), DEFAULTS)
def test_the_defaults_of_a_section(text, numbers):
    assert [section.defaults for section in parse({"x": text}).sections] == numbers
