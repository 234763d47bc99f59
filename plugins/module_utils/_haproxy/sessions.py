# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find binds that must see a client's certificate, but take TLS sessions of binds that need none."""

from __future__ import annotations

from collections.abc import Mapping

from .._check.finding import Finding
from .._version import split_version
from . import binds

CHECKS_SESSIONS = [3, 2]
"""The first release that was seen to resume a session only at the bind that it is of; 2.6 and 3.0 were seen to resume
it at any."""


def findings(texts: Mapping[str, str], version: str) -> list[Finding]:
    """A warning for every bind with C(verify required) or C(verify optional) beside others with TLS, in the files of
    one configuration by their paths."""
    lines = [line.split() for text in texts.values() for _number, line in binds.lines(text)]
    if split_version(version) >= CHECKS_SESSIONS or ["tune.ssl.cachesize", "0"] in lines:
        return []
    found = [(path, bind) for path, text in texts.items() for bind in binds.binds(text) if "ssl" in bind.options]
    open_binds = [bind for _path, bind in found if not _asks(bind)]
    return [
        Finding(
            "warning",
            "a client without a certificate can resume here the TLS session that it has got at "
            f"'{open_binds[0].source.strip()}', because HAProxy before 3.2 has one cache of sessions for all binds: "
            "write tune.ssl.cachesize 0 into the global section",
            path,
            bind.number,
            bind.source.strip(),
        )
        for path, bind in found
        if open_binds and _asks(bind)
    ]


def _asks(bind: binds.Bind) -> bool:
    words = bind.options
    return any(pair in zip(words, words[1:]) for pair in (("verify", "required"), ("verify", "optional")))
