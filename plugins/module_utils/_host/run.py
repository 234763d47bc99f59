# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Programs of the host.

AnsibleModule.run_command now and then waits a second for a program that has ended: it asks twice whether it has, and
waits for more output if it ended in between. That was every tenth call, and a deployment makes dozens."""

from __future__ import annotations

import subprocess
from typing import Callable

from ansible.module_utils.basic import AnsibleModule

Run = Callable[[list[str]], tuple[int, str, str]]
"""Runs an argv and returns its exit code (negative: ended by that signal), stdout and stderr.

Raises OSError if the program cannot be started.
"""


def run(argv: list[str]) -> tuple[int, str, str]:
    """Run a program to its end, as C(Run) says. Bytes that are not UTF-8 are replaced."""
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    return done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")


def run_or_fail(module: AnsibleModule) -> Run:
    """The same for programs that every such host has; without them the module ends."""

    def runs(argv: list[str]) -> tuple[int, str, str]:
        try:
            return run(argv)
        except OSError as error:
            return module.fail_json(msg=f"cannot run {argv[0]}: {error.strerror or error}. Is it installed?")

    return runs
