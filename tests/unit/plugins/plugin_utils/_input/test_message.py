# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._input.message import LONGEST, MOST, write_message


@pytest.mark.parametrize(
    ("problems", "lines", "numbered"),
    [
        ([], "", ""),
        (["a is 1"], "a is 1", "a is 1"),
        (["a is 1", "b is 2"], "a is 1\nb is 2", "(1) a is 1 (2) b is 2"),
        (["a is 1", "b is 2", "a is 1"], "a is 1\nb is 2", "(1) a is 1 (2) b is 2"),
        (["a" * 1000 + "z"], f"{'a' * 300} ... {'a' * 299}z", f"{'a' * 300} ... {'a' * 299}z"),
    ],
)
def test_message(problems, lines, numbered):
    assert write_message(problems, one_per_line=True) == lines
    assert write_message(problems, one_per_line=False) == numbered


def test_a_message_has_a_maximal_size():
    text = write_message((f"{number} {'a' * 1000}" for number in range(1000)), one_per_line=True)
    assert len(text) < MOST * (LONGEST + 10)
    assert text.endswith("\n... and 960 more")
