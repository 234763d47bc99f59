# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes docs/reference/collection: a page for each role, module, filter and lookup, from what the collection says
about itself; and the tables of docs/reference/plain.md and docs/reference/compatibility.md.

Defaults of a role's variables stand in defaults/main.yml alone, and their examples are those that tests deploy. The
options of a role's second entry point are those of its first.

With --check nothing is written, and the run fails if the pages are not what the sources give."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import additions
import releases
import yaml
from examples_of_variables import find_examples, list_lacking
from markup import COLLECTION
from pages import write_index, write_plugin, write_role

ROOT = Path(__file__).resolve().parents[2]
PAGES = ROOT / "docs/reference/collection"
FOLDERS = {"module": "modules", "filter": "filter", "lookup": "lookup"}


def main() -> None:
    pages = build_pages()
    tables = {additions.PAGE: additions.page_with_tables(), releases.PAGE: releases.page_with_table()}
    there = {path.name: path.read_text(encoding="utf-8") for path in PAGES.iterdir()} if PAGES.is_dir() else {}
    if sys.argv[1:] != ["--check"]:
        for page, text in tables.items():
            page.write_text(text, encoding="utf-8")
        PAGES.mkdir(exist_ok=True)
        for name in set(there) - set(pages):
            (PAGES / name).unlink()
        for name, text in pages.items():
            (PAGES / name).write_text(text, encoding="utf-8")
    elif stale := sorted(name for name in {*pages, *there} if pages.get(name) != there.get(name)):
        sys.exit(f"docs/reference/collection is not what the sources give ({', '.join(stale)}); run: make docs")
    elif old := [path for path, text in tables.items() if text != path.read_text(encoding="utf-8")]:
        sys.exit(f"{old[0].relative_to(ROOT)} does not have the tables that the sources give; run: make docs")


def build_pages() -> dict[str, str]:
    """The texts of all pages by their names."""
    pages, titles = {}, {"role": {}, **{kind: {} for kind in FOLDERS}}
    for role in sorted(path.parts[-3] for path in ROOT.glob("roles/*/defaults/main.yml")):
        spec = read_spec(role)
        if lacking := list_lacking(role, spec["options"]):
            sys.exit(f"tests/docs/examples_of_variables.yml has no example for {', '.join(lacking)}")
        pages[f"{role}_role.md"] = write_role(role, spec, find_examples(role, spec["options"]))
        titles["role"][role] = spec["short_description"]
    for kind in FOLDERS:
        for name, found in ask_ansible(kind).items():
            pages[f"{name}_{kind}.md"] = write_plugin(name, kind, found)
            titles[kind][name] = found["doc"]["short_description"]
    pages["index.md"] = write_index(titles)
    return pages


def read_spec(role: str) -> dict[str, Any]:
    """The first entry point of a role, with the defaults."""
    folder = ROOT / "roles" / role
    spec = read(folder / "meta/argument_specs.yml")["argument_specs"]["main"]
    defaults = read(folder / "defaults/main.yml")
    return {**spec, "options": {name: _complete(name, spec["options"][name], defaults) for name in spec["options"]}}


def _complete(name: str, option: dict[str, Any], defaults: dict[str, Any]) -> dict[str, Any]:
    return option if option.get("required") else {**option, "default": defaults[name]}


def ask_ansible(kind: str) -> dict[str, Any]:
    """The documentation of all plugins of a kind, by their names."""
    names = sorted(path.stem for path in (ROOT / "plugins" / FOLDERS[kind]).glob("*.py"))
    command = ["ansible-doc", "--type", kind, "--json", *(f"{COLLECTION}{name}" for name in names)]
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "collections")}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"ansible-doc ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    found = json.loads(done.stdout)
    return {name: found[f"{COLLECTION}{name}"] for name in names}


def read(path: Path) -> dict[str, Any]:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
