# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.module_utils import _disk


def test_two_names_change_places_in_one_call(tmp_path):
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).touch()
    if not _disk.exchange(tmp_path / "one", tmp_path / "other"):
        pytest.skip("this filesystem cannot")
    assert (tmp_path / "one/other").exists()
    assert (tmp_path / "other/one").exists()


def test_an_exchange_that_the_kernel_refuses(tmp_path):
    inside = tmp_path / "directory/inside"
    inside.mkdir(parents=True)
    assert _disk.exchange(inside.parent, inside) is False
    with pytest.raises(OSError, match=r"cannot exchange .*missing.*: No such file"):
        _disk.exchange(tmp_path / "missing", inside)
