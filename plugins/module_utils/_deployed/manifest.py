# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Manifest of the set of files in a daemon's directory."""

from __future__ import annotations

import json
import os
from pathlib import Path

MANIFEST = ".evenkeel.json"


class SetError(Exception):
    """A set of files cannot be read, staged, committed or restored. The text says what is on disk."""


def resolve_directory(directory: str) -> Path:
    """The directory that holds the set: where a link leads, or the directory itself."""
    return Path(os.path.realpath(directory)) if os.path.islink(directory) else Path(directory)


def list_declared(directory: Path) -> list[str]:
    """The paths that the set in the directory declares; none where there is no set."""
    return manifest(directory)["files"]


def list_absent(directory: Path) -> list[str]:
    """The paths at which the set in the directory declares that no file is; none where there is no set."""
    return manifest(directory)["absent"]


def list_companions(directory: Path) -> list[str]:
    """The units that serve beside the daemon with the set in the directory; none where there is no set."""
    return manifest(directory)["companions"]


def manifest(directory: Path) -> dict[str, list[str]]:
    """Read the manifest of the set in the directory, in the format of description(). Raises SetError if it is
    damaged."""
    path = directory / MANIFEST
    nothing: dict[str, list[str]] = {"files": [], "absent": [], "sensitive": [], "companions": []}
    try:
        return {**nothing, **json.loads(path.read_text(encoding="utf-8"))}
    except FileNotFoundError:
        return nothing
    except (TypeError, ValueError) as error:
        raise SetError(
            f"{path} is damaged ({error}): remove it; files that are not declared any more then stay"
        ) from error
