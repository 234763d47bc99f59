# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Servers by which a load balancer can tell within a moment that it is cut off."""

from __future__ import annotations

from typing import Any

from ...module_utils._address import bracket, is_address


def reach_urls(sections: list[dict[str, Any]], most: int = 3) -> list[dict[str, str]]:
    """C(name) and C(url) of some servers of these backends, as O(keepalived_yield_urls) wants them, each host once, at
    most so many.

    Only servers whose health is asked by HTTP are chosen, and asked where that is: others write a line for a connection
    that says nothing, or ban its client. Names of hosts are left out, which somebody would have to resolve, and so are
    sockets."""
    found: dict[str, int | str] = {}
    for section in filter(_is_asked_by_http, sections):
        for server in section.get("servers", []):
            ip, port = _find_checked_place(section, server)
            if port and is_address(ip):
                found.setdefault(ip, port)
    return [_make_check(ip, port) for ip, port in found.items()][:most]


def _is_asked_by_http(section: dict[str, Any]) -> bool:
    check = section.get("health_check")
    return check is not None and check.get("type") in (None, "http")


def _find_checked_place(section: dict[str, Any], server: dict[str, Any]) -> tuple[str, int | str]:
    """The address and port that HAProxy's health check asks, which its options can name."""
    options = {**(section.get("server_options") or {}), **(server.get("options") or {})}
    port = options.get("port") or server.get("port") or section.get("port") or ""
    return str(options.get("addr") or server.get("address")), port


def _make_check(ip: str, port: int | str) -> dict[str, str]:
    return {"name": f"reaches_{ip}_{port}", "url": f"tcp://{bracket(ip)}:{port}"}
