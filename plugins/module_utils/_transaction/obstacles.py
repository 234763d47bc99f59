# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What somebody else has left on the host and a deployment would break on, or would break: found before anything is
changed."""

from __future__ import annotations

import hashlib
import os
import re
import shlex
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from .._haproxy.cli import MASTER_SOCKET
from .._host.run import Run
from .._host.system import Host
from .._host.unit import parse_properties
from .._nginx.check import read_lines

SETTINGS = ("/etc/default/haproxy", "/etc/sysconfig/haproxy")
"""Files of the distributions from which haproxy's unit takes its environment."""
PROPERTIES = ("LoadState", "FragmentPath", "DropInPaths", "Environment", "ExecStart")
UNITS = "/etc/systemd/system/"
OWN_DROP_INS = ("confinement.conf", "evenkeel.conf", "keepalived.conf")
STARTED = re.compile(r"argv\[\]=(\S.*?) ;")
VARIABLE = re.compile(r"\$\{?(\w+)\}?")
SERVER = re.compile(r"(?:^|[\s;{}])server\s*\{")
INSTALLED = re.compile(r"^ (/\S+) ([0-9a-f]{32})", re.MULTILINE)


def find_obstacles(daemon: str, unit: str, main: str, run: Run, settings: Sequence[str] = SETTINGS) -> Iterator[str]:
    """What keeps the unit of a daemon from running the configuration in C(main)."""
    out = ""
    with suppress(OSError):  # A host without systemd has no daemon yet.
        _rc, out, _err = run(["systemctl", "show", f"--property={','.join(PROPERTIES)}", "--", unit])
    properties = parse_properties(out)[0]
    if properties.get("LoadState") == "masked":
        yield f"{unit} is masked, so that it cannot be started: run 'systemctl unmask {unit}' on the host"
    if daemon == "haproxy" and settings:
        yield from _find_wrong_start(properties, main)
        for path in settings:
            yield from _find_wrong_settings(path, main)


def _find_wrong_start(properties: dict[str, str], main: str) -> Iterator[str]:
    """A unit or drop-in of somebody else with which haproxy would read another file, or have no master socket."""
    files = [properties.get("FragmentPath", ""), *properties.get("DropInPaths", "").split()]
    others = [file for file in files if file.startswith(UNITS) and os.path.basename(file) not in OWN_DROP_INS]
    started = STARTED.search(properties.get("ExecStart", ""))
    if not others or not started or os.path.basename(started.group(1).split()[0]) != "haproxy":
        return
    known = {}
    with suppress(ValueError):
        known = dict(word.split("=", 1) for word in shlex.split(properties.get("Environment", "")) if "=" in word)
    words = VARIABLE.sub(lambda found: known.get(found.group(1), ""), started.group(1)).replace(",", " ").split()
    who = f"the unit haproxy, by {' or '.join(others)},"
    if main not in map(os.path.normpath, words):
        yield f"{who} does not start haproxy with {main}: let it read that file, or remove what says otherwise"
    if MASTER_SOCKET not in words:
        yield (
            f"{who} starts haproxy without -S {MASTER_SOCKET}, and its master process could not be asked whether it "
            "runs a configuration: add that, or remove what says otherwise"
        )


def _find_wrong_settings(path: str, main: str) -> Iterator[str]:
    """Settings with which haproxy would read another file, or have no master socket."""
    values = {}
    with suppress(OSError, ValueError):
        for line in Path(path).read_text(encoding="utf-8", errors="replace").splitlines():
            name, equals, value = line.strip().partition("=")
            if equals and not name.startswith("#"):
                values[name.strip()] = " ".join(shlex.split(value))
    if os.path.normpath(values.get("CONFIG", main)) != main:
        yield f"{path} sets CONFIG to '{values['CONFIG']}', and haproxy would not read {main}: remove the line"
    words = values.get("EXTRAOPTS", f"-S {MASTER_SOCKET}").replace(",", " ").split()
    if MASTER_SOCKET not in words:
        yield (
            f"{path} sets EXTRAOPTS to '{values['EXTRAOPTS']}', and haproxy's master process could not be asked "
            f"whether it runs a configuration: add -S {MASTER_SOCKET}, or remove the line, and restart haproxy"
        )


def find_dropped_sites(main: str, host: Host, run: Run) -> list[str]:
    """The files with sites that nginx reads now and not with the set that the host will have.

    A site as its package has installed it is left out."""
    found = dict.fromkeys(
        file for file, _number, text in read_lines(main, Host(), []) if SERVER.search(text.split("#")[0])
    )
    kept = {os.path.realpath(file) for file, _number, _text in read_lines(main, host, [])} - {main}
    packaged = _find_packaged_files(run)
    # Without a package to compare with, a main file may be as it was installed.
    ignored = kept if packaged else {*kept, main}
    return [
        file
        for file, real in zip(found, map(os.path.realpath, found))
        if real not in ignored and packaged.get(real) != _digest(real)
    ]


def _find_packaged_files(run: Run) -> dict[str, str]:
    """The checksums of nginx's configuration files as they were installed, by their paths."""
    try:
        _rc, out, _err = run(["dpkg-query", "--show", "--showformat=${Conffiles}\\n", "nginx-common"])
    except OSError:
        return {}
    return dict(INSTALLED.findall(out))


def _digest(file: str) -> str:
    """The checksum that dpkg has of a file."""
    return hashlib.md5(Path(file).read_bytes(), usedforsecurity=False).hexdigest()
