# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Declarations of VRRP instances for the tests, as the role hands them over: every item with its defaults."""

from __future__ import annotations

NODES = [{"name": f"lb{number}", "address": f"192.0.2.1{number}"} for number in (1, 2, 3)]
DEFAULTS = {
    "interface": "eth0",
    "version": 3,
    "unicast": True,
    "preempt": False,
    "auth_pass": "",
    "virtual_ipaddress": [],
    "virtual_ipaddress_excluded": [],
    "virtual_routes": [],
    "virtual_rules": [],
    "track_interface": [],
    "lines": [],
}


def vip(address, **keys):
    """One virtual address."""
    return {"address": address, **keys}


def instance(*addresses, **keys):
    """An instance; with 192.0.2.10/24 where no address is said."""
    return {**DEFAULTS, "name": "web", "virtual_router_id": 51, "virtual_ipaddress": list(addresses) or [vip("192.0.2.10/24")], **keys}


def script(**keys):
    """A check script."""
    values = {"name": "well", "script": "/bin/true", "interval": 1, "timeout": 1, "fall": 2, "rise": 1}
    return {**values, "weight": 0, "init_fail": True, "user": "", **keys}


def group(*instances, **keys):
    """A group of instances."""
    return {"name": "both", "instances": list(instances), "lines": [], **keys}


def declaration(instances, **keys):
    """What the role declares."""
    lists = ("sync_groups", "scripts", "track_files", "track_processes")
    return {
        "nodes": NODES,
        "node": "lb1",
        "timing": {"advert_int": 0.1},
        "instances": instances,
        **{name: [] for name in lists},
        "state_directory": "/run/state",
        "reports": {},
        "yields": {},
        "numbers": {"rt_priority": 50, "firewall_min_ttl": 255},
        "texts": {},
        "files": [],
        **keys,
    }
