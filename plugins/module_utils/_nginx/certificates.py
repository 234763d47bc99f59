# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates of the files that nginx's configuration names."""

from __future__ import annotations

import os
import re
import time
from typing import Any

from .._host.certificates import describe_certificate
from .._host.run import Run
from .._host.system import Host
from .check import read_lines

_FILE = re.compile(r"(?:^|[\s;{}])ssl_certificate\s+[\"']?([^\s;\"']+)")


def list_certificates(main: str, run: Run, host: Host | None = None) -> list[dict[str, Any]]:
    """Return each certificate that the configuration names, in its order. Files with variables in their names, and
    those that cannot be read, are left out."""
    found: dict[str, None] = {}
    for _file, _number, text in read_lines(main, host or Host(), []):
        for name in _FILE.findall(text.split("#")[0]):
            if "$" not in name and not name.startswith(("data:", "engine:")):
                found[os.path.join(os.path.dirname(main), name)] = None
    described = [_read_certificate(file, run, time.time()) for file in found]
    return [certificate for certificate in described if certificate]


def _read_certificate(file: str, run: Run, now: float) -> dict[str, Any]:
    """The first certificate of a file; C(now) is in seconds since 1970. Empty if the file has none."""
    try:
        rc, said, _stderr = run(
            ["openssl", "x509", "-noout", "-subject", "-enddate", "-ext", "subjectAltName", "-in", file]
        )
    except OSError:
        return {}
    found = dict(re.findall(r"(?m)^(subject|notAfter)=(.*?)\s*$", said))
    if rc or "notAfter" not in found:
        return {}
    return describe_certificate(file, found.get("subject", "").strip(), said, found["notAfter"], now)
