# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A cluster that is well, as its hosts tell it; tests break a copy."""

from __future__ import annotations

VIP = "192.0.2.10"
NODES = {"lb1": ("192.0.2.11", 254), "lb2": ("192.0.2.12", 244)}


def instance(name="web", state="MASTER", priority=254, **changed):
    """How an instance is."""
    return {
        "name": name,
        "state": state,
        "virtual_router_id": 51,
        "priority": priority,
        "effective_priority": priority,
        "standing_by": False,
        "addresses": [f"{VIP}/24"],
        "seconds_in_state": 300.0,
        "entered": [{"state": state, "seconds_ago": 300.0}],
        "times_master": 1,
        "times_released": 0,
        "adverts_refused": {},
        **changed,
    }


def setup(name="web", source="192.0.2.11", priority=254, peers=("192.0.2.12",), **changed):
    """What a configuration says of an instance."""
    return {
        "name": name,
        "interface": "eth0",
        "virtual_router_id": 51,
        "vrrp_version": 3,
        "priority": priority,
        "preempt": False,
        "advert_int": 0.05,
        "down_timer_adverts": 6,
        "source": source,
        "peers": list(peers),
        "addresses": [{"address": VIP, "interface": "eth0"}],
        "weights": [],
        "sync_group": "",
        **changed,
    }


def address(value, interface="eth0"):
    return {"address": value, "interface": interface}


def keepalived(host, **changed):
    """What keepalived_info returns of a node; lb1 holds the VIP."""
    source, priority = NODES[host]
    holds = host == "lb1"
    peers = [other for other, _priority in NODES.values() if other != source]
    return {
        "running": True,
        "rt_priority": 50,
        "realtime": True,
        "version": "2.2.7",
        "configuration": {"digest": "a" * 64, "pending": "", "unconfined": False},
        "instances": [instance(state="MASTER" if holds else "BACKUP", priority=priority)],
        "configured": [setup(source=source, priority=priority, peers=peers)],
        "scripts": [script()],
        "watched": {"/run/keepalived-track/haproxy": "0"},
        "kept_out": {},
        "problems": [],
        "peers_heard": peers,
        "kernel_deviations": [],
        "link_addresses": [f"02:42:c0:00:02:{source.rpartition('.')[2]}"],
        "strangers": [],
        "host_addresses": [address("127.0.0.1", "lo"), address(VIP, "lo"), address(source)] + [address(VIP)] * holds,
        **changed,
    }


def script(**changed):
    return {"name": "haproxy_answers", "interval": 1.0, "timeout": 1.0, "fall": 2, **changed}


def server(name="web1", **changed):
    return {
        "backend": "shop",
        "name": name,
        "state": "ready",
        "status": "UP",
        "weight": 1,
        "configured_weight": 1,
        "check": "L7OK",
        "taken_out": False,
        "in_rotation": True,
        **changed,
    }


def haproxy(**changed):
    """What haproxy_info returns of a node."""
    return {
        "running": True,
        "version": "2.6.12",
        "configuration": {"digest": "b" * 64, "shared": "d" * 64, "pending": "", "unconfined": False},
        "uptime": 7200,
        "generation": 3,
        "seconds_in_generation": 300,
        "reloads_failed": 0,
        "old_workers": 0,
        "oldest_worker": 0,
        "max_reloads": 50,
        "ended_workers": 0,
        "dropped_logs": 0,
        "log_errors": [],
        "frontends": [{"name": "http", "status": "OPEN"}],
        "backends": [{"name": "shop", "status": "UP", "up": 2, "down": 0, "out": 0}],
        "servers": [server("web1"), server("web2")],
        "certificates": [],
        "pattern_files": [],
        "complaints": [],
        **changed,
    }


def web_server(pending="", running=True):
    """What the modules return of a web server."""
    return {
        "unfinished": {"files": [{"path": "/etc/nginx/.evenkeel.json"}]},
        "nginx": {
            "running": running,
            "configuration": {"digest": "e" * 64, "pending": pending, "unconfined": False},
            "certificates": [],
        },
    }


def cluster():
    """Everything, as the playbook puts it together."""
    return {
        **{host: {"keepalived": keepalived(host), "haproxy": haproxy()} for host in NODES},
        "web1": web_server(),
        "web2": web_server(),
    }
