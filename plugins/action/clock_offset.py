# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import time
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ..plugin_utils._cluster.clock import Exchange, offset


class ActionModule(ActionBase):
    """Ask a host for its time over the connection that is there, without Python on it."""

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _requires_connection = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        del tmp
        _validated, options = self.validate_argument_spec(argument_spec={"exchanges": {"type": "int", "default": 5}})
        measured = offset([self._exchange() for _number in range(max(1, options["exchanges"]))])
        result.update(
            changed=False,
            offset=round(measured.seconds, 6),
            uncertainty=round(measured.uncertainty, 6),
            correction=round(measured.corrects, 6),
        )
        return result

    def _exchange(self) -> Exchange:
        asked = time.time()
        answer = self._low_level_execute_command("date +%s.%N")
        told = time.time()
        if answer["rc"]:
            raise AnsibleActionFail(f"the host does not say its time: {answer['stderr'] or answer['stdout']}")
        return Exchange(asked, float(answer["stdout"].strip()), told)
