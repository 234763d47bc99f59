# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Declaration of HAProxy in an inventory. argument_specs.yml of the role has the keys, which are looked up in loops as
well, so these types name dictionaries and not their keys."""

from __future__ import annotations

from typing import Any

SOCKETS = ("/", "unix@", "abns@", "abnsz@", "fd@", "sockpair@")
"""Addresses that begin so have no port."""

Variables = dict[str, Any]
"""The role's variables by their names."""

Item = dict[str, Any]
"""A section, a bind, a server or another item of a variable."""

Sections = dict[str, list[Item]]
"""The items of each kind, merged over their defaults."""
