# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Log of the changes of each daemon's configuration on the host.

A file of lines in JSON for each daemon, which only root can read. It has names of files and never their content."""

from __future__ import annotations

import json
import os
import pwd
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from .._characters import CONTROL
from .._host import disk

SUFFIX = ".changes"
"""How the names of logs end."""

MOST = 500
"""Entries that are kept of each daemon, the latest."""

FILES = 20
"""Names of files in an entry."""

LOGIN = ("SUDO_USER", "SSH_CONNECTION")
"""Environment of a login that processes of this login have."""


def read_entries(path: Path) -> list[dict[str, Any]]:
    """The entries of a log, the oldest first. A line that is no entry is left out."""
    found = []
    for line in (disk.read(path) or b"").splitlines():
        with suppress(ValueError):
            entry = json.loads(line)
            if isinstance(entry, dict) and isinstance(entry.get("time"), str):
                found.append(entry)
    return found


def read_all(folder: Path) -> list[dict[str, Any]]:
    """The entries of all logs in the folder, the latest first."""
    entries = [entry for path in sorted(folder.glob(f"*{SUFFIX}")) for entry in read_entries(path)]
    return sorted(entries, key=lambda entry: str(entry["time"]), reverse=True)


def add_entry(path: Path, entry: Mapping[str, Any], files: Iterable[str]) -> None:
    """Add a change to a log, with its time and who is logged in. Raises OSError."""
    names = list(files)
    added = {
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "by": identify_login(os.getpid()),
        **entry,
        "files": names[:FILES],
        "further_files": max(0, len(names) - FILES),
    }
    kept = [*read_entries(path)[1 - MOST :], added]
    disk.replace(path, "".join(f"{json.dumps(item)}\n" for item in kept).encode())


def identify_login(pid: int, proc: Path = Path("/proc")) -> str:
    """The user who is logged in and from which address, as the environment of a process and of those above it says:
    V(alice from 192.0.2.9)."""
    found: dict[str, str] = {}
    with suppress(OSError, ValueError, IndexError):
        while pid > 1:
            words = (proc / str(pid) / "environ").read_bytes().decode(errors="replace").split("\0")
            said = dict(word.split("=", 1) for word in words if "=" in word)
            found = {**{name: said[name] for name in LOGIN if name in said}, **found}
            pid = int((proc / str(pid) / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1])
    user = found.get("SUDO_USER") or _name_user(os.getuid())
    address = found.get("SSH_CONNECTION", "").partition(" ")[0]
    return CONTROL.sub("", f"{user} from {address}" if address else user)


def _name_user(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)
