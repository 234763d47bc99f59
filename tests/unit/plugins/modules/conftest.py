# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Modules run as on a host."""

from __future__ import annotations

import sys

import pytest


@pytest.fixture(autouse=True)
def _on_a_host(monkeypatch):
    """Return warnings with the result. ansible-core 2.19 prints them at once in a process that has imported a part of
    the controller, as other tests do."""
    if internal := sys.modules.get("ansible.module_utils._internal"):
        monkeypatch.setattr(internal, "is_controller", False, raising=False)
