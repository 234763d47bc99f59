# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The state of a host as one text, for somebody who looks for a fault elsewhere. It has no secrets: files that are
declared as sensitive are left out, and in all others passwords and keys are masked."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from pathlib import Path

from .._check.secrets import mask_secrets
from .._host import disk
from .._host.run import Run
from .manifest import manifest

MOST = 200_000
"""Characters of a section. Of a longer one, its beginning and its end are there."""

MISSING = 127
"""Exit code of timeout for a program that the host does not have."""

DIRECTORIES = ("bird", "haproxy", "keepalived", "nginx")
UNITS = [f"--unit={name}*" for name in DIRECTORIES]
COMMANDS = (
    ["uname", "-a"],
    ["cat", "/etc/os-release"],
    ["dpkg-query", "--show", *(f"{name}*" for name in DIRECTORIES), "nftables", "docker.io"],
    ["rpm", "--query", *DIRECTORIES],
    ["uptime"],
    ["free", "--mebi"],
    ["df", "--human-readable"],
    ["systemctl", "list-units", "--all", "--no-pager", *(f"{name}*" for name in DIRECTORIES)],
    ["systemctl", "show", "--property=Id,ActiveState,SubState,NRestarts,ExecMainStatus,MainPID", *DIRECTORIES],
    ["ip", "address"],
    ["ip", "route", "show", "table", "all"],
    ["ip", "-statistics", "link"],
    ["ss", "--summary"],
    ["ss", "--numeric", "--listening", "--tcp", "--udp", "--processes"],
    ["nft", "list", "ruleset"],
    ["haproxy", "-vv"],
    ["sh", "-c", "echo 'show info; show stat; show servers state' | socat -t 5 - /run/haproxy/admin.sock"],
    ["sh", "-c", "for file in /run/keepalived-track/*; do echo $file $(cat $file); done"],
    ["journalctl", "--no-pager", "--lines=2000", "--output=short-iso-precise", *UNITS],
    ["journalctl", "--no-pager", "--lines=300", "--priority=warning", "--output=short-iso-precise"],
)


def describe_host(run: Run, top: Path = Path("/etc")) -> str:
    """The sections of the host, each with a heading."""
    sections = [*_run_commands(run, COMMANDS), *_read_files(top)]
    return "\n".join(f"=== {heading}\n{_shorten(text)}\n" for heading, text in sections)


def _run_commands(run: Run, commands: Iterable[list[str]]) -> Iterator[tuple[str, str]]:
    for argv in commands:
        rc, out, err = run(["timeout", "30", *argv])
        if rc != MISSING:
            ended = f"(exit code {rc})\n" if rc else ""
            yield shlex.join(argv), mask_secrets(f"{out}{err}{ended}")


def _read_files(top: Path) -> Iterator[tuple[str, str]]:
    for name in DIRECTORIES:
        directory = top / name
        declared = manifest(directory)
        for path in declared["files"]:
            if path in declared["sensitive"]:
                yield str(directory / path), "(sensitive, left out)"
            elif (content := disk.read(directory / path)) is not None:
                yield str(directory / path), mask_secrets(content.decode(errors="replace"))


def _shorten(text: str) -> str:
    left_out = len(text) - MOST
    if left_out <= 0:
        return text
    return f"{text[: MOST // 2]}\n({left_out} characters left out)\n{text[-(MOST // 2) :]}"
