# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""keepalived.conf is read as keepalived reads it, however it is laid out."""

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.module_utils._host.system import Host
from ansible_collections.evenkeel.ha_web.plugins.module_utils._keepalived.conf import parse


def shape(block):
    """A block as nested lists: the words of its head, of its lines and its blocks."""
    return [block.head.words, [line.words for line in block.lines], [shape(inner) for inner in block.blocks]]


def read(path):
    return shape(parse(str(path), Host()))


# how it is written, the lines and the blocks of the whole file
LAYOUTS = [
    ("a b\nc", [["a", "b"], ["c"]], []),
    ("a {\n  b c\n}\nd", [["d"]], [[["a"], [["b", "c"]], []]]),
    ("a\n{\n  b\n}", [], [[["a"], [["b"]], []]]),
    ("a { b c }\nd", [["d"]], [[["a"], [["b", "c"]], []]]),
    ("a {b{c}}", [], [[["a"], [], [[["b"], [["c"]], []]]]]),
    ("a # {\nb ! }\n# c\n!", [["a"], ["b"]], []),
    ('a "b # c {" d', [["a", "b # c {", "d"]], []),
    ('a "b \\" c"', [["a", 'b \\" c']], []),
    ('a "b', [["a", "b"]], []),
    ("a ${B}c $D", [["a", "${B}c", "$D"]], []),
    ("@one a {\n  b\n}", [], [[["@one", "a"], [["b"]], []]]),
    ("", [], []),
    ("}\na", [["a"]], []),
    ("a {\nb", [], [[["a"], [["b"]], []]]),
]


@pytest.mark.parametrize(("text", "lines", "blocks"), LAYOUTS)
def test_layout(text, lines, blocks, tmp_path):
    (tmp_path / "main.conf").write_text(text)
    assert read(tmp_path / "main.conf") == [[], lines, blocks]


def test_every_line_knows_its_place(tmp_path):
    (tmp_path / "main.conf").write_text("\na {\n  b  # why\n}\n")
    (block,) = parse(str(tmp_path / "main.conf"), Host()).blocks
    finding = block.lines[0].refuse("no")
    assert (finding.severity, finding.message, finding.file, finding.line) == (
        "alert",
        "no",
        str(tmp_path / "main.conf"),
        3,
    )
    assert (finding.source, block.head.number) == ("b  # why", 2)


def test_of_several_directives_the_last_counts(tmp_path):
    (tmp_path / "main.conf").write_text("a {\npriority 1\npriority 2\npriority\n}")
    (block,) = parse(str(tmp_path / "main.conf"), Host()).blocks
    assert (block.find("priority").number, block.value("priority"), block.find("state"), block.value("state")) == (
        4,
        "",
        None,
        "",
    )


def test_includes_are_read_where_they_stand(tmp_path):
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "conf.d/1.conf").write_text('b {\ninclude "../c.conf"\n}')
    (tmp_path / "conf.d/2.conf").write_text("d")
    (tmp_path / "c.conf").write_text("c")
    (tmp_path / "main.conf").write_text("a\ninclude conf.d/*.conf\ne\n")
    whole = parse(str(tmp_path / "main.conf"), Host())
    assert shape(whole) == [
        [],
        [["a"], ["include", "conf.d/*.conf"], ["d"], ["e"]],
        [[["b"], [["include", "../c.conf"], ["c"]], []]],
    ]
    assert [(line.file.removeprefix(f"{tmp_path}/"), line.number) for line in whole.lines] == [
        ("main.conf", 1),
        ("main.conf", 2),
        ("conf.d/2.conf", 1),
        ("main.conf", 3),
    ]


@pytest.mark.parametrize("pattern", ["main.conf", "./main.conf", "missing.conf", "conf.d", "*"])
def test_an_include_that_leads_nowhere_is_left_to_keepalived(pattern, tmp_path):
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "main.conf").write_text(f"include {pattern}\na")
    assert read(tmp_path / "main.conf") == [[], [["include", pattern], ["a"]], []]


def test_a_file_that_cannot_be_read(tmp_path):
    with pytest.raises(OSError, match="No such file"):
        parse(str(tmp_path / "missing.conf"), Host())
