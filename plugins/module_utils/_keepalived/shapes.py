# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Instances and scripts in the result of the module keepalived_info, and words of their configuration, for the host and
for the controller."""

from __future__ import annotations

from typing import TypedDict

from .._address import Placed


class Setup(TypedDict):
    """Configuration of an instance, as the module keepalived_info documents it."""

    name: str
    interface: str
    virtual_router_id: int
    vrrp_version: int
    priority: int
    preempt: bool
    advert_int: float
    down_timer_adverts: int
    source: str
    peers: list[str]
    addresses: list[Placed]
    weights: list[int]
    sync_group: str


class Script(TypedDict):
    """A check script, with its times in seconds."""

    name: str
    interval: float
    timeout: float
    fall: int


class Entered(TypedDict):
    """A state that an instance has entered."""

    state: str
    seconds_ago: float


class Instance(TypedDict):
    """State of an instance, as the module keepalived_info documents it."""

    name: str
    state: str
    virtual_router_id: int
    priority: int
    effective_priority: int
    standing_by: bool
    addresses: list[str]
    connections: int
    clients: list[str]
    seconds_in_state: float
    entered: list[Entered]
    times_master: int
    times_released: int
    adverts_received: int
    adverts_sent: int
    adverts_refused: dict[str, int]


def read_vmac_name(words: list[str]) -> str:
    """The name of the interface among the words after use_vmac; empty if there is none."""
    return next((word for word in words if word != "name" and ":" not in word), "")
