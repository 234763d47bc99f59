# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checksums of a directory: of what is in it, and of which files these are."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path


def digest(directory: Path, without: str = "") -> str:
    """One word for all names and contents of a directory, one file left out if it is named."""
    whole = hashlib.sha256()
    for path in sorted(path for path in directory.rglob("*") if path != directory / without):
        whole.update(os.fsencode(path.relative_to(directory)) + b"\0")
        if path.is_file():
            whole.update(hashlib.sha256(path.read_bytes()).digest())
    return whole.hexdigest()


def identity(directory: Path) -> str:
    """One word for the files that a directory has now: another one as soon as a file is edited or replaced, even by the
    same content.

    Of the time of a change it is only asked whether it is the same, so that a clock that was set hides nothing."""
    whole = hashlib.sha256()
    for path in sorted((directory, *directory.rglob("*"))):
        status = path.lstat()
        changed = 0 if stat.S_ISDIR(status.st_mode) else status.st_ctime_ns
        whole.update(os.fsencode(path) + f"\0{status.st_ino} {changed}\0".encode())
    return whole.hexdigest()
