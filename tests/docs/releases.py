# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of docs/reference/compatibility.md, from the releases and features by which the roles decide."""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "collections"))

from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._input.releases import (
    CODENAMES,
    DISTRIBUTIONS,
    FEATURES,
    has_feature,
)

PAGE = ROOT / "docs/reference/compatibility.md"
TABLE = re.compile(r"(<!-- releases -->\n).*?(<!-- end -->)", re.DOTALL)
TITLES = {"python": "Python", "openssl": "OpenSSL"}
TESTED = {12: "on every change", 13: "on every change", 14: "by `make endurance`"}


def page_with_table() -> str:
    """The page as it has to be."""
    return TABLE.sub(lambda found: f"{found[1]}\n{table()}\n{found[2]}", PAGE.read_text(encoding="utf-8"))


def table() -> str:
    """One column for each release: packages, features, and when it is tested."""
    releases = DISTRIBUTIONS["Debian"]
    names = {number: name for name, number in CODENAMES.items()}
    rows = [["", *(f"Debian {number} ({names[number]})" for number in releases)], ["---"] * (len(releases) + 1)]
    programs = list(dict.fromkeys(name for packages in releases.values() for name in packages))
    rows += [[TITLES.get(name, name), *(packages[name] for packages in releases.values())] for name in programs]
    for name, feature in FEATURES.items():
        since = f"{feature.summary} (since {TITLES.get(feature.program, feature.program)} {feature.since})"
        rows.append([since, *("yes" if has_feature(packages, name) else "no" for packages in releases.values())])
    rows.append(["tested", *(TESTED[number] for number in releases)])
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)
