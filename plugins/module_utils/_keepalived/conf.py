# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""keepalived.conf as blocks and lines, for rules that look at it after keepalived has."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from .._check.finding import Finding
from .._host.system import Host

_TOKEN = re.compile(r'"((?:\\.|[^"\\])*)"?|([{}])|([#!].*)|((?:\$\{[^}]*\}|\\.|[^\s{}"#!])+)')
_INCLUDE = re.compile(r'\s*include\w*\s+"?([^"\s]+)')


@dataclass(frozen=True)
class Line:
    """One directive: its words without quotation marks, and where it stands."""

    words: list[str]
    file: str
    number: int
    text: str

    def refuse(self, message: str) -> Finding:
        """The alert that this line must not be used."""
        return Finding("alert", message, self.file, self.number, self.text)

    def warn(self, message: str) -> Finding:
        """A warning about this line."""
        return Finding("warning", message, self.file, self.number, self.text)


@dataclass
class Block:
    """Lines between braces, with the line before them. For the whole file, that line has no words."""

    head: Line
    lines: list[Line] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)

    @property
    def kind(self) -> str:
        """Keyword of the block, such as C(vrrp_instance)."""
        return self.head.words[0] if self.head.words else ""

    @property
    def name(self) -> str:
        """Name of the block, if it has one."""
        return self.head.words[1] if len(self.head.words) > 1 else ""

    def find(self, word: str) -> Line | None:
        """The directive of that name; of several, the last one, which is the one that counts."""
        return next((line for line in reversed(self.lines) if line.words[0] == word), None)

    def value(self, word: str) -> str:
        """The first value of the directive of that name, empty if there is none."""
        found = self.find(word)
        return found.words[1] if found and len(found.words) > 1 else ""

    def inner(self, *kinds: str) -> Iterator[Block]:
        """The blocks of these kinds that stand in this one."""
        return (block for block in self.blocks if block.kind in kinds)

    def walk(self) -> Iterator[Block]:
        """This block and everything in it."""
        yield self
        for block in self.blocks:
            yield from block.walk()


def parse(path: str, host: Host) -> Block:
    """The blocks of a file and of those that it includes.

    Whatever stands there, something is returned; that it makes sense is for keepalived to say. Lines that only count
    for one configuration id (C(@id ...)) keep the id as their first word. Raises OSError if path cannot be read."""
    whole = Block(Line([], path, 0, ""))
    _Reader(host, [whole]).file(os.path.normpath(path))
    return whole


class _Reader:
    """Reads files one after the other into the innermost block that is open."""

    def __init__(self, host: Host, stack: list[Block]) -> None:
        self.host = host
        self.stack = stack
        self.open: list[str] = []

    def file(self, path: str) -> None:
        lines = self.host.read(path).split("\n")
        self.open.append(path)
        for number, text in enumerate(lines, 1):
            self.line(text, path, number)
        self.open.pop()

    def line(self, text: str, path: str, number: int) -> None:
        include = _INCLUDE.match(text)
        if include:
            self.stack[-1].lines.append(Line(["include", include.group(1)], path, number, text.strip()))
            self.include(os.path.join(os.path.dirname(path), include.group(1)))
            return
        words: list[str] = []
        for match in _TOKEN.finditer(text):
            quoted, brace, comment, word = match.groups()
            if brace:
                self.directive(Line(words, path, number, text.strip()))
                words = []
                (self.begin if brace == "{" else self.end)()
            elif comment is None:
                words.append(word if quoted is None else quoted)
        self.directive(Line(words, path, number, text.strip()))

    def directive(self, line: Line) -> None:
        if line.words:
            self.stack[-1].lines.append(line)

    def begin(self) -> None:
        """The directive before a brace is not a line but the head of a block."""
        inner = self.stack[-1]
        block = Block(inner.lines.pop() if inner.lines else inner.head)
        inner.blocks.append(block)
        self.stack.append(block)

    def end(self) -> None:
        if len(self.stack) > 1:
            self.stack.pop()

    def include(self, pattern: str) -> None:
        """Read what is included, but not what includes itself. What cannot be read is left to keepalived."""
        for path in self.host.matches(os.path.normpath(pattern)):
            if path not in self.open:
                with suppress(OSError):
                    self.file(path)
