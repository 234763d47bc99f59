# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Changes of configurations that the hosts have logged, as rows of a table.

C(entries) is what M(evenkeel.ha_web.config_changes_info) has returned of each host as C(changes)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Entry = Mapping[str, Any]

SHOWN = 3
"""Names of files in a row."""


def list_entries(asked: Mapping[str, Mapping[str, Any]]) -> dict[str, list[Entry]]:
    """The logged changes of each host that has answered; C(asked) is that of build_report()."""
    return {host: said["changes"]["changes"] for host, said in asked.items() if "changes" in said.get("changes", {})}


def list_rows(entries: Mapping[str, list[Entry]]) -> list[list[str]]:
    """The rows of a table, the latest change first; the first row has the names of the columns."""
    found = [(entry, host) for host, logged in entries.items() for entry in logged]
    found.sort(key=lambda item: str(item[0]["time"]), reverse=True)
    return [["CHANGED (UTC)", "ON", "DAEMON", "BY", "RESULT", "FILES"], *(_row(host, entry) for entry, host in found)]


def select_last(entries: Mapping[str, list[Entry]]) -> dict[str, list[Entry]]:
    """The last change of each host."""
    return {host: logged[:1] for host, logged in entries.items()}


def _row(host: str, entry: Entry) -> list[str]:
    time = str(entry["time"]).replace("T", " ").rstrip("Z")
    return [time, host, entry["daemon"], _name_caller(entry), _describe_outcome(entry), _name_files(entry)]


def _name_caller(entry: Entry) -> str:
    return f"{entry['operator']} ({entry['by']})" if entry["operator"] else str(entry["by"])


def _describe_outcome(entry: Entry) -> str:
    words = {"present": "", "previous": "rolled back, ", "absent": "removed, "}.get(entry["state"], "")
    return words + str(entry["outcome"])


def _name_files(entry: Entry) -> str:
    names = list(entry["files"])
    more = len(names[SHOWN:]) + int(entry["further_files"])
    return ", ".join(names[:SHOWN]) + (f" and {more} more" if more else "") or "-"
