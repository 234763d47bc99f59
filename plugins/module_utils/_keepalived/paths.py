# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files of the role keepalived that more than one place names."""

from __future__ import annotations

from pathlib import Path

ASK = "/etc/keepalived/ask.sh"
"""The role's check script, which asks a URL, tells busy from hung, and keeps its time itself."""

REPORTS = "/run/keepalived-watch/"
"""The reports of the role's watcher. One with a weight is meant to leave an address where it is: it gives way to a
second holder only."""

STATE = Path("/run/keepalived-track")
"""The track files of units and of planned moves, and the last verdicts of ASK."""

KERNEL_STATE = Path("/etc/keepalived/kernel_state.json")

SECOND_CHANCE = Path("/etc/keepalived/second_chance.json")
