# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the role of nginx declares, for the tests: every item with its defaults."""

from __future__ import annotations

SITE = {
    "name": "web",
    "listens": ["80"],
    "server_names": ["_"],
    "index": "index.html",
    "certificate": "",
    "certificate_key": "",
    "redirect": "",
    "locations": [],
    "lines": [],
}
UPSTREAM = {"name": "app", "server_options": [], "lines": [], "servers": [{"address": "192.0.2.31", "port": 8080}]}
LISTS = ("main_lines", "events_lines", "http_lines", "log_formats", "upstreams", "sites", "trusted_proxies")


def site(**keys):
    return {**SITE, **keys}


def upstream(*servers, **keys):
    return {**UPSTREAM, **({"servers": list(servers)} if servers else {}), **keys}


def declaration(**keys):
    """What the role declares."""
    return {
        **{name: [] for name in LISTS},
        **{f"{context}_settings": {} for context in ("main", "events", "http")},
        "plain": False,
        "access_logs": ["/var/log/nginx/access.log"],
        "tls_profile": "intermediate",
        "newer_curves": [],
        "web_root": "/var/www",
        "health_location": "/healthz",
        "status_port": 0,
        "mime_types": False,
        "demo_page": False,
        "confined": True,
        "files": [],
        "acme": {},
        "nodes": [],
        "node_name": "web1",
        "runtime": "package",
        "image_base": "",
        "worker_processes": "auto",
        "container_ports": [],
        "container_mounts": [],
        **keys,
    }
