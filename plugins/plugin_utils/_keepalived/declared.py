# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Declaration of keepalived in an inventory, in the shape that model.py describes. argument_specs.yml of the role has
the keys of an instance, which are looked up in loops as well, so some types name dictionaries and not their keys."""

from __future__ import annotations

from typing import Any, TypedDict

Instance = dict[str, Any]
"""An instance with its defaults, in keepalived's words."""

Item = dict[str, Any]
"""A group, a script, or something else that has a name."""

Timing = dict[str, Any]
"""The words of TIMING that a profile sets."""

Facts = dict[str, Any]
"""What Ansible's facts show of a host's network."""


class _Node(TypedDict):
    name: str
    address: str


class Node(_Node, total=False):
    """A load balancer; its C(address6) may be missing."""

    address6: str


class Cluster(TypedDict):
    """The part of a declaration that decides who can take an address from whom."""

    nodes: list[Node]
    instances: list[Instance]
    sync_groups: list[Item]


class File(TypedDict):
    """A file that keepalived watches."""

    name: str
    file: str
    weight: int
    init_file: int
