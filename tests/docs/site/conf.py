# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sphinx's settings for the pages as a site (make site).

The pages are those that a forge shows, in their places, so nothing of Sphinx is in them. docs/index.md has all of them
in lists, which are the site's navigation: a page that is in none is reported, and so is a link that leads nowhere."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

project = "evenkeel.ha_web"
author = copyright = "The evenkeel authors"
extensions = ["myst_parser"]
root_doc = "README"
include_patterns = ["*.md", "docs/**", "inventories/*/README.md", "roles/*/README.md"]
exclude_patterns = [
    ".*",
    "CHANGELOG.md",
    "changelogs",
    "collections",
    "dist",
    "meta",
    "molecule",
    "monitoring",
    "playbooks",
    "plugins",
    "tests",
]
myst_heading_anchors = 3
highlight_language = "none"
html_theme = "furo"
html_title = project
html_static_path = ["static"]
html_css_files = ["wide.css"]
html_show_sphinx = False
html_copy_source = False

ROOT = Path(__file__).parents[3]
REFERENCE = "docs/reference/collection/"


def navigation() -> str:
    """A table of contents for each list of docs/index.md, which is the first page of the first one."""
    index = (ROOT / "docs/index.md").read_text(encoding="utf-8")
    tables = []
    for heading, text in re.findall(r"^## ([^\n]*)\n(.*?)(?=^## |\Z)", index, re.MULTILINE | re.DOTALL):
        links = re.findall(r"\[([^]]*)\]\(([^)]*)\.md\)", text)
        entries = [
            f"{title} <{page.removeprefix('../') if page.startswith('../') else f'docs/{page}'}>"
            for title, page in links
        ]
        first = [] if tables else ["All pages <docs/index>"]
        tables.append("\n".join(["```{toctree}", ":hidden:", f":caption: {heading}", *first, *entries, "```\n"]))
    return "\n".join(tables)


def reference() -> str:
    """The table of contents of the reference."""
    names = sorted(page.stem for page in (ROOT / REFERENCE).glob("*_*.md"))
    entries = [f"{' '.join(name.rsplit('_', 1))} <{name}>" for name in names]
    return "\n".join(["", "```{toctree}", ":hidden:", *entries, "```", ""])


def read(_app: object, page: str, content: list[str]) -> None:
    """Give Sphinx what it wants and a forge has no need of: the navigation."""
    if page == root_doc:
        content[0] += f"\n{navigation()}"
    if page == f"{REFERENCE}index":
        content[0] += reference()


def finish(app: object, problem: Exception | None) -> None:
    """The first page is that of the repository, and the first of a site is index.html."""
    if not problem:
        shutil.copy(Path(app.outdir) / f"{root_doc}.html", Path(app.outdir) / "index.html")


def setup(app: object) -> None:
    app.connect("source-read", read)
    app.connect("build-finished", finish)
