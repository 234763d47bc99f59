# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes docs/reference/collection: a page for each role, module and filter, from what the collection says about
itself; and the tables of docs/reference/plain.md.

antsibull-docs makes the pages from a copy of the collection in which every option also has its default value, which
stands in defaults/main.yml alone. The options of a role's second entry point mostly are those of its first; then they
are on the page once.

With --check nothing is written, and the run fails if the pages are not what the sources give."""

from __future__ import annotations

import filecmp
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml
from additions import PAGE, page_with_tables

ROOT = Path(__file__).resolve().parents[2]
PAGES = ROOT / "docs/reference/collection"

# In its tables, antsibull-docs 2.28.0 links to other pages as a site of HTML pages would have them, and one tag is
# misspelt. The link to a place where the collection may or may not be published says nothing.
MENDS = {
    r"`(evenkeel\.ha_web collection) <https://galaxy[^>]*>`_": r"\1",
    r"\.\./\.\./evenkeel/ha_web/(\w+)\.html": r"\1.rst",
    r"\.\./\.\./(ansible/\w+/\w+\.html)": r"https://docs.ansible.com/ansible/latest/collections/\1",
    r"(`community\.general\.\w+) <(\w+)\.rst>": r"\1 <https://docs.ansible.com/ansible/latest/collections/community/general/\2.html>",
    r'<b">': "<b>",
}


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        pages = Path(scratch) / "pages"
        pages.mkdir()
        generate(copied(Path(scratch) / "collections"), pages)
        tables = page_with_tables()
        if sys.argv[1:] != ["--check"]:
            PAGE.write_text(tables, encoding="utf-8")
            shutil.rmtree(PAGES, ignore_errors=True)
            shutil.copytree(pages, PAGES)
        elif stale := differing(pages, PAGES):
            sys.exit(f"docs/reference/collection is not what the sources give ({', '.join(stale)}); run: make docs")
        elif tables != PAGE.read_text(encoding="utf-8"):
            sys.exit("docs/reference/plain.md does not have the additions of the roles; run: make docs")


def copied(collections: Path) -> Path:
    """The folder collections, with a copy of this collection for the pages in it."""
    collection = collections / "ansible_collections/evenkeel/ha_web"
    collection.mkdir(parents=True)
    shutil.copy(ROOT / "galaxy.yml", collection)
    for folder in ("meta", "plugins", "roles"):
        shutil.copytree(ROOT / folder, collection / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for specs in (collection / "roles").glob("*/meta/argument_specs.yml"):
        role = specs.parents[1]
        specs.write_text(yaml.safe_dump(completed(read(specs), read(role / "defaults/main.yml"))), encoding="utf-8")
    return collections


def completed(specs: dict, defaults: dict) -> dict:
    points = specs["argument_specs"]
    for point in set(points) - {"main"}:
        if points[point]["options"] == points["main"]["options"]:
            points[point]["options"] = {}
            points[point]["description"].append("Takes the same options as the entry point C(main).")
    for name, option in ((name, option) for point in points.values() for name, option in point["options"].items()):
        if not option.get("required"):
            option["default"] = defaults[name]
    return specs


def generate(collections: Path, pages: Path) -> None:
    tools = Path(sys.executable).parent
    command = [
        tools / "antsibull-docs",
        "collection",
        "--use-current",
        "--dest-dir",
        pages,
        "--squash-hierarchy",
        "--no-breadcrumbs",
    ]
    command += [
        "--output-format",
        "simplified-rst",
        "--no-add-antsibull-docs-version",
        "--fail-on-error",
        "evenkeel.ha_web",
    ]
    # The scratch directory is home, for antsibull-docs writes a log there, and reads settings that a user may have.
    environment = {
        **os.environ,
        "HOME": str(pages.parent),
        "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
        "ANSIBLE_COLLECTIONS_PATH": str(collections),
    }
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if result.returncode:
        sys.exit(f"antsibull-docs ended with {result.returncode}:\n{result.stdout}{result.stderr}")
    for page in pages.iterdir():
        text = page.read_text(encoding="utf-8")
        # It ends well although it has written this where a reference should be.
        if broken := re.findall(r"ERROR while parsing: (.*?)</span>", text):
            sys.exit(f"{page.name}: {'; '.join(broken)}")
        page.write_text(mended(text), encoding="utf-8")


def mended(text: str) -> str:
    for found, meant in MENDS.items():
        text = re.sub(found, meant, text)
    return text


def differing(wanted: Path, found: Path) -> list[str]:
    """Names of pages that are missing, left over or different."""
    names = sorted({path.name for folder in (wanted, found) if folder.is_dir() for path in folder.iterdir()})
    _same, different, missing = filecmp.cmpfiles(wanted, found, names, shallow=False)
    return sorted(different + missing)


def read(path: Path) -> dict:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
