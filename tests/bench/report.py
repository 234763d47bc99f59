"""Writes what has been measured: results.json, table.md and the plots; and puts them into docs/benchmark.md."""

import json
import re
from pathlib import Path

from bench.plots import plots
from bench.records import Records
from bench.settings import OUTPUT, ROOT
from bench.table import PARTS, markdown

PAGE = ROOT / "docs" / "benchmark.md"
FIGURES = re.compile(r"(?s)(?<=<!-- figures -->\n).*(?=<!-- end of figures -->)")


def draw(records: Records, folder: Path) -> list[str]:
    """Write the plots anew; returns their names."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn = plots(records)
    for name, text in drawn.items():
        (folder / name).write_text(text, encoding="utf-8")
    return list(drawn)


def write(records: Records) -> None:
    """Write all files anew; called after every measurement."""
    draw(records, OUTPUT)
    results = {"header": records.header(), **{part: records.of(part) for part in PARTS}}
    (OUTPUT / "results.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    (OUTPUT / "table.md").write_text(markdown(records), encoding="utf-8")


def publish(records: Records) -> None:
    """Let the documentation show what has been measured."""
    folder = PAGE.with_suffix("")
    pictures = [f"![{name}]({folder.name}/{name})\n" for name in draw(records, folder)]
    figures = "\n".join(["", *pictures, markdown(records), ""])
    PAGE.write_text(FIGURES.sub(lambda _found: figures, PAGE.read_text(encoding="utf-8")), encoding="utf-8")
