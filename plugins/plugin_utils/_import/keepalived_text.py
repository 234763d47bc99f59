# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read keepalived's configuration as a tree, with the files that it includes."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping

from .tree import Node, list_matches
from .values import Place, Unreadable, check_size

TOKEN = re.compile(r'("(?:\\.|[^"\\])*"?)|([{}])|([#!].*)|((?:\$\{[^}]*\}|\\.|[^\s{}"#!])+)')
QUOTED = re.compile(r'"((?:\\.|[^"\\])*)"?')
ON, OFF = ("on", "true", "yes"), ("off", "false", "no")
VRRP = ("vrrp_instance", "vrrp_sync_group")
SUMMED = (
    "virtual_ipaddress",
    "virtual_ipaddress_excluded",
    "virtual_routes",
    "virtual_rules",
    "unicast_peer",
    "track_interface",
    "track_script",
    "track_file",
    "track_process",
    "track_bfd",
)
"""Blocks of VRRP that keepalived adds up where one stands several times, so that they are read as one."""

INCLUDE = re.compile(r"include[a-z]?")


def parse(files: Mapping[str, str], main: str) -> Node:
    """Read a file and those that it includes, as far as C(files) has them; the others stay as C(include) lines.

    The root has no words. Raises Unreadable for braces that do not match."""
    root = Node(Place(main, 0), [], [], nodes=[])
    reader = _Reader(files, root)
    reader.file(main)
    if len(reader.open) > 1:
        inner = reader.open[-1]
        raise Unreadable(inner.place, inner.text, "the block has no closing brace: add it")
    root.end = reader.comments
    return root


def parse_switch(node: Node) -> bool | None:
    """Whether a directive switches something on, as it does without a value; nothing if it is neither on nor off."""
    word = node.value or "on"
    return word in ON if word in (*ON, *OFF) else None


class _Reader:
    """Reads files one after the other into the innermost open block."""

    def __init__(self, files: Mapping[str, str], root: Node) -> None:
        self.files = files
        self.open = [root]
        self.reading: list[str] = []
        self.comments: list[str] = []
        self.count = 0

    def file(self, name: str) -> None:
        """Read one file."""
        self.reading.append(name)
        for number, line in enumerate(self.files[name].split("\n"), 1):
            self.line(Place(name, number), line)
        self.reading.pop()

    def line(self, place: Place, line: str) -> None:
        """Read the directives and braces of one line."""
        words: list[str] = []
        last: Node | None = None
        for match in TOKEN.finditer(line):
            quoted, brace, comment, word = match.groups()
            if comment is not None:
                text = comment.lstrip("#! ").rstrip()
                if text and last is None and not words:
                    self.comments.append(text)
                elif text:
                    last = self.directive(place, words) if words else last
                    words = []
                    (last.comments if last else self.comments).append(text)
            elif brace == "}" and len(words) == 1 and words[0].startswith("@"):
                # The brace counts on some nodes only.
                self.open[-1].condition, words = words[0], []
                self.close(place, line)
            elif brace:
                last = self.directive(place, words) if words else last
                words = []
                self.begin(place, line) if brace == "{" else self.close(place, line)
            else:
                words.append(quoted or word)
        if words:
            self.directive(place, words)

    def directive(self, place: Place, words: list[str]) -> Node | None:
        """Add a directive to the open block, or read what it includes."""
        self.count += 1
        check_size(self.count, place, " ".join(words))
        values = [match[1] if (match := QUOTED.fullmatch(word)) else word for word in words]
        if INCLUDE.fullmatch(values[0]) and len(values) > 1 and self.include(place, values[1]):
            return None
        node = Node(place, words, values, self.comments)
        self.comments = []
        self.open[-1].inner.append(node)
        return node

    def begin(self, place: Place, line: str) -> None:
        """Open the block of the latest directive, or again the one that it continues."""
        outer, inner = self.open[-1], self.open[-1].inner
        if not inner or inner[-1].nodes is not None:
            raise Unreadable(place, line.strip(), "the brace has no directive before it: add one, or remove it")
        latest = inner[-1]
        before = [node for node in inner[:-1] if node.nodes is not None and node.words == latest.words]
        if before and outer.kind in VRRP and latest.kind in SUMMED:
            inner.pop()
            before[0].comments += latest.comments
            latest = before[0]
        latest.nodes = latest.inner
        self.open.append(latest)

    def close(self, place: Place, line: str) -> None:
        """Close the open block."""
        if len(self.open) == 1:
            raise Unreadable(place, line.strip(), "no block is open: remove the brace")
        self.open.pop().end += self.comments
        self.comments = []

    def include(self, place: Place, pattern: str) -> bool:
        """Read the files that match, except those that are being read; false if none is known."""
        wanted = posixpath.normpath(posixpath.join(posixpath.dirname(place.file), pattern))
        names = [name for name in list_matches(self.files, wanted) if name not in self.reading]
        for name in names:
            self.file(name)
        return bool(names)
