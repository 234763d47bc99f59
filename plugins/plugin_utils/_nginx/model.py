# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""nginx's configuration as lines.

The declaration has the role's variables without their prefix; settings, sites and upstreams have their defaults
already. What has to be a text may be a number, because Ansible does not convert what an inventory says, such as
C(listens: [80]).
"""

from __future__ import annotations

import ipaddress
import re
from typing import Any

from .._input import tls

JSON = {
    "name": "json",
    "escape": "json",
    "format": (
        '{"time":$msec,"client":"$remote_addr","method":"$request_method","uri":"$request_uri",'
        '"version":"$server_protocol","host":"$http_host","user_agent":"$http_user_agent","status":$status,'
        '"bytes":$bytes_sent,"request_bytes":$request_length,"total_s":$request_time,'
        '"upstream":"$upstream_addr","upstream_s":"$upstream_response_time","tls":"$ssl_protocol"}'
    ),
}
"""The log format of this name, unless an inventory has its own."""

Item = dict[str, Any]
"""A site, an upstream or another item of a variable, with its defaults."""


def build_blocks(declared: dict[str, Any]) -> dict[str, list[Any]]:
    """Build what the templates print: lines of each context, the upstreams and the sites."""
    logs = {"access_log": declared["access_logs"] or False}
    return {
        "main": list_settings(declared["main_settings"]) + declared["main_lines"],
        "events": list_settings(declared["events_settings"]) + declared["events_lines"],
        "http": [
            *list_settings(
                {**tls.nginx(declared["tls_profile"], declared["newer_curves"]), **declared["http_settings"]}
            ),
            *map(_log_format, [*declared["log_formats"], *_own_log_formats(declared)]),
            *list_settings(logs),
            *list_settings(_real_ip(declared["trusted_proxies"])),
            *declared["http_lines"],
        ],
        "upstreams": [_upstream(upstream) for upstream in declared["upstreams"]],
        "sites": [_site(site, declared["web_root"]) for site in declared["sites"]],
    }


def find_health_url(sites: list[Item], health_location: str) -> str:
    """Find the URL of the health location on the host itself; empty if no site can be asked by plain HTTP or HTTPS."""
    for listen in (str(listen) for site in sites for listen in site["listens"]):
        words = listen.split()
        if health_location and not listen.startswith("unix:") and not {"quic", "proxy_protocol"}.intersection(words):
            host, _colon, port = normalize_listen(words[0]).rpartition(":")
            host = {"*": "127.0.0.1", "[::]": "[::1]"}.get(host, host)
            return f"{'https' if 'ssl' in words else 'http'}://{host}:{port}{health_location}"
    return ""


def list_settings(directives: dict[str, Any]) -> list[str]:
    """Directives as lines: a boolean is on or off, of a list every item is a line, and what is null is left out."""
    lines = []
    for word, value in directives.items():
        for item in value if isinstance(value, list) else [value]:
            if item is not None:
                lines.append(f"{word} {_switch(item)};")
    return lines


def _switch(value: Any) -> str:
    return ("on" if value else "off") if isinstance(value, bool) else str(value)


def _real_ip(trusted: list[str]) -> dict[str, Any]:
    return (
        {"real_ip_header": "X-Forwarded-For", "real_ip_recursive": True, "set_real_ip_from": trusted} if trusted else {}
    )


def _own_log_formats(declared: dict[str, Any]) -> list[Item]:
    """The role's format, if a log has it and the inventory has none of its name."""
    logs = [log for item in (declared, *declared["sites"]) for log in item.get("access_logs", [])]
    is_used = any(log.split()[1:2] == [JSON["name"]] for log in logs)
    return [JSON] if is_used and JSON["name"] not in {item["name"] for item in declared["log_formats"]} else []


def _log_format(item: Item) -> str:
    """The format as a line. Its text is taken as it is, whatever it has of quotation marks."""
    escape = f"escape={item['escape']} " if item.get("escape") else ""
    return f"log_format {item['name']} {escape}{_quote(str(item['format']))};"


def _upstream(upstream: Item) -> Item:
    """The upstream with every server as the arguments of its line."""
    return {**upstream, "servers": [server(item, upstream["server_options"]) for item in upstream["servers"]]}


def server(item: Item, options: list[str]) -> str:
    """The arguments of a server's line; C(options) are those of one that has none of its own."""
    address = f"[{item['address']}]" if _is_ipv6(str(item["address"])) else item["address"]
    port = f":{item['port']}" if item.get("port") else ""
    return " ".join([f"{address}{port}", *map(str, item.get("options", options))])


def _site(site: Item, web_root: str) -> Item:
    """The site with C(root) and C(settings), and with the location of its redirect."""
    certificate = site["certificate"]
    directives = {
        "ssl_certificate": certificate or None,
        "ssl_certificate_key": (site["certificate_key"] or certificate) if certificate else None,
    }
    if "access_logs" in site:
        directives["access_log"] = site["access_logs"] or False
    redirect = [{"path": "/", "lines": [f"return 301 {site['redirect']}$request_uri;"]}] if site["redirect"] else []
    return {
        **site,
        "root": site_root(site, web_root),
        "settings": list_settings(directives),
        "locations": [*site["locations"], *redirect],
    }


def site_root(site: Item, web_root: str) -> str:
    """Return the directory of the site's files: its name below C(web_root) unless it says another place."""
    found: str = site.get("root", f"{web_root}/{site['name']}")
    return found


def _quote(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _is_ipv6(text: str) -> bool:
    try:
        return ipaddress.ip_address(text).version == 6
    except ValueError:
        return False


def normalize_listen(listen: str) -> str:
    """Address and port of a listen directive in one spelling."""
    words = listen.split() or [""]
    place = words[0]
    if place.isdigit():
        place = f"*:{place}"
    elif not place.startswith("unix:") and not re.search(r":\d+$", place.rpartition("]")[2]):
        place = f"{place}:80"
    return re.sub(r"^0\.0\.0\.0:", "*:", place) + ("/quic" if "quic" in words else "")
