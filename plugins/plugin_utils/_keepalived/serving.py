# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What clients would miss if another node answered them; both nodes as the module haproxy_info describes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def find_unserved(holder: Mapping[str, Any], node: Mapping[str, Any]) -> list[str]:
    """Name everything that the holder serves and the node does not. Where the holder's HAProxy does not run, that is
    nothing."""
    if not holder.get("running"):
        return []
    if not node.get("running"):
        return ["anything, because haproxy does not run there"]
    return list(_compare(holder, node))


def _compare(holder: Mapping[str, Any], node: Mapping[str, Any]) -> Iterator[str]:
    certificates = _list_certificates(node)
    for file in sorted(_list_certificates(holder) - certificates):
        yield f"the certificate {file}"
    frontends = _list_frontends(node)
    for name in sorted(_list_frontends(holder) - frontends):
        yield f"the frontend {name}"
    backends = _list_backends(node)
    for name in sorted(_list_backends(holder) - backends):
        yield f"the backend {name}, which has no server in rotation there"


def _list_certificates(node: Mapping[str, Any]) -> set[str]:
    """The files of certificates that have not expired."""
    return {item["file"] for item in node["certificates"] if item["expires"] and item["days_left"] >= 0}


def _list_frontends(node: Mapping[str, Any]) -> set[str]:
    return {item["name"] for item in node["frontends"] if item["status"] in ("OPEN", "FULL")}


def _list_backends(node: Mapping[str, Any]) -> set[str]:
    return {item["name"] for item in node["backends"] if item["up"]}
