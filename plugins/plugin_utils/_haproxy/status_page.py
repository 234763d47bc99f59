# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The status page of a node, which a program beside HAProxy makes and the listener of the statistics serves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean

from .._page.style import STYLE
from .declared import Item, Variables
from .logs import PACKAGE_CHROOT

BACKEND = "status_page"
REQUESTS = "haproxy-status-page.sock"
"""The program's socket, relative to HAProxy's chroot."""

COMPANIONS = ("haproxy-status-page.socket", "haproxy-status-page.service")
"""The socket comes first: without it, the service would have to be started again."""


def is_served(variables: Variables) -> bool:
    """Return whether the page is served."""
    return bool(boolean(variables["haproxy_status_page_enabled"]))


def format_server(variables: Variables) -> str:
    """The program as HAProxy's server. Further requests wait in HAProxy."""
    root = "" if variables["haproxy_chroot"] else PACKAGE_CHROOT
    return f"page unix@{root}/{REQUESTS} maxconn 4"


def build_page(variables: Variables, instances: Iterable[Item]) -> dict[str, Any]:
    """Return the socket for C(requests) and the C(settings) of the program, which are the same on all nodes.

    C(instances) are those of keepalived."""
    return {
        "requests": REQUESTS,
        "settings": {
            "nodes": {node["address"]: node["name"] for node in variables["haproxy_nodes"]},
            "vips": {
                item["name"]: [vip["address"].partition("/")[0] for vip in item.get("virtual_ipaddress", [])]
                for item in instances
            },
            "style": STYLE,
        },
    }


def find_problems(variables: Variables) -> Iterator[str]:
    """Find what keeps the page from being served, or from being reached."""
    if not is_served(variables):
        return
    if variables["haproxy_runtime"] == "container":
        yield (
            "haproxy_status_page_enabled is true and haproxy_runtime is container: HAProxy in a container does not see "
            "the program that makes the page; leave the page out, or run HAProxy from its package"
        )
    path, statistics = variables["haproxy_status_page_uri"], variables["haproxy_stats_uri"]
    if not path.startswith("/") or "?" in path:
        yield f"haproxy_status_page_uri is '{path}': a path is needed, such as /cluster"
    elif boolean(variables["haproxy_stats_enabled"]) and path.startswith(statistics):
        yield (
            f"haproxy_status_page_uri is '{path}' and haproxy_stats_uri '{statistics}': HAProxy answers every path "
            "that begins with the latter with its statistics; choose another path"
        )
    elif boolean(variables["haproxy_prometheus_enabled"]) and path == variables["haproxy_prometheus_uri"]:
        yield f"haproxy_status_page_uri and haproxy_prometheus_uri are both '{path}'; choose another path for one"
