# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Declarations of VRRP instances for the tests, as the role hands them over, every item with its defaults; and what is
said of them."""

from __future__ import annotations

from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._keepalived.problems import problems

NODES = [{"name": f"lb{number}", "address": f"192.0.2.1{number}"} for number in (1, 2, 3)]
DUAL = [{**node, "address6": f"2001:db8::1{node['name'][-1]}"} for node in NODES]
SIX = [{"name": node["name"], "address": node["address6"]} for node in DUAL]
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
    "anycast": [],
    "use_vmac": False,
    "vmac_name": "",
    "vmac_addr": "",
    "lines": [],
}
ETH0 = {
    "device": "eth0",
    "ipv4": {"address": "192.0.2.11", "netmask": "255.255.255.0", "prefix": "24"},
    "ipv4_secondaries": [{"address": "203.0.113.5", "netmask": "255.255.255.255"}],
    "ipv6": [{"address": "2001:db8::11", "prefix": "64"}],
}
LAN = {"ipv4": {"address": "198.51.100.2", "netmask": "255.255.255.128"}}
# As Ansible names them: "-" becomes "_" in the key of an interface, "." stays.
FACTS = {
    "interfaces": ["lo", "eth0", "br-lan", "eth0.7"],
    "eth0": ETH0,
    "br_lan": LAN,
    "eth0.7": LAN,
    "lo": {},
    "default_ipv4": {"interface": "eth0", "address": "192.0.2.11", "gateway": "192.0.2.1"},
    "default_ipv6": {"interface": "eth0", "address": "2001:db8::11", "gateway": "2001:db8::1"},
    "all_ipv4_addresses": ["192.0.2.11", "203.0.113.5", "198.51.100.2"],
    "all_ipv6_addresses": ["2001:db8::11", "fe80::1"],
}


def vip(address, **keys):
    """One virtual address."""
    return {"address": address, **keys}


def instance(*addresses, **keys):
    """An instance; with 192.0.2.10/24 where no address is said."""
    return {
        **DEFAULTS,
        "name": "web",
        "virtual_router_id": 51,
        "virtual_ipaddress": list(addresses) or [vip("192.0.2.10/24")],
        **keys,
    }


def script(**keys):
    """A check script."""
    values = {"name": "well", "script": "/bin/true", "url": "", "interval": 1, "timeout": 1, "fall": 2, "rise": 1}
    return {**values, "weight": 0, "init_fail": True, "user": "", **keys}


def urls(status: int | None = None, **asked: str) -> dict:
    """One question of each kind."""
    keys = {} if status is None else {"status": status}
    return {
        "urls": {
            kind: [{"name": "a", "url": asked[kind], **keys}] if kind in asked else [] for kind in ("watched", "yield")
        }
    }


def group(*instances, **keys):
    """A group of instances."""
    return {"name": "both", "instances": list(instances), "lines": [], **keys}


def declaration(instances, **keys):
    """What the role declares."""
    lists = ("sync_groups", "scripts", "track_files", "track_processes", "virtual_servers", "global_lines")
    return {
        "nodes": NODES,
        "node": "lb1",
        "timing": {"advert_int": 0.1},
        "instances": instances,
        **{name: [] for name in lists},
        "state_directory": "/run/state",
        "reports": {},
        "yields": {},
        "busy": {},
        "quic_ports": [],
        "smtp_alerts": {},
        "numbers": {"rt_priority": 50, "firewall_min_ttl": 255},
        "second_chance": True,
        "left_out": [],
        "accepted": [],
        "texts": {},
        "files": [],
        "watch_defaults": {},
        "urls": {"watched": [], "yield": []},
        **keys,
    }


def found(instances, facts=None, **keys):
    """What is wrong with the declaration, on a host with FACTS unless others are given."""
    return problems(declaration(instances, **keys), FACTS if facts is None else facts)


def mistaken(said, parts):
    """The parts that no problem has, and the problems that have none of the parts."""
    missing = [part for part in parts if not any(part in problem for problem in said)]
    return missing + [problem for problem in said if not any(part in problem for part in parts)]
