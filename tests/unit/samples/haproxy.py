# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The variables of the role haproxy: its defaults, and sections to change them with."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path

import yaml

DEFAULTS = {
    **yaml.safe_load((Path(__file__).parents[3] / "roles/haproxy/defaults/main.yml").read_text(encoding="utf-8")),
    "haproxy_node_name": "lb1",
}
# Stands for the role's, with less in it.
BASE = {
    "timeouts": {"connect": "1s"},
    "options": {"http": {"dontlognull": True, "httplog": True}, "tcp": {"dontlognull": True, "tcplog": True}},
    "server": {"check": True, "inter": "1s"},
    "health_check": {"uri": "/", "host": "localhost", "status": "200"},
    "client_limits": {"period": "10s", "exempt": []},
    "spoe_timeouts": {"hello": "100ms", "idle": "2m", "processing": "500ms"},
    "additions": {},
    "role_defaults": DEFAULTS,
    "newer_curves": [],
    "forwards_nul": True,
    "certificate_store": "/store",
    "limits": {"process": 4096, "socket": 50, "health": 50, "statistics": 50, "requests": 3996, "sections": {}},
}
NODES = [{"name": "lb1", "address": "192.0.2.11"}, {"name": "lb2", "address": "192.0.2.12"}]
PEERS = [{"name": "balancers", "port": 10000}]
WEB1 = {"name": "web1", "address": "192.0.2.21", "port": 80}


def variables(**changes):
    return deepcopy({**DEFAULTS, **changes})


def front(name="http_in", **keys):
    return {"name": name, "binds": [{"port": 80}], **keys}


def back(name="web", **keys):
    return {"name": name, "servers": [WEB1], **keys}


def listen(name="db", **keys):
    return {
        "name": name,
        "binds": [{"port": 5432}],
        "port": 5432,
        "servers": [{"name": "db1", "address": "192.0.2.31"}],
        **keys,
    }


def server(**keys):
    return back(servers=[{**WEB1, **keys}])


def fronts(*sections, **changes):
    return {"haproxy_frontends": list(sections), **changes}


def backs(*sections, **changes):
    return {"haproxy_backends": list(sections), **changes}


def listens(*sections, **changes):
    return {"haproxy_listens": list(sections), **changes}


def binds(*items, **changes):
    return fronts(front(binds=list(items)), **changes)
