# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read nginx's configuration as a tree, with the files that it includes into its outer contexts."""

from __future__ import annotations

import posixpath
import re
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from .tree import Node, list_matches
from .values import Place, Unreadable, check_size

ESCAPES = {"t": "\t", "r": "\r", "n": "\n", '"': '"', "'": "'", "\\": "\\"}
BROKEN = re.compile(r"(\\?)([\r\n])|\\.")
"""A line break in a word, before which a backslash means itself, or what a backslash stands before."""

BREAKS = {"\r": "\\r", "\n": "\\n"}
"""Line breaks as nginx reads them on one line."""

PACKAGED = "mime.types"
"""A file of the package that stays one."""

EXPANDED = ("", "http", "stream")
"""Contexts whose includes are read. Snippets of sites and locations stay files."""


LUA = "_by_lua_block"
"""How directives end that have a block in Lua, whose braces, quotation marks and comments are Lua's."""

LUA_PARTS = re.compile(
    r"""--\[(=*)\[.*?\]\1\] | --[^\n]* | \[(=*)\[.*?\]\2\] | '(?:\\.|[^'\\])*' | "(?:\\.|[^"\\])*" | [{}]""",
    re.DOTALL | re.VERBOSE,
)
"""Comments and texts of Lua, in which braces do not count, and braces."""


@dataclass(frozen=True)
class _Token:
    """A word, a comment, a C(block) in Lua, or one of C(;{}), with the line on which it begins."""

    kind: str
    raw: str
    value: str
    line: int


def parse(files: Mapping[str, str], main: str) -> Node:
    """Read a file and what it includes, as far as C(files) has it; the others stay as C(include) directives.

    The root has no words. Raises Unreadable for what nginx would not read."""
    root = Node(Place(main, 0), [], [], nodes=[])
    _Reader(files, posixpath.dirname(main), root).file(main)
    return root


class _Reader:
    """Reads files one after the other into the innermost open block."""

    def __init__(self, files: Mapping[str, str], folder: str, root: Node) -> None:
        self.files = files
        self.folder = folder
        self.open = [root]
        self.reading: list[str] = []
        self.count = 0

    def file(self, name: str) -> None:
        """Read one file, whose blocks end in it."""
        self.reading.append(name)
        depth = len(self.open)
        words: list[_Token] = []
        comments: list[str] = []
        last: Node | None = None
        for token in _tokens(name, self.files[name]):
            place = Place(name, token.line)
            if token.kind == "comment":
                behind = last is not None and last.place.number == token.line and not words
                (last.comments if last and behind else comments).append(token.raw)
            elif token.kind == "word":
                words.append(token)
            elif token.kind == "}":
                if words or len(self.open) == depth:
                    raise Unreadable(place, "}", "a semicolon is missing before it, or no block is open: correct it")
                self.open.pop().end, comments, last = comments, [], None
            else:
                if not words:
                    raise Unreadable(place, token.kind, "no directive is before it: add one, or remove it")
                node = Node(
                    Place(name, words[0].line), [word.raw for word in words], [word.value for word in words], comments
                )
                words, comments = [], []
                if token.kind == "block":
                    lines = textwrap.dedent(token.value).split("\n")
                    node.verbatim = [line.rstrip() for line in lines if line.strip()]
                last = self.directive(node, token.kind == "{")
        if words or len(self.open) > depth:
            line = " ".join(word.raw for word in words) or self.open[-1].text
            place = Place(name, words[0].line) if words else self.open[-1].place
            raise Unreadable(place, line, "the file ends in it: add what is missing, a semicolon or a closing brace")
        self.open[-1].end += comments
        self.reading.pop()

    def directive(self, node: Node, opens: bool) -> Node | None:
        """Add a directive to the open block, or read what it includes."""
        self.count += 1
        check_size(self.count, node.place, node.text)
        if opens:
            node.nodes = []
        elif node.kind == "include" and self.open[-1].kind in EXPANDED and self.include(node):
            return None
        self.open[-1].inner.append(node)
        if opens:
            self.open.append(node)
        return node

    def include(self, node: Node) -> bool:
        """Read the files that match, except those that are being read; false if none is known."""
        if posixpath.basename(node.name) == PACKAGED:
            return False
        wanted = posixpath.normpath(posixpath.join(self.folder, node.name))
        names = [name for name in list_matches(self.files, wanted) if name not in self.reading]
        for name in names:
            self.file(name)
        return bool(names)


def _tokens(file: str, text: str) -> Iterator[_Token]:
    at, line, directive = 0, 1, ""
    while at < len(text):
        char = text[at]
        if char == "{" and directive.endswith(LUA):
            raw = _lua(text, at, Place(file, line))
            yield _Token("block", raw, raw[1:-1], line)
            line += raw.count("\n")
            at += len(raw)
            directive = ""
        elif char.isspace():
            line += char == "\n"
            at += 1
        elif char == "#":
            end = text.find("\n", at)
            end = len(text) if end < 0 else end
            comment = text[at:end].lstrip("#").strip()
            if comment:
                yield _Token("comment", comment, comment, line)
            at = end
        elif char in ";{}":
            yield _Token(char, char, char, line)
            at += 1
            directive = ""
        else:
            raw, value = _word(text, at, Place(file, line))
            yield _Token("word", BROKEN.sub(_escape, raw), value, line)
            directive = directive or value
            line += raw.count("\n")
            at += len(raw)


def _escape(found: re.Match[str]) -> str:
    """The same characters of a word without a line break."""
    backslash, end = found.groups()
    return backslash * 2 + BREAKS[end] if end else found[0]


def _lua(text: str, start: int, place: Place) -> str:
    """The block in Lua that begins there, with its braces."""
    depth = 0
    for part in LUA_PARTS.finditer(text, start):
        depth += {"{": 1, "}": -1}.get(part[0], 0)
        if depth == 0:
            return text[start : part.end()]
    raise Unreadable(place, "{", "the block is not closed: add what is missing, a quotation mark or a closing brace")


def _word(text: str, start: int, place: Place) -> tuple[str, str]:
    """The word that begins there, as it is written and without quotation marks."""
    quote = text[start] if text[start] in "'\"" else ""
    at, value = start + len(quote), ""
    while at < len(text):
        char = text[at]
        if char == "\\" and at + 1 < len(text):
            following = text[at + 1]
            value += ESCAPES.get(following, char + following)
            at += 2
        elif quote and char == quote:
            return text[start : at + 1], value
        elif not quote and (char.isspace() or char == ";" or (char == "{" and text[at - 1] != "$")):
            return text[start:at], value
        else:
            value += char
            at += 1
    if quote:
        raise Unreadable(place, text[start : start + 40].split("\n", maxsplit=1)[0], "the quotation mark is not closed")
    return text[start:at], value
