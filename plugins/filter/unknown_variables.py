# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: unknown_variables
short_description: Name the variables that a role does not read
version_added: 0.1.0
description:
  - Finds misspelt variables and proposes the most similar one.
positional: known
options:
  _input:
    description: Names of variables.
    type: list
    elements: str
    required: true
  known:
    description: The names that the role reads.
    type: list
    elements: str
    required: true
author:
  - The evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
that: "['haproxy_bakends'] | evenkeel.ha_web.unknown_variables(['haproxy_backends']) is falsy"
"""

RETURN = r"""
_value:
  description: One line for each unknown variable; empty where there is none.
  type: list
  elements: str
"""

from ..plugin_utils._input.rules import unknown


class FilterModule:
    """Name the variables that a role does not read."""

    def filters(self) -> dict:
        return {"unknown_variables": unknown}
