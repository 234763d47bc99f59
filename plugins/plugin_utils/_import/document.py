# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write variables as YAML with comments, as a person would."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from .values import JINJA, Path, Template

WIDTH = 110
"""Length of a line up to which a short mapping is written on it."""


def write_yaml(variables: Mapping[str, Any], comments: Mapping[Path, list[str]]) -> str:
    """The variables as a file. Comments without a value stand at the end."""
    writer = _Writer(comments)
    lines = ["---", *writer.mapping(variables, (), "")]
    lines += [f"# {text}" for path, texts in comments.items() if path not in writer.used for text in texts]
    return "\n".join(lines) + "\n"


class _Writer:
    """Writes values and remembers which comments it has written."""

    def __init__(self, comments: Mapping[Path, list[str]]) -> None:
        self.comments = comments
        self.used: set[Path] = set()

    def before(self, path: Path, indent: str) -> Iterator[str]:
        """The comments of a value."""
        self.used.add(path)
        yield from (f"{indent}# {text}" for text in self.comments.get(path, []))

    def mapping(self, values: Mapping[str, Any], path: Path, indent: str) -> Iterator[str]:
        """The lines of a mapping."""
        for key, value in values.items():
            yield from self.before((*path, key), indent)
            yield from self.value(f"{indent}{_scalar(key)}:", value, (*path, key), indent + "  ")

    def value(self, head: str, value: Any, path: Path, indent: str) -> Iterator[str]:
        """The lines of a value behind its key."""
        if isinstance(value, dict) and value:
            nested = any(isinstance(inner, (dict, list)) for inner in value.values())
            flow = "" if nested else self.flow(value, path)
            if flow and len(head) + len(flow) < WIDTH:
                yield f"{head} {flow}"
            else:
                yield head
                yield from self.mapping(value, path, indent)
        elif isinstance(value, list) and self.words(value, path):
            yield f"{head} [{self.words(value, path)}]"
        elif isinstance(value, list) and value:
            yield head
            for index, item in enumerate(value):
                yield from self.item(item, (*path, index), indent)
        elif isinstance(value, str) and (block := _write_block(value, indent)):
            yield f"{head} {block[0]}"
            yield from block[1:]
        else:
            yield f"{head} {_scalar(value)}"

    def words(self, values: list[Any], path: Path) -> str:
        """A list of words on one line; empty if it has comments, or texts that are more than a word."""
        commented = any(len(other) > len(path) and other[: len(path)] == path for other in self.comments)
        found = ", ".join(_scalar(value, True) for value in values if not isinstance(value, (dict, list)))
        simple = all(isinstance(value, (str, int)) and " " not in str(value) for value in values)
        return found if simple and not commented and len(found) < WIDTH // 2 else ""

    def item(self, item: Any, path: Path, indent: str) -> Iterator[str]:
        """The lines of an item of a list."""
        yield from self.before(path, indent)
        flow = self.flow(item, path) if isinstance(item, dict) else ""
        if isinstance(item, dict) and item and not (flow and len(indent) + len(flow) < WIDTH):
            lines = list(self.mapping(item, path, indent + "  "))
            first = [line.lstrip().startswith("#") for line in lines].index(False)
            yield from (indent + line.strip() for line in lines[:first])
            yield f"{indent}- {lines[first].lstrip()}"
            yield from lines[first + 1 :]
        else:
            yield f"{indent}- {flow or _scalar(item)}"

    def flow(self, item: Mapping[str, Any], path: Path) -> str:
        """The mapping on one line; empty if it has comments or something with more than one level."""
        commented = any(len(other) > len(path) and other[: len(path)] == path for other in self.comments)
        if commented or not item or any(_write_block(value, "") for value in item.values() if isinstance(value, str)):
            return ""
        simple = all(
            not isinstance(further, (dict, list))
            for value in item.values()
            if isinstance(value, (dict, list))
            for further in (value.values() if isinstance(value, dict) else value)
        )
        return _scalar(dict(item)) if simple else ""


def _scalar(value: Any, flow: bool = False) -> str:
    """A value on one line."""
    if isinstance(value, list):
        return f"[{', '.join(_scalar(item, True) for item in value)}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_scalar(key, True)}: {_scalar(item, True)}" for key, item in value.items()) + "}"
    return _write_text(value, flow) if isinstance(value, str) else json.dumps(value)


def _write_text(value: str, flow: bool) -> str:
    """A text, marked as unsafe if Ansible would see Jinja in it that is not meant."""
    if isinstance(value, Template):
        return _quoted(str(value))
    if JINJA.search(value):
        return f"!unsafe {_quoted(value)}"
    return value if _is_plain(value, flow) else _quoted(value)


def _write_block(text: str, indent: str) -> list[str]:
    """The text of a file as a block literal: its first line stands behind a key. Nothing if it has one line, or if YAML
    would read it differently."""
    if isinstance(text, Template) or text.count("\n") < 2 or not all(line.isprintable() for line in text.split("\n")):
        return []
    body, ends = text.rstrip("\n"), len(text) - len(text.rstrip("\n"))
    mark = "|" + {0: "-", 1: ""}.get(ends, "+")
    lines = [f"{indent}{line}" if line else "" for line in text.split("\n")[: body.count("\n") + max(ends, 1)]]
    try:
        same = yaml.safe_load("\n".join([f"a: {mark}", *(f" {line}" if line else "" for line in lines)]) + "\n")["a"]
    except (yaml.YAMLError, TypeError):
        return []
    return [f"!unsafe {mark}" if JINJA.search(text) else mark, *lines] if same == text else []


def _is_plain(text: str, flow: bool) -> bool:
    """Whether YAML reads the text as it is without quotation marks."""
    if not text or not text.isprintable() or text != text.strip() or text.startswith("!"):
        return False
    try:
        return bool(yaml.safe_load(f"[{text}]" if flow else f"- {text}") == [text])
    except (yaml.YAMLError, ValueError):
        return False


def _quoted(text: str) -> str:
    if text.isprintable() and ('"' in text or "\\" in text):
        return "'" + text.replace("'", "''") + "'"
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(char if char.isprintable() else f"\\U{ord(char):08x}" for char in escaped) + '"'
