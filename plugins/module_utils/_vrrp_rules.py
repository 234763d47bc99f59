# Copyright (c) 2026, The evenkeel authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What keepalived accepts although no failover can come of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from ansible_collections.evenkeel.ha_web.plugins.module_utils._finding import Finding

KEEPS = ("nopreempt", "preempt_delay")
TRACKS = {"track_script": "vrrp_script", "track_file": "track_file", "track_process": "vrrp_track_process"}


@dataclass
class Block:
    """A block of keepalived.conf: its words before the brace, its line, and what stands in it."""

    words: list[str]
    line: int
    lines: list[tuple[int, list[str]]] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)

    def find(self, word: str) -> tuple[int, list[str]] | None:
        """The directive of that name."""
        return next(((line, words) for line, words in self.lines if words[0] == word), None)

    def weight(self) -> int:
        """The weight that the block sets, 0 if it sets none."""
        found = self.find("weight")
        return _number(found[1][1:]) if found else 0


def parse(text: str) -> Block:
    """The blocks of keepalived.conf in the layout of one brace a line, as people write it. Includes are not followed."""
    stack = [Block([], 0)]
    for number, raw in enumerate(text.splitlines(), 1):
        words = raw.split("#")[0].split("!")[0].replace("{", " { ").replace("}", " } ").split()
        opens, closes = "{" in words, "}" in words
        words = [word for word in words if word not in "{}"]
        if opens:
            block = Block(words, number)
            stack[-1].blocks.append(block)
            if not closes:
                stack.append(block)
        else:
            if words:
                stack[-1].lines.append((number, words))
            if closes and len(stack) > 1:
                stack.pop()
    return stack[0]


def findings(text: str, path: str) -> list[Finding]:
    """An alert for every instance that could never hand over its addresses."""
    whole = parse(text)
    weights = {tuple(block.words[:2]): block.weight() for block in whole.blocks if len(block.words) > 1}
    found = []
    for block in whole.blocks:
        if block.words[:1] == ["vrrp_instance"]:
            for line, message in _instance(block, weights):
                found.append(Finding("alert", message, path, line, text.splitlines()[line - 1].strip()))
    return found


def _instance(block: Block, weights: dict[tuple[str, ...], int]) -> Iterator[tuple[int, str]]:
    name = block.words[1] if len(block.words) > 1 else ""
    keeps = next((found for found in map(block.find, KEEPS) if found), None)
    state = block.find("state")
    if keeps and keeps[1][0] == "nopreempt" and state and state[1][1:] == ["MASTER"]:
        yield keeps[0], f"({name}) nopreempt is ignored with state MASTER: write state BACKUP on every node"
    for tracks in block.blocks:
        kind = TRACKS.get(tracks.words[0]) if tracks.words else None
        for line, words in tracks.lines if kind else []:
            weight = _number(words[2:]) if words[1:2] == ["weight"] else weights.get((kind, words[0]), 0)
            if weight and keeps:
                yield (
                    line,
                    (
                        f"({name}) a weight together with {keeps[1][0]} keeps the address on the failed node, because the peer accepts the "
                        "lower priority: leave the weight out, so that a failure means FAULT"
                    ),
                )


def _number(words: list[str]) -> int:
    try:
        return int(words[0])
    except (IndexError, ValueError):
        return 0
