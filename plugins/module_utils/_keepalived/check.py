# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ask keepalived whether it could run a configuration as it is written. Known to fit keepalived 2.2.7 and 2.3.3.

Its exit code alone decides nothing: it is 0 for a file that is missing or empty, and not 0 for defaults that are
harmless. Therefore every line that C(keepalived -t) prints counts as an alert, except for those that are known
to be harmless. What it does not see, although no failover could come of it, is in rules.py and scripts.py.

The test of keepalived 2.2.7 (fixed in 2.2.8) ends itself with SIGTERM as soon as it comes to a script that another
user than root runs: it takes its parent for gone. By then it has read the whole file, but it has not yet looked at
scripts, groups, addresses and router IDs. In a PID namespace of its own, where it sees no parent, it goes on.
"""

from __future__ import annotations

import os
import re
from dataclasses import replace

from .._check.finding import (
    CheckerMissing,
    Finding,
    Verdict,
    ask_version,
    describe_refusal,
    read_source_line,
    run_checker,
)
from .._host.run import Run
from .._host.system import Host
from . import rules, scripts
from .conf import Block, Line, parse

_PLACE = re.compile(r"\((?:(.+?): )?Line (\d+)\) (.*)")
_HARMLESS = re.compile(
    r"SECURITY VIOLATION - scripts are being executed but script_security not enabled"
    r"|WARNING - default user '.*' for script execution does not exist"
    r"|.*: no (?:protocol|scheduler|forwarding method) set"
    r"|(?:\(.*\) )?Warning - "
    r"|iptables not supported, using nftables instead"
    r"|Sync group \S+ has only 1 virtual router"
    r"|Config files missing '.*[*?\[].*'"
)
# keepalived refuses the number, but 0 is what it goes on with.
_EXPECTED = re.compile(r"\(.*\) No VIP specified; at least one is sensible")
"""What keepalived says of an instance in VRRP version 2 whose addresses all nodes have. In version 3 it ends."""
_HARMLESS_SOURCE = re.compile(r"vrrp_(?:garp|gna)_interval\s+0+(?:\.0+)?")
_PURPOSE = {"vrrp_instance", "virtual_server"}
_NAMED = re.compile(
    r"Disabling track script (?P<vrrp_script>\S+)"
    r"|Sync group (?P<vrrp_sync_group>[^,\s]+), "
    r"|(?:\((?=\S+\) )|\S+ and (?=\S+ both use VRID))(?P<vrrp_instance>[^)\s]+)"
)

_SIGTERM = (-15, 143)
_WITHOUT_PARENT = ["unshare", "--pid", "--fork"]
_INCOMPLETE = (
    "keepalived ended its test at a script that root does not run, before it checked scripts, groups, addresses "
    "and router IDs. Test as root, or with keepalived 2.2.8 or newer, to know it all"
)


def version(run: Run, binary: str = "keepalived") -> str:
    """keepalived's version, like V(2.3.3). Raises CheckerMissing."""
    return ask_version(run, [binary, "-v"], r"Keepalived v(\S+)")


def report_directories(path: str, host: Host) -> list[str]:
    """The directories of track files. keepalived 2.3.3 refuses a file whose directory is not there; it is made when a
    unit starts."""
    whole, _unreadable = _read_file(path, host)
    files = [block.value("file") for kind in ("track_file", "vrrp_track_file") for block in whole.inner(kind)]
    return [os.path.dirname(file) for file in files if file.startswith("/")]


def check(run: Run, path: str, binary: str = "keepalived", host: Host | None = None) -> Verdict:
    """Check the configuration in path.

    It is valid if keepalived would run it as it is written and has a virtual router or a virtual server to run.
    A verdict that is not valid has at least one finding. Raises CheckerMissing.
    """
    host = host or Host()
    release = version(run, binary)
    rc, output = _run_test(run, [binary, "-t", "-f", path])
    whole, unreadable = _read_file(path, host)
    findings = parse_findings(output, whole, host)
    explained = (4, 5, 6) if findings else ()
    findings = _explain_findings(findings, scripts.findings(whole, host, release))
    findings += scripts.find_overlaps(whole, release)
    if rc in _SIGTERM and not _has_alert(findings):
        findings.append(Finding("warning", _INCOMPLETE, path))
    for own in (unreadable, _find_no_purpose(whole), rules.findings(whole)):
        if not _has_alert(findings):
            findings += own
    if not _has_alert(findings) and rc not in (0, *_SIGTERM, *explained):
        findings.append(describe_refusal("keepalived", rc, output))
    return Verdict(not _has_alert(findings), release, findings, output, rc)


