# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A program's end, output and absence are told as they are."""

from __future__ import annotations

from unittest.mock import Mock

import pytest
from ansible_collections.evenkeel.ha_web.plugins.module_utils._host.run import run, run_or_fail


@pytest.mark.parametrize(
    ("script", "result"),
    [
        ("echo yes; echo no >&2; exit 3", (3, "yes\n", "no\n")),
        ("kill -KILL $$", (-9, "", "")),
        (r"printf '\377'", (0, "\N{REPLACEMENT CHARACTER}", "")),
        ("cat", (0, "", "")),
    ],
)
def test_what_a_program_did_is_told(script, result):
    assert run(["sh", "-c", script]) == result


def test_arguments_are_given_as_they_are():
    assert run(["printf", "%s", "~ $HOME *"]) == (0, "~ $HOME *", "")


def test_a_program_that_is_not_there_is_the_callers_to_explain():
    with pytest.raises(FileNotFoundError):
        run(["no-such-program"])


def test_a_program_that_has_to_be_there_ends_the_module():
    module = Mock()
    run_or_fail(module)(["no-such-program", "x"])
    module.fail_json.assert_called_once_with(
        msg="cannot run no-such-program: No such file or directory. Is it installed?"
    )
