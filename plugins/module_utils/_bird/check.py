# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ask BIRD whether it could run a configuration. Known to fit BIRD 2.0.12 and 2.17."""

from __future__ import annotations

import re

from .._check.finding import Finding, Verdict, ask_version, describe_refusal, read_source_line, run_checker
from .._host.run import Run
from .._host.system import Host

PLACE = re.compile(r"(?:bird: )?(/[^:]+):(\d+):\d+ (.*)")
STATE_DIRECTORY = "/run/bird-announce"
"""What the configuration includes of it says which routes are announced; it is made when the unit starts."""


def check(run: Run, path: str, binary: str = "bird", host: Host | None = None) -> Verdict:
    """Check the configuration in path. BIRD ends at its first error, and names its file and line.

    A verdict that is not valid has at least one finding. Raises CheckerMissing."""
    host = host or Host()
    rc, stdout, stderr = run_checker(run, [binary, "-p", "-c", path])
    output = stdout + stderr
    findings = [
        Finding("alert" if rc else "warning", message, file, int(line), read_source_line(host.read, file, int(line)))
        for file, line, message in PLACE.findall(output)
    ]
    if rc and not findings:
        findings = [describe_refusal("bird", rc, output)]
    return Verdict(rc == 0, ask_version(run, [binary, "--version"], r"BIRD version (\S+)"), findings, output, rc)
