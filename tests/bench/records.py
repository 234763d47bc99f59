"""The measurements: one JSON object a line, written as soon as it is known, so that a run that is ended loses
nothing."""

import json
import os
import time
from pathlib import Path
from typing import Any

Record = dict[str, Any]


class Records:
    """The file of a run. A run on the same machine goes on with it. Each part has the figures of one state of the
    collection, the last that was measured."""

    def __init__(self, path: Path, collection: str = "") -> None:
        self.path = path
        self.collection = collection

    def begin(self, **what: Any) -> None:
        """Go on with the file if it is about the same machine; another one is kept beside."""
        if self.path.exists():
            # The last line is not whole if the machine went down while it was written.
            os.truncate(self.path, self.path.read_bytes().rfind(b"\n") + 1)
            if self._lines()[:1] == [what]:
                return
            when = time.strftime("%Y%m%d-%H%M%S", time.localtime(self.path.stat().st_mtime))
            self.path.rename(self.path.with_name(f"{self.path.stem}.{when}.jsonl"))
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._write(what)

    def header(self) -> Record:
        return self._lines()[0]

    def add(self, part: str, key: Record, **figures: Any) -> None:
        self._write({"part": part, "collection": self.collection, "key": key, "figures": figures})

    def of(self, part: str) -> list[Record]:
        """Key and figures together, of each key the last ones; what had failed may have been measured since."""
        state = self.measured(part)
        found = {
            json.dumps(line["key"]): {**line["key"], **line["figures"]}
            for line in self._part(part)
            if line["collection"] == state
        }
        return list(found.values())

    def measured(self, part: str) -> str:
        """The state of the collection whose figures the part has; empty if it has none."""
        return ([""] + [line["collection"] for line in self._part(part)])[-1]

    def has(self, part: str, key: Record) -> bool:
        """Return whether it has been measured with this state of the collection."""
        return self.measured(part) == self.collection and any(
            record.items() >= key.items() and "error" not in record for record in self.of(part)
        )

    def _part(self, part: str) -> list[Record]:
        return [line for line in self._lines()[1:] if line["part"] == part]

    def _lines(self) -> list[Record]:
        return [json.loads(line) for line in self.path.read_text(encoding="utf-8").splitlines()]

    def _write(self, record: Record) -> None:
        with self.path.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(record) + "\n")
