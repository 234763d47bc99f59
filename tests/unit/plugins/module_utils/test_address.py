# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.module_utils._address import canonical, is_address, version_of


@pytest.mark.parametrize(
    ("address", "version", "written"),
    [
        ("192.0.2.10", 4, "192.0.2.10"),
        ("192.0.2.10/24", 4, "192.0.2.10/24"),
        ("2001:DB8:0::11", 6, "2001:db8::11"),
        ("fe80::1/64", 6, "fe80::1/64"),
        ("192.0.2.256", 0, "192.0.2.256"),
        ("lb1", 0, "lb1"),
        ("", 0, ""),
    ],
)
def test_an_address_has_one_spelling_and_other_texts_stay(address, version, written):
    assert (version_of(address), canonical(address)) == (version, written)


@pytest.mark.parametrize(
    ("text", "is_one"),
    [("192.0.2.10", True), ("2001:db8::1", True), ("192.0.2.10/24", False), ("web1", False), ("", False)],
)
def test_an_address_is_no_name_and_has_no_prefix(text, is_one):
    assert is_address(text) == is_one
