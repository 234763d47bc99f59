# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.module_utils._host import disk
from ansible_collections.evenkeel.ha_web.plugins.module_utils._transaction.config_set import ConfigSet
from samples.config_sets import NEW, OLD, file


@pytest.fixture(params=[True, False], ids=["exchange", "renames"])
def exchange(request, tmp_path, monkeypatch):
    """Whether the filesystem can exchange two names."""
    if not request.param:
        monkeypatch.setattr(disk, "exchange", lambda one, other: False)
    return request.param


@pytest.fixture
def config(exchange, tmp_path):
    """A directory that does not exist yet."""
    return ConfigSet(str(tmp_path / "haproxy"))


@pytest.fixture
def outside(tmp_path):
    """Sets with files in places of their own: the old one, and the new one without one of them."""

    def sets_at(parent):
        old = [*OLD, file(f"{parent}/units/a.conf", "old"), file(f"{parent}/units/gone.conf", "old", mode=0o600)]
        return old, [
            *NEW,
            file(f"{parent}/units/a.conf", "new", mode=0o600),
            file(f"{parent}/units/more/b.conf", "new"),
        ]

    return sets_at
