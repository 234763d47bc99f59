# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read HAProxy's configuration: words by its quoting rules, sections, comments, and the line that each stands on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import dropwhile

from .values import Place, Unreadable, check_size

SECTIONS = {
    "acme",
    "backend",
    "cache",
    "crt-store",
    "defaults",
    "fcgi-app",
    "frontend",
    "global",
    "http-errors",
    "listen",
    "log-forward",
    "log-profile",
    "mailers",
    "peers",
    "program",
    "resolvers",
    "ring",
    "traces",
    "userlist",
}
"""Keywords that begin a section."""

UNNAMED = {"defaults", "global", "traces"}
"""Sections without a name."""

NAMELESS = ("crt-store", "traces")
"""Sections of other kinds that need no name."""

CONDITIONS = (".if", ".elif", ".else", ".endif")
"""Lines that decide whether those after them count."""

EXPANDED = "\0"
"""Stands before a dollar sign that HAProxy expands, in the value of a word: between double quotes only."""

ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}


@dataclass(frozen=True)
class Word:
    """A word as it is written, and the C(value) that HAProxy takes from it."""

    raw: str
    value: str


@dataclass(frozen=True)
class Line:
    """A directive with the comments before it; the one behind it is the last of them. C(depth) is the number of
    conditions that it stands under or belongs to."""

    place: Place
    words: tuple[Word, ...]
    text: str
    comments: tuple[str, ...] = ()
    depth: int = 0

    @property
    def values(self) -> tuple[str, ...]:
        """The values of all words."""
        return tuple(word.value for word in self.words)

    def raw(self, first: int = 0) -> str:
        """The words as they are written, from one of them on."""
        return " ".join(word.raw for word in self.words[first:])


@dataclass
class Section:
    """A section. C(defaults) is the number of the defaults section that it begins with, among all sections."""

    head: Line
    lines: list[Line] = field(default_factory=list)
    defaults: int | None = None

    @property
    def kind(self) -> str:
        """The keyword."""
        return self.head.words[0].value

    @property
    def name(self) -> str:
        """The name; empty if there is none."""
        return self.head.words[1].raw if len(self.head.words) > 1 and self._named() else ""

    @property
    def base(self) -> str:
        """The name of the defaults section after C(from)."""
        values = self.head.values
        at = 2 if self.name else 1
        return values[at + 1] if values[at : at + 1] == ("from",) and len(values) > at + 1 else ""

    @property
    def address(self) -> str:
        """The address after the name of a C(listen), which HAProxy took before version 1.7."""
        values = self.head.values
        return values[2] if self.kind == "listen" and len(values) > 2 and values[2] != "from" else ""

    @property
    def is_conditional(self) -> bool:
        """Whether some lines count under a condition only."""
        return bool(self.conditional)

    @property
    def conditional(self) -> list[Line]:
        """The lines from the first condition on."""
        return list(dropwhile(lambda line: line.values[0] not in CONDITIONS, self.lines))

    def _named(self) -> bool:
        return self.kind not in UNNAMED or self.head.words[1].value != "from"


@dataclass
class Config:
    """All sections in their order, the comments after the last one, and lines outside of sections. C(conditions) are
    those that decide on whole sections, each with all of its lines, which stand nowhere else."""

    sections: list[Section] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    outside: list[Line] = field(default_factory=list)
    conditions: list[list[Line]] = field(default_factory=list)


def split_words(line: str) -> tuple[list[Word], str]:
    """The words of a line and its comment, by the rules of section 2.2 of HAProxy's manual.

    Raises ValueError if a quotation mark is not closed."""
    words: list[Word] = []
    raw, value, quote, at = "", "", "", 0
    started = False
    while at < len(line):
        char = line[at]
        if not quote and char == "#":
            break
        step = 1
        if not quote and char.isspace():
            if started:
                words.append(Word(raw, value))
            raw, value, started = "", "", False
            at += 1
            continue
        started = True
        if char == "\\" and quote != "'":
            step, escaped = _escaped(line, at)
            value += escaped
        elif char in "'\"" and quote in ("", char):
            quote = "" if quote else char
        elif char == "$" and quote == '"':
            value += EXPANDED + char
        else:
            value += char
        raw += line[at : at + step]
        at += step
    if quote:
        raise ValueError(f"the quotation mark {quote} is not closed")
    if started:
        words.append(Word(raw, value))
    return words, line[at:].lstrip("#").strip() if at < len(line) else ""


def _escaped(line: str, at: int) -> tuple[int, str]:
    """Length and value of what begins with a backslash."""
    following = line[at + 1 : at + 2]
    if following == "x":
        digits = line[at + 2 : at + 4]
        try:
            return 4, chr(int(digits, 16)) if len(digits) == 2 else "x"
        except ValueError:
            return 2, "x"
    return 2 if following else 1, ESCAPES.get(following, following)


def parse(files: Mapping[str, str]) -> Config:
    """Read the files in their order, as C(haproxy -f FIRST -f SECOND) does.

    Raises Unreadable for a line that HAProxy would not read."""
    found = Config()
    named: dict[str, int] = {}
    latest: int | None = None
    count = 0
    for file, text in files.items():
        inside = False
        for block in _list_blocks(_lines(file, text, found)):
            count += len(block)
            line = block[0]
            check_size(count, line.place, line.text)
            if line.depth and any(inner.values[0] in SECTIONS for inner in block):
                found.conditions.append(block)
                inside = False
                continue
            if line.values[0] in SECTIONS:
                section = Section(line, defaults=latest)
                if section.base:
                    section.defaults = named.get(section.base)
                elif section.kind == "defaults":
                    section.defaults = None
                if section.kind == "defaults":
                    latest = len(found.sections)
                    named[section.name] = latest
                found.sections.append(section)
                inside = True
            elif inside:
                found.sections[-1].lines.extend(block)
            else:
                found.outside.extend(block)
    return found


def _list_blocks(lines: Iterable[Line]) -> Iterator[list[Line]]:
    """Each line outside of conditions on its own, and each outermost condition with all of its lines."""
    block: list[Line] = []
    for line in lines:
        block.append(line)
        if line.depth == 0 or (line.depth == 1 and line.values[0] == ".endif"):
            yield block
            block = []
    if block:
        yield block


def _lines(file: str, text: str, config: Config) -> Iterator[Line]:
    """The lines with a directive. Comments after the last one are left in C(config)."""
    depth = 0
    for number, line in enumerate(text.split("\n"), 1):
        place = Place(file, number)
        try:
            words, comment = split_words(line)
        except ValueError as error:
            raise Unreadable(place, line.strip(), f"{error}; correct the line") from error
        if comment:
            config.comments.append(comment)
        if words:
            before, config.comments = tuple(config.comments), []
            depth += words[0].value == ".if"
            yield Line(place, tuple(words), " ".join(word.raw for word in words), before, depth)
            depth -= words[0].value == ".endif" and depth > 0
