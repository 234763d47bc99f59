# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """The option of plan filters whose roles may be applied twice in one run."""

    DOCUMENTATION = r"""
options:
  earlier:
    description: The C(names) of an earlier plan for the same host in the same run. A plan that would end one of these
      services has that problem.
    type: list
    elements: str
    default: []
"""
