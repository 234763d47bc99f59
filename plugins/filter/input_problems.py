# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: input_problems
short_description: Find values and keys of variables that their options do not accept
version_added: 0.1.0
description:
  - For variables of roles and of playbooks, before something is derived from them.
  - Finds values that are not of their option's type at any depth, such as the mode V(0640) without quotation marks,
    which is the number 416 to YAML, or a text where a list is needed. Ansible accepts many of them.
  - Finds line breaks and other control characters in texts, and keys that are no single word. With one of these, a text
    would be further lines of a daemon's configuration.
  - Finds unknown and missing keys, and values that are none of the option's choices.
  - The C(content) of an item of a variable C(*_files) may have any number of lines.
positional: options
options:
  _input:
    description: Variables of a role by their names.
    type: dict
    required: true
  options:
    description: The role's options, as its C(argument_specs) has them.
    type: dict
    required: true
  nulls:
    description: Whether a key within a variable may be without a value.
    type: bool
    default: false
  unknown:
    description: Whether a variable that is no option is a problem.
    type: bool
    default: false
author:
  - The evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
that: "{'haproxy_socket_mode': '660'} | evenkeel.ha_web.input_problems(options) is falsy"
vars:
  options: {haproxy_socket_mode: {type: str}}
"""

RETURN = r"""
_value:
  description: One line for each problem; empty where there is none.
  type: list
  elements: str
"""

from collections.abc import Mapping
from typing import Any

from ..plugin_utils._input.rules import find_unknown
from ..plugin_utils._input.shape import find_shape_problems
from ..plugin_utils._input.text import with_decrypted_texts


def problems(
    variables: Mapping[str, Any], options: Mapping[str, Mapping], nulls: bool = False, unknown: bool = False
) -> list[str]:
    """Values and keys that an option does not take, and texts that cannot stand on one line."""
    return [
        *(find_unknown(variables, options) if unknown else []),
        *find_shape_problems(variables, options, nulls),
    ]


class FilterModule:
    """Find values and keys of variables that their options do not accept."""

    def filters(self) -> dict:
        return {"input_problems": with_decrypted_texts(problems)}
