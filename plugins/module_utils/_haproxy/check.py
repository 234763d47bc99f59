# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ask haproxy whether it could start with a configuration. Known to fit HAProxy 2.6 and 3.0.

What it does not look at, although it could not start or not reach a server, is in rules.py.
"""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterator
from dataclasses import replace

from .._check.finding import (
    Finding,
    Read,
    Verdict,
    ask_version,
    describe_refusal,
    read_source_line,
    read_text,
    run_checker,
)
from .._check.secrets import mask_secrets
from .._host.run import Run
from .._host.system import Host
from . import rules, sessions

_ENTRY = re.compile(r"\[([A-Z]+)\]\s+(?:\S+ )?\(\d+\) : (?:config : )?(.*)")
_PLACE = re.compile(r"(?:[Pp]arsing )?\[(.+?):(\d+)\] ?: ?(.*)", re.DOTALL)
_SUMMARY = re.compile(
    r"haproxy version is |path to executable is |Error\(s\) found in configuration file"
    r"|Fatal errors found in configuration|Failed to initialize server\(s\) addr"
)
# What an operator has done to a server of the running haproxy is in its state file, and nothing that a configuration
# can be blamed for.
_STATE = re.compile(r"Server \S+ remains in forced (?:drain|maintenance) mode")
_PROXY = re.compile(r"(?:[Pp]roxy|frontend|backend|listen) '([^']+)'")
_UNKNOWN_TARGET = re.compile(r"unable to find required (\w+): '([^']+)'")
_SECTION = re.compile(r"(?:frontend|backend|listen|defaults)\s+(\S+)")

_NO_LISTENER = (
    "nothing listens: haproxy will not start without at least one 'bind' line in a 'frontend' or 'listen' section"
)
_NO_FILE = "no configuration file found: of a directory, haproxy reads only the files named *.cfg"


def version(run: Run, binary: str = "haproxy") -> str:
    """HAProxy's version, like V(3.0.11-1+deb13u5). Raises CheckerMissing."""
    return ask_version(run, [binary, "-v"], r"(?i)HA-?Proxy version (\S+)")


def check(
    run: Run,
    paths: list[str],
    binary: str = "haproxy",
    fatal_warnings: bool = False,
    read: Read = read_text,
    host: Host | None = None,
) -> Verdict:
    """Check the files (or directories of *.cfg files) that make up one configuration, in this order.

    The configuration is valid if haproxy would start with it, and with fatal_warnings only if it has nothing to
    warn of. If host is given, it has to have the interfaces and addresses that the configuration names, and its files
    are read. A verdict that is not valid has at least one finding. Raises CheckerMissing.
    """
    read = host.read if host else read
    # Only a master process runs programs.
    mode = ["-W"] if any(_has_programs(path, read) for path in _list_files(paths)) else []
    argv = [binary, *mode, "-c"] + [arg for path in paths for arg in ("-f", path)]
    rc, stdout, stderr = run_checker(run, argv)
    output = stdout + stderr
    findings = [_locate_finding(finding, paths, read) for finding in parse(stderr)]
    if "(no listener)" in output:
        findings.append(Finding("alert", _NO_LISTENER, paths[0] if len(paths) == 1 else None))
    elif rc and "Usage :" in output:
        findings.append(Finding("alert", _NO_FILE, ", ".join(paths)))
    if host and not rc:
        findings += [finding for path in _list_files(paths) for finding in rules.findings(path, host)]
    release = version(run, binary)
    if not rc:
        findings += sessions.findings({path: read(path) for path in _list_files(paths)}, release)
    severities = {finding.severity for finding in findings}
    if rc and "alert" not in severities:
        findings.append(describe_refusal("haproxy", rc, output))
    valid = rc == 0 and "alert" not in severities and not (fatal_warnings and "warning" in severities)
    return Verdict(valid, release, findings, mask_secrets(output), rc)


def find_state_file(path: str, host: Host) -> str:
    """The file in which haproxy finds the state of servers; empty if the configuration names none."""
    try:
        words = [line.split() for line in host.read(path).split("\n")]
    except OSError:
        return ""
    return next((line[1] for line in words if line[:1] == ["server-state-file"] and line[1:]), "")


def parse(stderr: str) -> Iterator[Finding]:
    """Yield what haproxy said, without the lines that only sum up. Further lines of a message belong to it."""
    entries: list[tuple[str, list[str]]] = []
    for text in stderr.splitlines():
        match = _ENTRY.match(text)
        if match:
            entries.append((match.group(1).lower(), [match.group(2)]))
        elif entries:
            entries[-1][1].append(re.sub(r"^ +\| ", "", text))
    for severity, lines in entries:
        message = "\n".join(lines).rstrip()
        if _SUMMARY.match(message) or _STATE.match(message):
            continue
        place = _PLACE.match(message)
        if place:
            yield Finding(severity, place.group(3), place.group(1), int(place.group(2)))
        else:
            yield Finding(severity, message)


def _locate_finding(finding: Finding, paths: list[str], read: Read) -> Finding:
    """Add the offending line, and for a message that only names a proxy, look for its place in the files."""
    if finding.line is None:
        proxy = _PROXY.search(finding.message)
        if not proxy:
            return finding
        for path in _list_files(paths):
            line = _find_line(finding.message, proxy.group(1), path, read)
            if line:
                finding = replace(finding, file=path, line=line)
                break
    return replace(finding, source=read_source_line(read, finding.file, finding.line))


def _has_programs(path: str, read: Read) -> bool:
    """Return whether the file has a section of a program."""
    try:
        return any(line.split()[:1] == ["program"] for line in read(path).split("\n"))
    except OSError:
        return False


def _list_files(paths: list[str]) -> Iterator[str]:
    """The files that haproxy reads for paths, in its order."""
    for path in paths:
        if os.path.isdir(path):
            yield from sorted(glob.glob(os.path.join(glob.escape(path), "*.cfg")))
        else:
            yield path


def _find_line(message: str, proxy: str, path: str, read: Read) -> int | None:
    """The line that refers to a backend that does not exist, else the line where the section of proxy begins."""
    try:
        lines = read(path).split("\n")
    except OSError:
        return None
    target = _UNKNOWN_TARGET.search(message)
    begin = None
    for number, text in enumerate(lines, 1):
        section = _SECTION.match(text.strip())
        if section and begin:
            break
        if section and section.group(1) == proxy:
            begin = number
        elif begin and target and text.split()[:2] == list(target.groups()):
            return number
    return begin
