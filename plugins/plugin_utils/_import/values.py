# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What all translators of the importer share: places in files, remarks, secrets, and variables with comments."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Union

from ...module_utils._check.secrets import find_secrets, mask_secrets

Path = tuple[Union[str, int], ...]
"""Where a value stands in the variables, such as C(("haproxy_backends", 0, "servers", 2))."""

LONGEST_LINE = 200
"""Characters of a line that a message shows."""

JINJA = re.compile(r"\{[{%#]")


@dataclass(frozen=True)
class Place:
    """A line of a file, counted from 1."""

    file: str
    number: int

    def __str__(self) -> str:
        return f"{self.file}:{self.number}"


@dataclass(frozen=True)
class Remark:
    """Something that the report says of a line: C(left) for what could not be translated, C(changed) for what becomes
    different, C(note) for everything else."""

    kind: str
    place: Place
    line: str
    text: str
    host: str = ""


class Unreadable(ValueError):
    """A line that the daemon itself would not read."""

    def __init__(self, place: Place, line: str, why: str) -> None:
        super().__init__(f"{place}: '{mask_secrets(line[:LONGEST_LINE])}': {why}")


LARGEST_CONFIGURATION = 100_000
"""Directives of a configuration with everything that it includes."""


def check_size(count: int, place: Place, line: str) -> None:
    """Raises Unreadable if a configuration has too many directives, for example because files include each other."""
    if count > LARGEST_CONFIGURATION:
        raise Unreadable(
            place,
            line,
            f"the configuration has more than {LARGEST_CONFIGURATION:,} directives here: remove includes that repeat "
            "others",
        )


class Template(str):
    """A text in which Jinja is meant, such as a reference to a variable of the vault."""

    __slots__ = ()


@dataclass
class Translation:
    """Variables of a role as a person would write them, and what is to be said of them."""

    variables: dict[str, Any] = field(default_factory=dict)
    comments: dict[Path, list[str]] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    remarks: list[Remark] = field(default_factory=list)

    def comment(self, path: Path, lines: Iterable[str]) -> None:
        """Add comments that stand before the value at the path."""
        found = list(lines)
        if found:
            self.comments.setdefault(path, []).extend(found)

    def remark(self, kind: str, place: Place, line: str, text: str) -> None:
        """Add a line of the report, without passwords."""
        self.remarks.append(Remark(kind, place, mask_secrets(line[:LONGEST_LINE]), text))

    def hide(self, name: str, value: str) -> Template:
        """Keep a secret apart, and return what stands in its place. Equal names of different secrets get a number."""
        base = "vault_" + re.sub(r"\W+", "_", name).strip("_").lower()
        names = [base, *(f"{base}_{number}" for number in range(2, 1000))]
        chosen = next(name for name in names if self.secrets.get(name, value) == value)
        self.secrets[chosen] = value
        return Template(f"{{{{ {chosen} }}}}")

    def separate(self, owner: str, text: str, before: str = "") -> str:
        """The text with references to the vault in the place of its secrets. C(before) are the words of its line before
        it, and C(owner) begins the names."""
        parts: list[str] = []
        line, at = before + text, len(before)
        for secret in find_secrets(line):
            if secret.start >= at:
                hidden = self.hide(f"{owner}_{secret.name}", line[secret.start : secret.end])
                parts += [line[at : secret.start], hidden]
                at = secret.end
        return join_texts([*parts, line[at:]]) if parts else text

    def separate_all(self, owner: str) -> None:
        """Separate the secrets of all variables."""
        self.variables = self.separate_in(owner, self.variables)

    def separate_in(self, owner: str, value: Any, before: str = "") -> Any:
        """The value with its secrets separated, at any depth. A key is the first word of its value."""
        if isinstance(value, dict):
            return {key: self.separate_in(owner, item, f"{key} ") for key, item in value.items()}
        if isinstance(value, list):
            return [self.separate_in(owner, item, before) for item in value]
        known = not isinstance(value, str) or isinstance(value, Template)
        return value if known else self.separate(owner, value, before)


def join_texts(parts: Iterable[str]) -> str:
    """Join texts. If one of them is a template, the others are protected from Jinja."""
    texts = list(parts)
    if not any(isinstance(text, Template) for text in texts):
        return "".join(texts)
    return Template(
        "".join(
            text if isinstance(text, Template) else JINJA.sub(lambda found: f"{{{{ '{found.group()}' }}}}", text)
            for text in texts
        )
    )


def parse_scalar(text: str) -> str | int:
    """A number if the text is one and is written as YAML would write it, else the text."""
    return int(text) if text.isdecimal() and str(int(text)) == text else text


def parse_number(text: str) -> int | float:
    """A number, without a fraction if it is whole."""
    number = float(text)
    return int(number) if number.is_integer() else number
