# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Directives and blocks between braces, as keepalived and nginx have them: what their readers return."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from .values import Place


@dataclass
class Node:
    """A directive. C(words) are as they are written, C(values) without quotation marks; C(nodes) is None if no block
    follows it. C(comments) stand before it, the one behind it last; C(end) are those before the closing brace.
    C(verbatim) are the lines of a block in another language, C(condition) is what stands before the closing brace."""

    place: Place
    words: list[str]
    values: list[str]
    comments: list[str] = field(default_factory=list)
    nodes: list[Node] | None = None
    end: list[str] = field(default_factory=list)
    verbatim: list[str] | None = None
    condition: str = ""

    @property
    def kind(self) -> str:
        """The keyword."""
        return self.values[0] if self.values else ""

    @property
    def name(self) -> str:
        """The word after the keyword; empty if there is none."""
        return self.values[1] if len(self.values) > 1 else ""

    @property
    def text(self) -> str:
        """The words as they are written."""
        return " ".join(self.words)

    @property
    def rest(self) -> str:
        """The words after the keyword, as they are written."""
        return " ".join(self.words[1:])

    @property
    def value(self) -> str:
        """The values after the keyword."""
        return " ".join(self.values[1:])

    @property
    def has_block(self) -> bool:
        """Whether a block follows the words, of directives or in another language."""
        return self.nodes is not None or self.verbatim is not None

    @property
    def inner(self) -> list[Node]:
        """What stands in the block; nothing if there is none."""
        return [] if self.nodes is None else self.nodes

    def lines(self, end: str = "", indent: str = "") -> Iterator[str]:
        """The directive and its block as lines; C(end) closes a directive without a block."""
        if self.verbatim is not None:
            yield from (f"{indent}{self.text} {{", *(f"{indent}    {line}" for line in self.verbatim), f"{indent}}}")
            return
        if self.nodes is None:
            yield f"{indent}{self.text}{end}"
            return
        yield f"{indent}{self.text} {{"
        for node in self.nodes:
            for comment in node.comments:
                yield f"{indent}    # {comment}"
            yield from node.lines(end, f"{indent}    ")
        for comment in self.end:
            yield f"{indent}    # {comment}"
        yield f"{indent}{self.condition} }}" if self.condition else f"{indent}}}"

    def walk(self) -> Iterator[Node]:
        """The directive and everything in its block."""
        yield self
        for node in self.inner:
            yield from node.walk()


def list_matches(names: Iterable[str], pattern: str) -> list[str]:
    """The names of files that fit a pattern as in a shell, in their order: a wildcard stands for neither a slash nor
    the dot of a hidden file."""
    return [name for name in sorted(names) if _fits(name.split("/"), pattern.split("/"))]


def _fits(parts: list[str], wanted: list[str]) -> bool:
    return len(parts) == len(wanted) and all(
        fnmatch.fnmatchcase(part, word) and (part.startswith(".") <= word.startswith("."))
        for part, word in zip(parts, wanted)
    )
