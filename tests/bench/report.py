"""Writes what has been measured: results.json, table.md and the plots; and puts them into
docs/explanation/benchmark.md, the shortest of them into README.md as well. There a part that was not measured keeps its
figures, and the machine they are of."""

import json
import re
from pathlib import Path

from bench.plots import plots
from bench.records import Records
from bench.settings import OUTPUT, ROOT
from bench.table import PARTS, markdown, section, short

PAGE = ROOT / "docs/explanation/benchmark.md"
FIRST_PAGE = ROOT / "README.md"
ABOUT = (
    "Medians, as clients saw it; the time is from the last good request before the first lost one to the next "
    "good answer."
)


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
    results = {
        "header": records.header(),
        **{part: {"collection": records.measured(part), "records": records.of(part)} for part in PARTS},
    }
    (OUTPUT / "results.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    (OUTPUT / "table.md").write_text(markdown(records), encoding="utf-8")


def publish(records: Records) -> None:
    """Let the documentation show what has been measured."""
    drawn = draw(records, PAGE.with_suffix(""))
    for part in PARTS:
        if records.of(part):
            pictures = [
                line for name in drawn if Path(name).stem == part for line in ["", f"![{name}]({PAGE.stem}/{name})"]
            ]
            put(PAGE, part, ["", *section(records, part), *pictures, ""])
    if faults := records.of("failover"):
        put(FIRST_PAGE, "failover", ["", *short(faults), "", ABOUT, ""])


def place(part: str) -> re.Pattern[str]:
    """Find the place of a part's figures in a page."""
    return re.compile(rf"(?s)(?<=<!-- {part} -->\n).*(?=<!-- end of {part} -->)")


def put(page: Path, part: str, lines: list[str]) -> None:
    """Let a page show these figures in the place of those before."""
    text = "".join(f"{line}\n" for line in lines)
    page.write_text(place(part).sub(lambda _found: text, page.read_text(encoding="utf-8")), encoding="utf-8")
