# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Examples of a role's variables for its page: values that the documentation has elsewhere, or that a story deploys."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from markdown_it import MarkdownIt

ROOT = Path(__file__).resolve().parents[2]
OWN = Path(__file__).with_suffix(".yml")
PLAIN = ("bool", "int", "float")
MOST_LINES = 24
SUCH_AS = re.compile(r"\bsuch as\b.*?V\(|\bDefaults? (?:is )?V\(", re.DOTALL)
"""Where a description has a value itself."""

Value = Any
Options = Mapping[str, Mapping[str, Any]]


def find_examples(role: str, options: Options) -> dict[str, list[str]]:
    """Return examples in YAML by the names of variables, for those that need one."""
    return {name: _choose(role, name, option) for name, option in options.items() if needs_example(option)}


def needs_example(option: Mapping[str, Any]) -> bool:
    """Return whether neither type, choices, default nor description show a value."""
    described = option["description"] if isinstance(option["description"], str) else " ".join(option["description"])
    if option.get("options"):
        return True
    shown = option.get("default") not in (None, "", [], {}) or option.get("choices") or SUCH_AS.search(described)
    return option["type"] not in PLAIN and not shown


def list_lacking(role: str, options: Options) -> list[str]:
    """Return the variables, and the keys of their items, that no example has."""
    lacking = []
    for name, option in options.items():
        if needs_example(option):
            shown = {name} if (texts := _choose(role, name, option)) else set()
            for text in texts:
                shown |= set(list_paths(yaml.safe_load(text)[name], name))
            lacking += [path for path in [name, *_list_needed(option, name)] if path not in shown]
    return lacking


def _list_needed(option: Mapping[str, Any], where: str) -> Iterator[str]:
    """The keys within an option that need an example, by their paths."""
    for key, inner in option.get("options", {}).items():
        if needs_example(inner):
            yield f"{where}.{key}"
        yield from _list_needed(inner, f"{where}.{key}")


def list_paths(value: Value, where: str) -> Iterator[str]:
    """The keys within a value by their paths."""
    for item in value if isinstance(value, list) else [value]:
        for key, inner in item.items() if isinstance(item, dict) else ():
            yield f"{where}.{key}"
            yield from list_paths(inner, f"{where}.{key}")


def _choose(role: str, name: str, option: Mapping[str, Any]) -> list[str]:
    """Take the example that shows the most needed keys for its length, until no further one shows more."""
    needed = {name, *_list_needed(option, name)}
    chosen: list[str] = []
    candidates = {text: needed & {name, *list_paths(value, name)} for text, value in _list_values(role, name)}
    while candidates:
        text = max(candidates, key=lambda one: (len(candidates[one]) / (2 + one.count("\n")), -len(one)))
        if not candidates[text]:
            break
        chosen.append(text)
        needed -= candidates[text]
        candidates = {one: shown & needed for one, shown in candidates.items()}
    return chosen


def _list_values(role: str, name: str) -> Iterator[tuple[str, Value]]:
    for variables in (*_read_pages(), *_read_stories(role), *_read_own()):
        value = variables.get(name)
        if value not in (None, "", [], {}):
            text = yaml.dump({name: value}, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=118)
            if text.count("\n") <= MOST_LINES and "{{" not in text and max(map(len, text.split("\n"))) <= 120:
                yield text, value


class _Dumper(yaml.SafeDumper):
    """Lists are indented as yamllint wants them, and nothing is an alias."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        return super().increase_indent(flow, False)

    def ignore_aliases(self, data: object) -> bool:
        return True


@cache
def _read_pages() -> list[dict[str, Value]]:
    found = []
    for page in sorted([*ROOT.glob("docs/**/*.md"), *ROOT.glob("roles/*/README.md")]):
        if "collection" not in page.parts:
            for token in MarkdownIt("commonmark").parse(page.read_text(encoding="utf-8")):
                if token.type == "fence" and token.info == "yaml":
                    data = yaml.safe_load(token.content)
                    found += [data] if isinstance(data, dict) else []
    return found


@cache
def _read_own() -> list[dict[str, Value]]:
    found: list[dict[str, Value]] = yaml.safe_load(OWN.read_text(encoding="utf-8"))
    return found


@cache
def _read_stories(role: str) -> list[dict[str, Value]]:
    path = ROOT / f"molecule/default/tests/language_{role}.yml"
    rows = yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else []
    return [row["variables"] for row in rows]
