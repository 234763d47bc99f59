"""The collection as others get it: built from sources, and installed where nothing else is."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from controller import good


def run(*argv: str | Path, cwd: Path, **environment: str) -> str:
    """Run a command that has to succeed; returns what it prints."""
    return good(
        subprocess.run(
            [str(word) for word in argv],
            cwd=cwd,
            env={**os.environ, **environment},
            text=True,
            capture_output=True,
            check=False,
        )
    )


def built(sources: Path, folder: Path) -> Path:
    """The artefact of these sources, which the folder has afterwards."""
    run("ansible-galaxy", "collection", "build", sources, "--output-path", folder, cwd=folder)
    return next(folder.glob("evenkeel-ha_web-*.tar.gz"))


def installed(artefact: Path, folder: Path) -> dict[str, str]:
    """Install the artefact below the folder; returns the environment in which Ansible finds no other copy of the
    collection."""
    collections = folder / "installed"
    paths = {"ANSIBLE_COLLECTIONS_PATH": str(collections)}
    run(
        "ansible-galaxy",
        "collection",
        "install",
        artefact,
        "--no-deps",
        "--collections-path",
        collections,
        cwd=folder,
        **paths,
    )
    return paths
