# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a test gives a module its arguments, with every release of ansible-core."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager
from unittest import mock

from ansible.module_utils import basic
from ansible.module_utils.common.parameters import PASS_VARS


def module_arguments(arguments: dict) -> AbstractContextManager:
    """Within the context, a module that begins has these arguments, and says them in its result."""
    if "inject_invocation" in PASS_VARS:  # from 2.20 on
        arguments = {**arguments, "_ansible_inject_invocation": True}
    try:
        from ansible.module_utils.testing import patch_module_args
    except ImportError:  # before 2.19
        return mock.patch.object(basic, "_ANSIBLE_ARGS", json.dumps({"ANSIBLE_MODULE_ARGS": arguments}).encode())
    return patch_module_args(arguments)
