# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report of an import, in Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .values import Remark

MARKED = re.compile(r"[A-Z]\(([^)]*)\)")
CODE = r"`\1`"
TITLES = {
    "left": "Not translated",
    "changed": "Becomes different",
    "note": "Notes",
}


@dataclass
class Report:
    """What there is to say: C(problems) of hosts and files that could not be read, C(remarks) on lines, files that
    C(stays) where they are, and rules of the C(firewall) by host. C(additions) are what the roles add without plain
    mode."""

    problems: list[str]
    additions: Mapping[str, Mapping[str, str]]
    remarks: list[Remark] = field(default_factory=list)
    stays: list[str] = field(default_factory=list)
    firewall: dict[str, list[str]] = field(default_factory=dict)


def list_additions(variables: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, str]]:
    """What the roles add without plain mode, by role and name, from their variables."""
    return {
        role: {name: str(item["adds"]) for name, item in found[f"__{role}_base"]["additions"].items()}
        for role, found in variables.items()
    }


def render_report(report: Report, files: Iterable[str]) -> str:
    """The report."""
    return "\n".join(_lines(report, list(files))) + "\n"


def _lines(report: Report, files: list[str]) -> Iterator[str]:
    yield "# Import of a cluster"
    yield from _list("Could not be read", report.problems)
    for kind, title in TITLES.items():
        yield from _list(title, [_remark(remark) for remark in report.remarks if remark.kind == kind])
    yield from _list("Stays as it is", report.stays)
    yield from _list(
        "Firewall rules for VRRP on the hosts, which stay as they are",
        [f"{host}: `{line}`" for host, lines in report.firewall.items() for line in lines],
    )
    yield from _list("Files of this inventory", [f"`{path}`" for path in files])
    if any(path.endswith("vault.yml") for path in files):
        yield ""
        yield "`vault.yml` is plain text with mode 0600 and has passwords, private keys and the like: encrypt it by"
        yield "`ansible-vault encrypt`."
    yield ""
    yield "## What the collection would add"
    yield ""
    yield "The roles write what was read and nothing else, apart from what docs/reference/plain.md lists, because"
    yield "`haproxy_plain`, `keepalived_plain` and `nginx_plain` are true. Name additions in `haproxy_additions` and"
    yield "its like to make them one by one."
    for role, names in report.additions.items():
        yield ""
        yield f"| addition of {role} | what it adds |"
        yield "| --- | --- |"
        yield from (f"| `{name}` | {MARKED.sub(CODE, adds)} |" for name, adds in names.items())


def _list(title: str, lines: Iterable[str]) -> Iterator[str]:
    found = list(lines)
    if found:
        yield ""
        yield f"## {title}"
        yield ""
        yield from (f"- {line}" for line in found)


def _remark(remark: Remark) -> str:
    where = f"{remark.host}: {remark.place}" if remark.host else str(remark.place)
    return f"{where}: `{remark.line}`: {remark.text}"
