# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ask rsyslogd whether it accepts the configuration of the log daemon beside haproxy.

A running rsyslogd that is given a faulty configuration writes nothing."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from .._check.finding import Finding, Read, describe_refusal, read_source_line, read_text
from .._host.run import Run

BINARY = "/usr/sbin/rsyslogd"
NAME = "rsyslog.conf"
_MESSAGE = re.compile(r"rsyslogd: (?!version |End of config validation)(.*?)(?: \[v\d.*)?$")
_PLACE = re.compile(r"(?:error|warning) during parsing file (\S+), on or before line (\d+): (.*)")


def check(run: Run, directory: str, read: Read = read_text) -> list[Finding]:
    """Return alerts for what rsyslogd refuses of the log daemon's configuration in the directory.

    There are none without such a file, and none where rsyslogd is not installed yet."""
    path = os.path.join(directory, NAME)
    if not os.access(BINARY, os.X_OK) or not _is_there(path, read):
        return []
    rc, out, err = run([BINARY, "-N1", "-f", path])
    return (list(parse(out + err, read)) or [describe_refusal("rsyslogd", rc, out + err)]) if rc else []


def _is_there(path: str, read: Read) -> bool:
    try:
        read(path)
    except OSError:
        return False
    return True


def parse(output: str, read: Read) -> Iterator[Finding]:
    """Yield what C(rsyslogd -N1) has printed of a file that it refuses."""
    for line in output.splitlines():
        said = _MESSAGE.match(line)
        place = _PLACE.match(said.group(1)) if said else None
        if place:
            file, number, message = place.group(1), int(place.group(2)), place.group(3)
            yield Finding("alert", message, file, number, read_source_line(read, file, number))
        elif said:
            yield Finding("alert", said.group(1))
