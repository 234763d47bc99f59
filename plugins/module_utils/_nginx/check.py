# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ask nginx whether it could start with a configuration. Known to fit nginx 1.22 and 1.26."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
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
from .._host.run import Run
from .._host.system import Host

_ENTRY = re.compile(r"(?:nginx:|\d{4}/\d\d/\d\d \d\d:\d\d:\d\d) \[(\w+)\] (?:\d+#\d+: )?(.*?)(?: in (\S+):(\d+))?$")
_INCLUDE = re.compile(r"(?:^|[\s;{}])include\s+([^\s;]+)\s*;")
_CITED = re.compile(r'"([^"]+)"')
_SEVERITY = {"warn": "warning", "notice": "notice", "info": "notice", "debug": "notice"}


def version(run: Run, binary: str = "nginx") -> str:
    """nginx's version, like V(1.26.3). Raises CheckerMissing."""
    return ask_version(run, [binary, "-v"], r"nginx version: [^/\s]+/(\S+)")


def check(run: Run, path: str | None = None, binary: str = "nginx", host: Host | None = None) -> Verdict:
    """Check the configuration in path, or without path the one that nginx was built to read.

    nginx ends at its first error. A verdict that is not valid has at least one finding. Raises CheckerMissing.
    """
    host = host or Host()
    rc, stdout, stderr = run_checker(run, [binary, "-t"] + (["-c", path] if path else []))
    findings = [
        _locate_finding(finding, path, host) if path else finding for finding in dict.fromkeys(parse(stderr, host.read))
    ]
    if rc and not any(finding.severity == "alert" for finding in findings):
        findings.append(describe_refusal("nginx", rc, stdout + stderr))
    return Verdict(rc == 0, version(run, binary), findings, stdout + stderr, rc)


def parse(stderr: str, read: Read = read_text) -> Iterator[Finding]:
    """Yield what nginx said, without the lines that only sum up."""
    for match in filter(None, map(_ENTRY.match, stderr.splitlines())):
        level, message, file, number = match.groups()
        line = int(number) if number else None
        yield Finding(_SEVERITY.get(level, "alert"), message, file, line, read_source_line(read, file, line))


def _locate_finding(finding: Finding, path: str, host: Host) -> Finding:
    """Add the place to an alert that has none, such as one of a certificate: the first line with a word that nginx
    cites."""
    if finding.severity != "alert" or finding.file:
        return finding
    for word in _CITED.findall(finding.message):
        names = {word, os.path.relpath(word, os.path.dirname(path)) if word.startswith("/") else word}
        mentioned = re.compile("|".join(rf"(?<![\w./-]){re.escape(name)}(?![\w./-])" for name in names))
        for file, number, text in read_lines(path, host, []):
            if mentioned.search(text.split("#")[0]):
                return replace(finding, file=file, line=number, source=text.strip())
    return finding


def read_lines(path: str, host: Host, within: list[str]) -> Iterator[tuple[str, int, str]]:
    """File, number and text of every line of a configuration, with those of the files that it includes."""
    if path in within:
        return
    with suppress(OSError):
        for number, text in enumerate(host.read(path).split("\n"), 1):
            yield path, number, text
            main = (within or [path])[0]
            for pattern in _INCLUDE.findall(text.split("#")[0]):
                for included in host.matches(os.path.normpath(os.path.join(os.path.dirname(main), pattern))):
                    yield from read_lines(included, host, [*within, path])
