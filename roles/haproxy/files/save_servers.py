"""Save what was done to haproxy's servers at run time, for the worker of the next reload.

usage: save_servers.py SOCKET FILE CONFIGURATION

Only servers that were drained, put into maintenance or back, given another weight, or whose checks were switched off are saved; a server
about which nobody has said anything begins as the configuration says. haproxy itself prefers the configuration where that has changed
what somebody had said. But it would take the port, TLS and the checks' addresses from FILE: those are left out, and the port is the one
in CONFIGURATION, the file that is loaded next. If the socket does not answer, FILE says nothing, for what it said before is out of date."""

from __future__ import annotations

import os
import re
import socket
import sys
from pathlib import Path

NOTHING = "1\n"
"""The version of the file's format."""

ADMIN, WEIGHT, CONFIGURED_WEIGHT, CHECK, AGENT, PORT = 6, 7, 8, 13, 14, 18
FIELDS = 20
"""Columns of a line, and how many of them haproxy needs; all that follow are optional."""

ASKED_FOR = 0x01 | 0x04 | 0x08
"""Maintenance, maintenance in the configuration (which may have been ended), and draining; what is inherited from others is not saved."""

CONFIGURED, ENABLED = 0x02, 0x04


def switched_off(check: str) -> bool:
    """Whether the server has such a check and it was disabled."""
    return int(check) & (CONFIGURED | ENABLED) == CONFIGURED


def told(words: list[str]) -> bool:
    """Whether somebody has told haproxy something about the server of this line."""
    return bool(
        int(words[ADMIN]) & ASKED_FOR
        or words[WEIGHT] != words[CONFIGURED_WEIGHT]
        or switched_off(words[CHECK])
        or switched_off(words[AGENT])
    )


def ports(configuration: str) -> dict[tuple[str, str], str]:
    """The port of every server by backend and name; 0 where the client's port is used. Sections begin at the margin."""
    found = {}
    section = ""
    for line in configuration.splitlines():
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if not line[0].isspace():
            section = words[1] if words[0] in ("backend", "listen") and len(words) > 1 else ""
        elif section and words[0] == "server" and len(words) > 2:
            port = re.search(r":[+]?(\d+)$", words[2])
            if port or not re.search(r":-\d+$", words[2]):
                found[section, words[1]] = port.group(1) if port else "0"
    return found


def kept(states: str, configuration: str) -> str:
    """What of haproxy's answer is worth keeping, as the file's text."""
    now = ports(configuration)
    text = NOTHING
    for line in states.splitlines()[1:]:
        words = line.split()
        if len(words) < FIELDS or words[0].startswith("#") or not told(words):
            continue
        words[PORT] = now.get((words[1], words[3]), words[PORT])
        text += " ".join(words[:FIELDS]) + "\n"
    return text


def ask(path: str) -> str:
    """What haproxy says of its servers."""
    with socket.socket(socket.AF_UNIX) as cli:
        cli.settimeout(5)
        cli.connect(path)
        cli.sendall(b"show servers state\n")
        return b"".join(iter(lambda: cli.recv(65536), b"")).decode()


def write(file: Path, text: str) -> None:
    """Replace the file."""
    new = file.with_name(f"{file.name}.new")
    new.write_text(text, encoding="utf-8")
    os.replace(new, file)


def main() -> None:
    path, file, configuration = sys.argv[1:]
    try:
        write(Path(file), kept(ask(path), Path(configuration).read_text(encoding="utf-8", errors="replace")))
    except (OSError, ValueError) as error:
        write(Path(file), NOTHING)
        sys.exit(f"{path}: the state of the servers is not saved, so the configuration's is taken: {error}")


if __name__ == "__main__":
    main()
