# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Results of a daemon's own configuration checker, as text and as data."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Callable

from .._host.run import Run
from .secrets import mask_secrets

Read = Callable[[str], str]
"""Returns the text of the file of that name. Raises OSError if it cannot."""


_ENDED = {124: "its check did not come to an end in time"}
"""Meaning of exit codes that are not the checker's own: 124 is that of C(timeout)."""


class CheckerMissing(Exception):
    """The program that checks a configuration cannot be started: it is not installed, or not executable."""


@dataclass(frozen=True)
class Finding:
    """One thing that a checker found. Secrets in it are replaced by asterisks.

    severity is V(alert) (the configuration must not be used), V(warning) or V(notice).
    message is never empty and may have several lines.
    file and line (counted from 1) say where, as far as it is known.
    source is the text of that line without the blanks around it.
    """

    severity: str
    message: str
    file: str | None = None
    line: int | None = None
    source: str | None = None

    def __post_init__(self) -> None:
        # The first line of a message is the checker's own sentence, "Truncating auth_pass to 8 characters"; further
        # lines cite the file.
        sentence, feed, cited = self.message.partition("\n")
        object.__setattr__(self, "message", sentence + feed + mask_secrets(cited))
        object.__setattr__(self, "source", self.source and mask_secrets(self.source))

    def to_dict(self) -> dict[str, Any]:
        """The five fields by their names."""
        return asdict(self)

    def describe(self) -> str:
        """``FILE:LINE: message``, and the offending line below it."""
        where = "".join(f"{part}:" for part in (self.file, self.line) if part is not None)
        source = f"\n    > {self.source}" if self.source else ""
        return f"{where} {self.message}".lstrip().replace("\n", "\n    ") + source


@dataclass(frozen=True)
class Verdict:
    """Verdict on a configuration, with all messages of its checker.

    version is the daemon's version, like V(3.0.11-1+deb13u5), or empty if it does not tell.
    output is what the checker printed, and rc its exit code.
    """

    valid: bool
    version: str
    findings: list[Finding] = field(default_factory=list)
    output: str = ""
    rc: int = 0

    def to_dict(self) -> dict[str, Any]:
        """The five fields by their names, the findings as dictionaries."""
        return asdict(self)

    def describe(self) -> str:
        """Every finding, in the order in which they were found, one below the other."""
        return "\n".join(finding.describe() for finding in self.findings)

    def accept(self, texts: list[str], codes: tuple[int, ...]) -> Verdict:
        """The same verdict, in which an alert whose message has one of these texts is a warning.

        C(codes) are the exit codes with which the daemon would run the configuration."""
        findings = [
            replace(finding, severity="warning")
            if finding.severity == "alert" and any(text in finding.message for text in texts)
            else finding
            for finding in self.findings
        ]
        refused = any(finding.severity == "alert" for finding in findings)
        accepted = findings != self.findings and not refused and self.rc in codes
        return replace(self, findings=findings, valid=self.valid or accepted)

    def rename_file(self, real: str, shown: str) -> Verdict:
        """The same verdict, with shown where it names the (temporary) file real."""
        findings = [
            replace(f, file=shown if f.file == real else f.file, message=f.message.replace(real, shown))
            for f in self.findings
        ]
        return replace(self, findings=findings, output=self.output.replace(real, shown))


def read_text(path: str) -> str:
    """Read a configuration file. Bytes that are not UTF-8 are replaced. Raises OSError."""
    with open(path, encoding="utf-8", errors="replace") as stream:
        return stream.read()


def read_source_line(read: Read, file: str | None, line: int | None) -> str | None:
    """The line of that number, or None if there is no such file, no such line, or nothing on it."""
    if file is None or line is None or line < 1:
        return None
    try:
        text = read(file).split("\n")[line - 1].strip()
    except (OSError, IndexError):
        return None
    return text or None


def run_checker(run: Run, argv: list[str]) -> tuple[int, str, str]:
    """Run a checker. Raises CheckerMissing if it cannot be started."""
    try:
        return run(argv)
    except OSError as exc:
        reason = exc.strerror or exc
        raise CheckerMissing(f"cannot run {argv[0]} to check the configuration: {reason}. Is it installed?") from exc


def ask_version(run: Run, argv: list[str], pattern: str) -> str:
    """The first group of pattern in what argv prints, or an empty text. Raises CheckerMissing."""
    _rc, stdout, stderr = run_checker(run, argv)
    match = re.search(pattern, f"{stdout}\n{stderr}")
    return match.group(1) if match else ""


def describe_refusal(program: str, rc: int, output: str) -> Finding:
    """The alert for a checker that refused without a message that is understood: all that it printed."""
    ended = f"was ended by signal {-rc}" if rc < 0 else _ENDED.get(rc, f"exit code {rc}")
    said = output.strip()
    return Finding(
        "alert", f"{program} refused the configuration ({ended}) and said " + (f"only:\n{said}" if said else "nothing")
    )
