# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: unprintable_texts
short_description: Name the texts that cannot stand on one line of a configuration file
version_added: 0.1.0
description:
  - Finds line breaks and other control characters in texts at any depth, and keys that are no single word. With one of these, a text would
    be further lines of a daemon's configuration.
  - The C(content) of an item of a variable C(*_files) may have any number of lines.
options:
  _input:
    description: Variables of a role by their names.
    type: dict
    required: true
author:
  - The evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
that: "{'haproxy_timeouts': {'client': '30s'}} | evenkeel.ha_web.unprintable_texts is falsy"
"""

RETURN = r"""
_value:
  description: One line for each problem; empty where there is none.
  type: list
  elements: str
"""

from ..plugin_utils._input.text import decrypted, unprintable_texts


class FilterModule:
    """Name the texts that cannot stand on one line of a configuration file."""

    def filters(self) -> dict:
        return {"unprintable_texts": decrypted(unprintable_texts)}
