"""The examples of the documentation, for stories that do what a page says."""

from __future__ import annotations

import re

from cluster import lab_host
from controller import ROOT


def examples(page: str, language: str = "yaml") -> list[str]:
    """The fenced blocks of a page of docs/ in this language, in the order of the page."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def got(page: str, client: str, address: str, environment: str = "") -> str:
    """Run the page's own call of curl on a host, with this address in the place of that for documentation."""
    (command,) = re.findall(r"^curl .*", "".join(examples(page, "sh")), re.MULTILINE)
    return lab_host(client).check_output(f"{environment} {command.replace('192.0.2.10', address)}").strip()
