# Copyright (c) 2026, The evenkeel authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ask nginx whether it could start with a configuration. Known to fit nginx 1.22 and 1.26."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ansible_collections.evenkeel.ha_web.plugins.module_utils._finding import (
    Finding,
    Read,
    Run,
    Verdict,
    ask_version,
    call,
    read_text,
    refusal,
    source_line,
)

_ENTRY = re.compile(r"(?:nginx:|\d{4}/\d\d/\d\d \d\d:\d\d:\d\d) \[(\w+)\] (?:\d+#\d+: )?(.*?)(?: in (\S+):(\d+))?$")
_SEVERITY = {"warn": "warning", "notice": "notice", "info": "notice", "debug": "notice"}


def version(run: Run, binary: str = "nginx") -> str:
    """nginx's version, like V(1.26.3). Raises CheckerMissing."""
    return ask_version(run, [binary, "-v"], r"nginx version: [^/\s]+/(\S+)")


def check(run: Run, path: str | None = None, binary: str = "nginx", read: Read = read_text) -> Verdict:
    """Check the configuration in path, or without path the one that nginx was built to read.

    nginx ends at its first error. A verdict that is not valid has at least one finding. Raises CheckerMissing.
    """
    rc, stdout, stderr = call(run, [binary, "-t"] + (["-c", path] if path else []))
    findings = list(dict.fromkeys(parse(stderr, read)))
    if rc and not any(finding.severity == "alert" for finding in findings):
        findings.append(refusal("nginx", rc, stdout + stderr))
    return Verdict(rc == 0, version(run, binary), findings, stdout + stderr, rc)


def parse(stderr: str, read: Read = read_text) -> Iterator[Finding]:
    """Yield what nginx said, without the lines that only sum up."""
    for match in filter(None, map(_ENTRY.match, stderr.splitlines())):
        level, message, file, number = match.groups()
        line = int(number) if number else None
        yield Finding(_SEVERITY.get(level, "alert"), message, file, line, source_line(read, file, line))
