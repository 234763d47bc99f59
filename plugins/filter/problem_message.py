# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: problem_message
short_description: Write problems as the message of a task that fails
version_added: 0.2.0
description:
  - For every task of this collection that fails because of invalid input.
  - Writes one line for each problem if the default callback has C(result_format=yaml), else all on one line, numbered,
    because Ansible then prints a line break as two characters.
  - Repeated problems are left out. Long ones, and many, are cut.
options:
  _input:
    description: A list of problems, or a dictionary of such lists by host.
    type: raw
    required: true
author:
  - The evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
- ansible.builtin.fail:
    msg: "{{ problems | evenkeel.ha_web.problem_message }}"
  when: problems is truthy
"""

RETURN = r"""
_value:
  description: The message.
  type: str
"""

from collections.abc import Iterable, Mapping

from ansible import constants
from ansible.plugins.loader import callback_loader

from ..plugin_utils._input.message import merge_hosts, write_message


def message(problems: Iterable[str] | Mapping[str, Iterable[str]]) -> str:
    """Write the problems as the callback prints them best."""
    # The configuration knows the options of plugins that have been loaded.
    plugin = callback_loader.get("default", class_only=True)
    form = constants.config.get_config_value("result_format", plugin_type="callback", plugin_name=plugin._load_name)
    found = merge_hosts(problems) if isinstance(problems, Mapping) else problems
    return write_message(found, one_per_line=form == "yaml")


class FilterModule:
    """Write problems as the message of a task that fails."""

    def filters(self) -> dict:
        return {"problem_message": message}
