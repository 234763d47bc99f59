# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Binds whose clients must present a certificate."""

from __future__ import annotations

import re

from .declared import Sections, Variables
from .sections import merge_binds

ASKS = re.compile(r"\bverify +(?:required|optional)\b|\bcrt-list\b")
"""What makes a bind ask for a certificate; the lines of a list of certificates may do so as well."""
NO_RESUMPTION = "tune.ssl.cachesize 0"
"""All binds share one cache of TLS sessions, and HAProxy 2.6 and 3.0 let a session of any bind resume at any other. A
client without a certificate could get its session where none is needed."""


def build_global_lines(variables: Variables, sections: Sections) -> list[str]:
    """Return the lines of the global section that keep clients without a certificate out."""
    return [NO_RESUMPTION] if any(map(ASKS.search, _list_bind_words(variables, sections))) else []


def _list_bind_words(variables: Variables, sections: Sections) -> list[str]:
    """The options of all binds, those of verbatim lines included."""
    found = []
    for section in [*sections["frontend"], *sections["listen"]]:
        found += [line for line in section.get("lines", []) if line.split()[:1] == ["bind"]]
        found += [" ".join(bind.get("options", [])) for bind in merge_binds(variables, section)]
    return found
