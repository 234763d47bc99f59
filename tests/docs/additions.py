# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lists of docs/reference/plain.md, from the additions in vars/main.yml of each role."""

from __future__ import annotations

import re
from pathlib import Path

import yaml
from markup import wrap

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/reference/plain.md"
TABLE = re.compile(r"(<!-- additions of (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
MARKUP = re.compile(r"[COV]\(([^)]*)\)")


def page_with_tables() -> str:
    """The page as it has to be."""
    text = PAGE.read_text(encoding="utf-8")
    return TABLE.sub(lambda found: f"{found[1]}\n{list_additions(found[2])}\n{found[3]}", text)


def list_additions(role: str) -> str:
    variables = yaml.safe_load((ROOT / f"roles/{role}/vars/main.yml").read_text(encoding="utf-8"))
    lines: list[str] = []
    for name, addition in variables[f"__{role}_base"]["additions"].items():
        adds = MARKUP.sub(r"`\1`", addition["adds"])
        changed = ", ".join(f"`{role}_{variable}`" for variable in addition.get("variables", {}))
        lines += wrap(f"`{name}`: {adds}" + (f" ({changed})" if changed else ""), "  ", "- ")
    return "\n".join(lines) + "\n"
