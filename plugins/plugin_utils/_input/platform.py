# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Operating systems on which the roles can work, and those on which they are tested."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .releases import DISTRIBUTIONS, find_number

FAMILIES = ("Debian", "RedHat")
"""Families of operating systems for which the roles have variables."""

SYSTEMS = "Debian 12 or later; Ubuntu and RHEL-like systems with systemd can be tried"


def find_problem(facts: Mapping[str, Any]) -> str:
    """Why the roles cannot work on a host; empty if they may. C(facts) are Ansible's."""
    name = _name_system(facts)
    if facts.get("os_family") not in FAMILIES:
        return f"{name} is not supported, and nothing was changed: the roles need {SYSTEMS}"
    if facts.get("service_mgr", "systemd") != "systemd":
        return f"{name} runs without systemd, and nothing was changed: the roles need {SYSTEMS}"
    if facts.get("distribution") == "Debian" and (number := find_number(facts)) and number < min(_tested(facts)):
        return f"{name} is too old, and nothing was changed: the roles need {SYSTEMS}"
    return ""


def find_warning(facts: Mapping[str, Any]) -> str:
    """What is not tested on a host; empty if its release is."""
    if find_number(facts) in _tested(facts):
        return ""
    return f"{_name_system(facts)} is untested: try a change with --check first, and report what fails"


def _tested(facts: Mapping[str, Any]) -> Mapping[int, Any]:
    return DISTRIBUTIONS.get(str(facts.get("distribution")), {})


def _name_system(facts: Mapping[str, Any]) -> str:
    words = (facts.get("distribution") or facts.get("os_family") or "this system", facts.get("distribution_version"))
    return " ".join(str(word) for word in words if word)
