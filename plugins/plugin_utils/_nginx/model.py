# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""nginx's configuration as lines.

The declaration has the role's variables without their prefix; settings, sites and upstreams have their defaults
already. What has to be a text may be a number, because Ansible does not convert what an inventory says, such as
C(listens: [80]).
"""

from __future__ import annotations

import re
from typing import Any

from ...module_utils._address import bracket
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


REPEATABLE = {
    "access_log",
    "env",
    "error_log",
    "include",
    "load_module",
    "set_real_ip_from",
    "ssl_certificate",
    "ssl_certificate_key",
}
"""Directives that may stand several times in a context."""

REWRITES = re.compile(r"\b(if|include|return|rewrite)\b")
"""Directives that answer a request, or change its path, before a location does, and what may have them."""

SWITCH = re.compile(r"\s*(ssl|ssl_reject_handshake|ssl_verify_client)\s+(\S+?)\s*;")
CLOSED = {"ssl_reject_handshake", "ssl_verify_client"}
"""Directives with which only clients with a certificate, or none, get an answer by TLS."""


def build_blocks(declared: dict[str, Any]) -> dict[str, list[Any]]:
    """What the templates print: lines of each context, the upstreams and the sites."""
    profile, logs, lines = declared["tls_profile"], declared["access_logs"], declared["http_lines"]
    tls_settings = tls.nginx(profile, declared["newer_curves"]) if profile else {}
    mime_types = declared["mime_types"] and not any("mime.types" in line for line in lines)
    return {
        "main": [*_settings_besides(declared["main_settings"], declared["main_lines"]), *declared["main_lines"]],
        "events": [
            *_settings_besides(declared["events_settings"], declared["events_lines"]),
            *declared["events_lines"],
        ],
        "http": [
            *(["include mime.types;"] if mime_types else []),
            *_settings_besides({**tls_settings, **declared["http_settings"]}, lines),
            *map(_log_format, [*declared["log_formats"], *_own_log_formats(declared)]),
            *list_settings({"access_log": None if logs is None else logs or False}),
            *_settings_besides(_real_ip(declared), lines),
            *lines,
        ],
        "upstreams": [_upstream(upstream) for upstream in declared["upstreams"]],
        "sites": [_site(site, declared) for site in declared["sites"]],
    }


def _settings_besides(directives: dict[str, Any], lines: list[str]) -> list[str]:
    """Settings as lines, without those that the inventory writes in its lines: nginx refuses most directives that stand
    twice."""
    written = list_directives(lines) - REPEATABLE
    return list_settings({word: value for word, value in directives.items() if word not in written})


def list_directives(lines: list[str]) -> set[str]:
    """The directives of these lines, and the words of blocks that they begin."""
    return {re.split(r"[\s;{]", line.strip(), maxsplit=1)[0] for line in lines}


def find_health_url(declared: dict[str, Any]) -> str:
    """Where nginx says on its own host that it is well; empty if no site can be asked by plain HTTP or HTTPS.

    The request names no site, so that the default one of the address and port answers it."""
    path = declared["health_location"]
    for place, words, site in _default_sites(declared["sites"]) if path else ():
        switches = _find_switches(site, declared)
        secure = "ssl" in words or "ssl" in switches
        if not switches & CLOSED if secure else "http2" not in words:
            host, _colon, port = place.rpartition(":")
            host = {"*": "127.0.0.1", "[::]": "[::1]"}.get(host, host)
            return f"{'https' if secure else 'http'}://{host}:{port}{path}"
    return ""


def _find_switches(site: Item, declared: dict[str, Any]) -> set[str]:
    """The directives that are on in a site, its own or those of the context http."""
    lines = [*list_settings(declared["http_settings"]), *declared["http_lines"], *site["lines"]]
    found = {match[1]: match[2] for match in map(SWITCH.match, map(str, lines)) if match}
    return {word for word, value in found.items() if value == "on"}


def _default_sites(sites: list[Item]) -> list[tuple[str, list[str], Item]]:
    """Address and port, the words of the listen directive, and the site that answers there where none is named."""
    found: dict[str, tuple[str, list[str], Item]] = {}
    for site in sites:
        for listen in map(str, site["listens"]):
            words = listen.split()
            if listen.startswith("unix:") or {"quic", "proxy_protocol"}.intersection(words):
                continue
            place = normalize_listen(words[0])
            if place not in found or {"default_server", "default"}.intersection(words[1:]):
                found[place] = (place, words, site)
    return list(found.values())


def exempt_request(condition: str, lines: list[str]) -> list[str]:
    """The lines that keep a request from what rewrites or answers requests before a location does, among the lines of a
    site; none where nothing does."""
    return [f"if ({condition}) {{ break; }}"] if any(REWRITES.search(str(line)) for line in lines) else []


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


def _real_ip(declared: dict[str, Any]) -> dict[str, Any]:
    """The directives for proxies that are trusted, without those that the settings have."""
    if not (trusted := declared["trusted_proxies"]):
        return {}
    own = {"real_ip_header": "X-Forwarded-For", "real_ip_recursive": True, "set_real_ip_from": trusted}
    return {word: value for word, value in own.items() if word not in declared["http_settings"]}


def _own_log_formats(declared: dict[str, Any]) -> list[Item]:
    """The role's format, if a log has it and the inventory has none of its name."""
    logs = [log for item in (declared, *declared["sites"]) for log in item.get("access_logs") or []]
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
    address = bracket(str(item["address"]))
    port = f":{item['port']}" if item.get("port") else ""
    return " ".join([f"{address}{port}", *map(str, item.get("options", options))])


def _site(site: Item, declared: dict[str, Any]) -> Item:
    """The site with C(root) and C(settings), and with the location of its redirect."""
    certificate = site["certificate"]
    found = site_root(site, declared)
    directives = {
        "root": found or None,
        "index": " ".join(filter(None, [site["index"], "/evenkeel_demo_page.html" if declared["demo_page"] else ""]))
        or None,
        "ssl_certificate": certificate or None,
        "ssl_certificate_key": (site["certificate_key"] or certificate) if certificate else None,
    }
    if "access_logs" in site:
        directives["access_log"] = site["access_logs"] or False
    health = declared["health_location"]
    exempt = exempt_request(f"$uri = {health}", site["lines"]) if health else []
    redirect = [{"path": "/", "lines": [f"return 301 {site['redirect']}$request_uri;"]}] if site["redirect"] else []
    return {
        **site,
        "root": found,
        "settings": [*_settings_besides(directives, site["lines"]), *exempt],
        "locations": [*site["locations"], *redirect],
    }


def site_root(site: Item, declared: dict[str, Any]) -> str:
    """Where the site's files are: its name below the web root unless it says another place; in plain mode empty."""
    default = f"{declared['web_root']}/{site['name']}" if declared["web_root"] else ""
    return str(site.get("root", default))


def _quote(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def normalize_listen(listen: str) -> str:
    """Address and port of a listen directive in one spelling."""
    words = listen.split() or [""]
    place = words[0]
    if place.isdigit():
        place = f"*:{place}"
    elif not place.startswith("unix:") and not re.search(r":\d+$", place.rpartition("]")[2]):
        place = f"{place}:80"
    return re.sub(r"^0\.0\.0\.0:", "*:", place) + ("/quic" if "quic" in words else "")
