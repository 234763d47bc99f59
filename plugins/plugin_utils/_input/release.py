# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Facts about packages that follow from the release of a distribution, also before they are installed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def is_at_least(facts: Mapping[str, Any], releases: Mapping[str, int]) -> bool:
    """Return whether the host has one of these releases of distributions, or a later one; C(facts) are Ansible's."""
    distribution, release = str(facts.get("distribution")), str(facts.get("distribution_major_version"))
    return distribution in releases and release.isdecimal() and int(release) >= releases[distribution]
