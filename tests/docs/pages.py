# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pages of the reference in Markdown, which every forge shows: a role by its variables, a plugin by its options."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import yaml
from markup import COLLECTION, code, paragraphs, wrap

Options = Mapping[str, Mapping[str, Any]]

WRITTEN = "<!-- Written by make docs, from the sources of the collection. -->"
FOLD = 100
"""Width at which YAML folds a text at its next blank."""
SHORT = 40
"""Characters of a default that has its place in a table."""


class Page:
    """The lines of a page about one plugin or role."""

    def __init__(self, name: str, kind: str) -> None:
        self.name, self.kind = name, kind
        self.lines: list[str] = []

    def add(self, *lines: str) -> None:
        """Add a block, and an empty line after it."""
        if lines:
            self.lines += [*lines, ""]

    def describe(self, description: str | list[str] | None, indent: str = "") -> None:
        for paragraph in paragraphs(description or [], self.name, self.kind):
            self.add(*wrap(paragraph, indent))

    def show(self, text: str) -> None:
        """Add an example in YAML."""
        self.add("```yaml", *text.strip("\n").split("\n"), "```")

    def list_items(self, options: Options, contained: str, indent: str = "") -> None:
        """Add options or return values, each with those within it (C(contained)) below it."""
        for name, option in options.items():
            (first, *others) = paragraphs(option.get("description", ""), self.name, self.kind) or [""]
            facts = ", ".join(list_facts(option))
            self.lines += wrap(f"{code(name)} ({facts}): {first}", f"{indent}  ", f"{indent}- ")
            for paragraph in others:
                self.lines += ["", *wrap(paragraph, f"{indent}  ")]
            if option.get(contained):
                self.lines.append("")
                self.list_items(option[contained], contained, f"{indent}  ")
        if not indent:
            self.add("")

    @property
    def text(self) -> str:
        """The page, without two empty lines one after the other."""
        kept = [line for line, before in zip(self.lines, ["", *self.lines]) if line or before]
        return "\n".join(kept).rstrip("\n") + "\n"


def list_facts(option: Mapping[str, Any]) -> Iterator[str]:
    """Type, default and choices of an option, or when a value is returned."""
    kind = option.get("type", "str")
    yield f"list of {option['elements']}" if kind == "list" and "elements" in option else kind
    if option.get("required"):
        yield "required"
    elif option.get("default") is not None:
        yield f"default {code(dump(option['default']))}"
    if option.get("choices"):
        yield "one of " + ", ".join(code(dump(choice)) for choice in option["choices"])
    if option.get("no_log"):
        yield "not logged"
    if option.get("returned") not in (None, "success", "always"):
        yield f"returned {option['returned']}"


def dump(value: Any) -> str:
    """A value in one line, as it can stand in YAML."""
    if isinstance(value, str) and value and "\n" not in value:
        return value
    return json.dumps(value, ensure_ascii=False)


def write_role(name: str, spec: Mapping[str, Any], examples: Mapping[str, Iterable[str]]) -> str:
    """The page of a role: a table of its variables, and a section for each."""
    page, options = Page(name, "role"), spec["options"]
    page.add(f"# Role {name}", "", WRITTEN)
    page.describe(f"{spec['short_description']}.")
    page.describe(spec["description"])
    page.add(
        *wrap(f"In a terminal: `ansible-doc -t role {COLLECTION}{name}`. Variables of a role are set in the inventory.")
    )
    rows = [
        f"| [{code(option)}](#{option}) | {_type(options[option])} | {_default(options[option])} |"
        for option in options
    ]
    page.add("| variable | type | default |", "| --- | --- | --- |", *rows)
    for option, described in options.items():
        page.add(f"## {option}")
        page.add(
            *wrap(f"Type: {', '.join(list_facts({**described, 'default': None}))}. {_default_sentence(described)}")
        )
        if _is_long(described):
            page.show(yaml.safe_dump({option: described["default"]}, sort_keys=False, allow_unicode=True, width=FOLD))
        page.describe(described["description"])
        if described.get("options"):
            page.add("Keys of an item:" if described["type"] == "list" else "Keys:")
            page.list_items(described["options"], "options")
        for example in examples.get(option, []):
            page.add("Example:")
            page.show(example)
    return page.text


def _type(option: Mapping[str, Any]) -> str:
    return next(list_facts(option))


def _is_long(option: Mapping[str, Any]) -> bool:
    return len(dump(option.get("default"))) > SHORT


def _default(option: Mapping[str, Any]) -> str:
    if option.get("required"):
        return "required"
    return "see there" if _is_long(option) else code(dump(option["default"])) if option["default"] != "" else "empty"


def _default_sentence(option: Mapping[str, Any]) -> str:
    if option.get("required"):
        return "It has to be set."
    return "Default:" if _is_long(option) else f"Default: {_default(option)}."


def write_plugin(name: str, kind: str, found: Mapping[str, Any]) -> str:
    """The page of a module, filter or lookup, from what ansible-doc says of it."""
    documented = found["doc"]
    page = Page(name, kind)
    page.add(f"# {kind.capitalize()} {name}", "", WRITTEN)
    page.describe(f"{documented['short_description'].rstrip('.')}.")
    page.describe(documented["description"])
    page.add(*wrap(f"In a task: `{COLLECTION}{name}`. In a terminal: `ansible-doc -t {kind} {COLLECTION}{name}`."))
    page.add("## Options")
    options = dict(documented.get("options", {}))
    inputs = {"Input": options.pop("_input")} if "_input" in options else {}
    if "_terms" in options:
        inputs = {"Terms": options.pop("_terms")}
    if documented.get("positional"):
        page.add(*wrap(f"In this order where they have no name: {documented['positional']}."))
    first = {option: value for option, value in options.items() if value.get("required")}
    page.list_items({**inputs, **first, **options}, "suboptions")
    if documented.get("attributes"):
        page.add("## Properties")
        for attribute, value in documented["attributes"].items():
            text = " ".join(paragraphs(value["description"], name, kind))
            page.lines += wrap(f"{code(attribute)}: {value['support']} support. {text}", "  ", "- ")
        page.add("")
    if documented.get("notes"):
        page.add("## Notes")
        for note in paragraphs(documented["notes"], name, kind):
            page.lines += wrap(note, "  ", "- ")
        page.add("")
    page.add("## Examples")
    page.show(found["examples"])
    if found.get("return"):
        page.add("## Return values")
        values = found["return"]
        if set(values) == {"_value"}:
            page.describe(values["_value"]["description"])
            values = values["_value"].get("contains", {})
        elif set(values) == {"_raw"}:
            page.describe(values["_raw"]["description"])
            values = {}
        page.list_items(values, "contains")
    return page.text


def write_index(titles: Mapping[str, Mapping[str, str]]) -> str:
    """The list of all pages. C(titles) are short descriptions by the kind and name of a plugin."""
    page = Page("index", "role")
    page.add("# Variables, modules and filters", "", WRITTEN)
    for kind, described in titles.items():
        page.add(f"## {kind.capitalize()}s")
        for name, title in described.items():
            (text,) = paragraphs(title, name, kind)
            page.lines += wrap(f"[{name}]({name}_{kind}.md): {text}", "  ", "- ")
        page.add("")
    return page.text
