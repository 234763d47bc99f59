# Copyright (c) 2026, The evenkeel authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ask keepalived whether it could run a configuration as it is written. Known to fit keepalived 2.2.7 and 2.3.3.

Its exit code alone decides nothing: it is 0 for a file that is missing or empty, and not 0 for defaults that are
harmless. Therefore every line that C(keepalived -t) prints counts as an alert, except for those that are known
to be harmless. What it does not see, although no failover could come of it, is in _vrrp_rules.

The test of keepalived 2.2.7 (fixed in 2.2.8) ends itself with SIGTERM as soon as it comes to a script that another
user than root runs: it takes its parent for gone. By then it has read the whole file, but it has not yet looked at
scripts, groups, addresses and router IDs. In a PID namespace of its own, where it sees no parent, it goes on.
"""

from __future__ import annotations

import os
import re
from dataclasses import replace

from ansible_collections.evenkeel.ha_web.plugins.module_utils import _vrrp_rules
from ansible_collections.evenkeel.ha_web.plugins.module_utils._finding import (
    CheckerMissing,
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

_PLACE = re.compile(r"\((?:(.+?): )?Line (\d+)\) (.*)")
_HARMLESS = re.compile(
    r"SECURITY VIOLATION - scripts are being executed but script_security not enabled"
    r"|WARNING - default user '.*' for script execution does not exist"
    r"|.*: no (?:protocol|scheduler|forwarding method) set"
    r"|\(.*\) No VIP specified"
    r"|\(.*\) Warning - "
    r"|Config files missing '.*[*?\[].*'"
)
_PURPOSE = re.compile(r"(?m)^\s*(?:@\S+\s+)?(?:vrrp_instance|virtual_server)\s")
_INCLUDE = re.compile(r"(?m)^\s*(?:@\S+\s+)?include\w*\s")
_NAMED = re.compile(
    r"Disabling track script (?P<vrrp_script>\S+)"
    r"|Sync group (?P<vrrp_sync_group>[^,\s]+), "
    r"|(?:\((?=\S+\) )|\S+ and (?=\S+ both use VRID))(?P<vrrp_instance>[^)\s]+)"
)

_SIGTERM = (-15, 143)
_WITHOUT_PARENT = ["unshare", "--pid", "--fork"]
_INCOMPLETE = (
    "keepalived ended its test at a script that root does not run: nothing is known of scripts, groups, addresses "
    "and router IDs. Test as root, or with keepalived 2.2.8 or newer, to know it all"
)


def version(run: Run, binary: str = "keepalived") -> str:
    """keepalived's version, like V(2.3.3). Raises CheckerMissing."""
    return ask_version(run, [binary, "-v"], r"Keepalived v(\S+)")


def check(run: Run, path: str, binary: str = "keepalived", read: Read = read_text) -> Verdict:
    """Check the configuration in path.

    It is valid if keepalived would run it as it is written and has a virtual router or a virtual server to run.
    A verdict that is not valid has at least one finding. Raises CheckerMissing.
    """
    rc, output = _test(run, [binary, "-t", "-f", path])
    findings = parse(output, path, read)
    if rc in _SIGTERM and not _alerts(findings):
        findings.append(Finding("warning", _INCOMPLETE, path))
    explained = (4, 5, 6) if findings else ()
    if not _alerts(findings):
        findings += _pointless(path, read, findings)
    if not _alerts(findings):
        findings += _vrrp_rules.findings(read(path), path)
    if not _alerts(findings) and rc not in (0, *_SIGTERM, *explained):
        findings.append(refusal("keepalived", rc, output))
    return Verdict(not _alerts(findings), version(run, binary), findings, output, rc)


def parse(output: str, path: str, read: Read = read_text) -> list[Finding]:
    """What keepalived said, each thing once: it reads the file up to four times.

    Only from its second reading on it names the file, so a finding without a file is the same as the one with
    that text and line that has one, or else belongs to path.
    """
    said = [_place(text.strip()) for text in output.splitlines() if text.strip() not in ("", "Terminated")]
    named = {(finding.message, finding.line) for finding in said if finding.file}
    findings = []
    for finding in said:
        if not finding.file and (finding.message, finding.line) in named:
            continue
        file = os.path.join(os.path.dirname(path), finding.file) if finding.file else path
        line = finding.line or _find_line(finding.message, path, read)
        findings.append(replace(finding, file=file, line=line, source=source_line(read, file, line)))
    return list(dict.fromkeys(findings))


def _test(run: Run, argv: list[str]) -> tuple[int, str]:
    """Run the test, and if it ended itself, once more without a parent, as far as this is possible and allowed."""
    rc, stdout, stderr = call(run, argv)
    if rc in _SIGTERM:
        try:
            again = call(run, [*_WITHOUT_PARENT, *argv])
        except CheckerMissing:
            again = None
        if again and "unshare: " not in again[2]:
            rc, stdout, stderr = again
    return rc, stdout + stderr


def _place(text: str) -> Finding:
    match = _PLACE.match(text)
    file, line, message = match.groups() if match else (None, None, text)
    severity = "warning" if _HARMLESS.match(message) else "alert"
    return Finding(severity, message, file, int(line) if line else None)


def _find_line(message: str, path: str, read: Read) -> int | None:
    """The line where the block begins that a message names."""
    named = _NAMED.match(message)
    if not named:
        return None
    try:
        lines = read(path).split("\n")
    except OSError:
        return None
    begin = [named.lastgroup, named.group(named.lastgroup)]
    return next((number for number, text in enumerate(lines, 1) if text.split()[:2] == begin), None)


def _alerts(findings: list[Finding]) -> bool:
    return any(finding.severity == "alert" for finding in findings)


def _pointless(path: str, read: Read, findings: list[Finding]) -> list[Finding]:
    """The alert for a file that gives keepalived nothing to do, of which it says nothing itself."""
    try:
        text = read(path)
    except OSError as exc:
        return [Finding("alert", f"cannot be read: {exc.strerror or exc}", path)]
    included = _INCLUDE.search(text) and not any(f.message.startswith("Config files missing") for f in findings)
    if _PURPOSE.search(text) or included:
        return []
    return [Finding("alert", "declares no vrrp_instance and no virtual_server: keepalived would run and do nothing", path)]
