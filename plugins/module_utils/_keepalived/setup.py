# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Settings of each instance in keepalived.conf, which keepalived does not report itself."""

from __future__ import annotations

from .._address import Placed, canonical
from .conf import Block
from .paths import ASK
from .rules import weights
from .shapes import Script, Setup, read_vmac_name

ADDRESSES = ("virtual_ipaddress", "virtual_ipaddress_excluded")
DEFAULT_PRIORITY = 100
DOWN_TIMER_ADVERTS = 3


def setup(whole: Block) -> list[Setup]:
    """The instances of a configuration, in its order, as the module keepalived_info returns them."""
    groups = {
        word: group.name
        for group in whole.inner("vrrp_sync_group")
        for members in group.inner("group")
        for line in members.lines
        for word in line.words
    }
    return [
        {
            "name": instance.name,
            "interface": instance.value("interface"),
            "virtual_router_id": _number(instance.value("virtual_router_id"), 0),
            "vrrp_version": _number(instance.value("version"), 2),
            "priority": _number(instance.value("priority"), DEFAULT_PRIORITY),
            "preempt": instance.find("nopreempt") is None,
            "advert_int": float(instance.value("advert_int") or 1),
            "down_timer_adverts": _number(instance.value("down_timer_adverts"), DOWN_TIMER_ADVERTS),
            "source": canonical(instance.value("unicast_src_ip") or instance.value("mcast_src_ip")),
            "peers": [canonical(line.words[0]) for block in instance.inner("unicast_peer") for line in block.lines],
            "addresses": [
                _address(line.words, instance) for block in instance.inner(*ADDRESSES) for line in block.lines
            ],
            "weights": weights(instance, whole),
            "sync_group": groups.get(instance.name, ""),
        }
        for instance in whole.inner("vrrp_instance")
    ]


def longest_silence(instance: Setup) -> float:
    """After how many seconds without an advert a backup of this setup takes over, at the latest."""
    return (instance["down_timer_adverts"] + 1) * instance["advert_int"]


def scripts(whole: Block) -> list[Script]:
    """The check scripts of a configuration, as the module keepalived_info returns them. The role's own keeps its time
    itself."""
    return [
        {
            "name": script.name,
            "interval": (interval := float(script.value("interval") or 1)),
            "timeout": float(script.value("timeout") or interval),
            "fall": _number(script.value("fall"), 1),
        }
        for script in whole.inner("vrrp_script")
        if ASK not in script.value("script")
    ]


def rt_priority(whole: Block) -> int:
    """The real-time priority that a configuration asks for; 0 for none."""
    return next((_number(block.value("vrrp_rt_priority"), 0) for block in whole.inner("global_defs")), 0)


def list_watched_files(whole: Block) -> list[str]:
    """The files that keepalived watches."""
    return [block.value("file") for block in whole.inner("track_file", "vrrp_track_file") if block.value("file")]


def list_vmac_interfaces(whole: Block) -> list[str]:
    """The interfaces of virtual MAC addresses that a configuration names, as the role writes them."""
    return [
        read_vmac_name(line.words[1:])
        for instance in whole.inner("vrrp_instance")
        for line in [instance.find("use_vmac")]
        if line
    ]


def _address(words: list[str], instance: Block) -> Placed:
    named = dict(zip(words, words[1:]))
    return {"address": canonical(words[0].split("/")[0]), "interface": named.get("dev", instance.value("interface"))}


def _number(text: str, default: int) -> int:
    return int(text) if text.isdigit() else default