def parse_findings(output: str, whole: Block, host: Host) -> list[Finding]:
    """Collect keepalived's messages about the file, without duplicates: it reads the file up to four times.

    Only from its second reading on it names the file, so a finding without a file is the same as the one with
    that text and line that has one, or else belongs to the main file.
    """
    path = whole.head.file
    placed = [_parse_finding(text.strip()) for text in output.splitlines() if text.strip() not in ("", "Terminated")]
    named = {(finding.message, finding.line) for finding in placed if finding.file}
    findings = []
    for finding in placed:
        if not finding.file and (finding.message, finding.line) in named:
            continue
        place = None if finding.line else _find_line(finding.message, whole)
        if place:
            findings.append(replace(finding, file=place.file, line=place.number, source=place.text))
        else:
            file = os.path.join(os.path.dirname(path), finding.file) if finding.file else path
            source = read_source_line(host.read, file, finding.line)
            severity = "warning" if source and _HARMLESS_SOURCE.fullmatch(source) else finding.severity
            findings.append(replace(finding, file=file, source=source, severity=severity))
    return list(dict.fromkeys(findings))


def _run_test(run: Run, argv: list[str]) -> tuple[int, str]:
    """Run the test, and if it ended itself, once more without a parent, as far as this is possible and allowed."""
    rc, stdout, stderr = run_checker(run, argv)
    if rc in _SIGTERM:
        try:
            again = run_checker(run, [*_WITHOUT_PARENT, *argv])
        except CheckerMissing:
            again = None
        if again and "unshare: " not in again[2]:
            rc, stdout, stderr = again
    return rc, stdout + stderr


def _parse_finding(text: str) -> Finding:
    match = _PLACE.match(text)
    file, line, message = match.groups() if match else (None, None, text)
    severity = "notice" if _EXPECTED.match(message) else "warning" if _HARMLESS.match(message) else "alert"
    return Finding(severity, message, file, int(line) if line else None)


def _find_line(message: str, whole: Block) -> Line | None:
    """The line of the script, or the one with which the block begins, that a message names."""
    named = _NAMED.match(message)
    if not named:
        return None
    kind, name = str(named.lastgroup), named.group(str(named.lastgroup))
    script = scripts.find_script_line(whole, name) if kind == "vrrp_script" else None
    return script or next((block.head for block in whole.inner(kind) if block.name == name), None)


def _explain_findings(findings: list[Finding], scripts: list[Finding]) -> list[Finding]:
    """Add the reason for a script that keepalived does not run, and findings that it does not report."""
    reasons = {(script.file, script.line): script for script in scripts}
    explained = []
    for finding in findings:
        reason = reasons.pop((finding.file, finding.line), None)
        explained.append(replace(finding, message=f"{finding.message}: {reason.message}") if reason else finding)
    return explained + list(reasons.values())


def _has_alert(findings: list[Finding]) -> bool:
    return any(finding.severity == "alert" for finding in findings)


def _read_file(path: str, host: Host) -> tuple[Block, list[Finding]]:
    """The file, and an alert if it cannot be read."""
    try:
        return parse(path, host), []
    except OSError as exc:
        return Block(Line([], path, 0, "")), [Finding("alert", f"cannot be read: {exc.strerror or exc}", path)]


def _find_no_purpose(whole: Block) -> list[Finding]:
    """The alert for a file that gives keepalived nothing to do, of which it says nothing itself."""
    # A line that counts for one configuration id only has that id (@lb1) as its first word.
    has_purpose = any(_PURPOSE & set(block.head.words[:2]) for block in whole.blocks)
    if has_purpose or any(_is_not_followed(line) for line in whole.lines):
        return []
    message = "declares no vrrp_instance and no virtual_server: keepalived would run and do nothing"
    return [Finding("alert", message, whole.head.file)]


def _is_not_followed(line: Line) -> bool:
    """Return whether the line includes files whose content is unknown here."""
    words = line.words[line.words[0].startswith("@") :]
    return bool(words) and words[0].startswith("include") and (words != line.words or "{" in words[-1])
