# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A daemon's own messages, without data that its clients have sent.

A daemon's journal and its error log have lines of requests too, with tokens and personal data of clients. A message
quotes lines of the shapes below only, by the sources to which no request is written."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from .secrets import mask_secrets

MOST = 20
"""Lines that a message quotes."""

LONGEST = 400
"""Characters of a quoted line."""

SYSTEMD = "_PID=1"
"""Journal entries of a unit that systemd itself has written."""


@dataclass(frozen=True)
class OwnWords:
    """Sources of a daemon's own messages. C(sources) are journal field matches; an entry must match one of them.

    C(line) is how its own lines begin, and C(complaint) what stands in those that tell of a failure."""

    sources: tuple[str, ...]
    line: re.Pattern[str]
    complaint: re.Pattern[str]

    def select_lines(self, lines: Iterable[str]) -> list[str]:
        """The daemon's own lines that complain, or the last of its own lines where none does."""
        own = [line for line in lines if self.line.match(line)]
        return [line for line in own if self.complaint.search(line)] or own[-10:]


# What goes to a log's socket is not on stdout. A log may go to stdout as well, so the line has to look like one of
# haproxy's messages. Lines with the path of a file are those of the program that reloads haproxy.
HAPROXY = OwnWords(
    ("_TRANSPORT=stdout",),
    re.compile(r"\[(ALERT|WARNING|NOTICE)\] +\(\d+\) : |/run/haproxy\S*: "),
    re.compile(r"^\[ALERT\]|^/"),
)
NGINX = OwnWords(
    ("_TRANSPORT=stdout",),
    re.compile(
        r"nginx: (\[\w+\] |configuration file )|\d{4}/\d\d/\d\d \d\d:\d\d:\d\d \[(emerg|alert)\] \d+#\d+: (?!\*)"
    ),
    re.compile(r"\[emerg\]|\[alert\]|failed"),
)
# Scripts of keepalived write into the journal of its unit as well, by other names.
KEEPALIVED = OwnWords(
    (
        "SYSLOG_IDENTIFIER=Keepalived",
        "SYSLOG_IDENTIFIER=Keepalived_vrrp",
        "SYSLOG_IDENTIFIER=Keepalived_healthcheckers",
    ),
    re.compile(r""),
    re.compile(r"[Cc]annot|failed|[Ee]rror"),
)

BIRD = OwnWords(
    ("SYSLOG_IDENTIFIER=bird", "_TRANSPORT=stdout"),
    re.compile(r"(?!.*Started|.*Reconfigur)"),
    re.compile(r"[Ee]rror|[Cc]annot|failed"),
)


def quote_lines(lines: Iterable[str]) -> str:
    """The lines as a message has them: each once, without secrets and control characters, cut where they are too long
    or too many."""
    unique = list(dict.fromkeys(lines))
    shown = [_make_printable(mask_secrets(line)) for line in unique[:MOST]]
    more = len(unique) - MOST
    return "\n".join(shown + ([f"... and {more} more lines"] if more > 0 else []))


def _make_printable(line: str) -> str:
    text = "".join(character if character.isprintable() else "?" for character in line)
    return text if len(text) <= LONGEST else text[:LONGEST] + " ..."
