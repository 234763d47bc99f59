# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Virtual servers of the kernel (IPVS) and their real servers: what is wrong with them, and the lines of their
blocks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...module_utils._address import canonical, is_address, version_of
from .._input.rules import find_repeated, refuse_no_address

Item = dict[str, Any]

CHECKS = {"http": "HTTP_GET", "https": "SSL_GET", "tcp": "TCP_CHECK", "misc": "MISC_CHECK"}
SAME_PORT = ("DR", "TUN")
"""Methods that leave a packet's port as it is."""

VARIABLE = "keepalived_virtual_servers"
SETTINGS = ("delay_loop", "persistence_timeout", "quorum", "quorum_up", "quorum_down")


def problems(items: list[Item]) -> list[str]:
    """One line for everything that keepalived would change, or the kernel refuse."""
    found = find_repeated(VARIABLE, "virtual server", [_name(item) for item in items])
    for item in items:
        where = f"{VARIABLE}: {_name(item)}"
        found += [f"{where}: {problem}" for problem in [*_place(item), *_real_servers(item), *_checks(item)]]
    return found


def build(items: list[Item]) -> list[Item]:
    """What the template prints: name, lines and real servers of each block."""
    return [
        {
            "name": _place_name(item),
            "lines": [
                f"lvs_sched {item['scheduler']}",
                f"lvs_method {item['method']}",
                *([] if item.get("fwmark") else [f"protocol {item['protocol']}"]),
                *(f"{word} {item[word]}" for word in SETTINGS if item.get(word) is not None),
                *_sorry_server(item),
                *item["lines"],
            ],
            "real_servers": [
                {"name": f"{real['address']} {_port(real, item)}", "lines": _real_lines(real)}
                for real in item["real_servers"]
            ],
        }
        for item in items
    ]


def _name(item: Item) -> str:
    """The virtual server as messages name it."""
    if item.get("fwmark"):
        return f"fwmark {item['fwmark']}"
    address = canonical(str(item["address"])) if item.get("address") else "one without address"
    return f"{address} port {item.get('port', 'missing')} {item['protocol']}"


def _place_name(item: Item) -> str:
    return f"fwmark {item['fwmark']}" if item.get("fwmark") else f"{item['address']} {item['port']}"


def _port(real: Item, item: Item) -> int:
    return int(real.get("port") or item.get("port") or 0)


def _place(item: Item) -> Iterator[str]:
    if bool(item.get("fwmark")) == bool(item.get("address")):
        yield "either address and port, or fwmark, has to be set"
    elif item.get("address"):
        yield from refuse_no_address("address", item["address"])
        if item.get("port") is None:
            yield "port is missing: name one, or 0 for all ports together with persistence_timeout"
        elif not int(item["port"]) and not item.get("persistence_timeout"):
            yield "port is 0, which stands for all ports and needs persistence_timeout"
    for where, port in [
        ("port", item.get("port")),
        *((f"port of {r['address']}", r.get("port")) for r in item["real_servers"]),
    ]:
        if port is not None and not 0 <= int(port) <= 65535:
            yield f"{where} is {port}: allowed are 0-65535"


def _real_servers(item: Item) -> Iterator[str]:
    servers = item["real_servers"]
    if not servers and not item.get("sorry_server"):
        yield "real_servers is empty: name at least one, or check that the inventory group has hosts"
    places = [f"{canonical(str(real['address']))} port {_port(real, item)}" for real in servers]
    yield from find_repeated("real_servers", "server", places)
    for real in [*servers, *([item["sorry_server"]] if item.get("sorry_server") else [])]:
        where = f"the real server {real['address']}"
        yield from refuse_no_address(where, real["address"])
        mixed = item.get("address") and is_address(real["address"]) and is_address(item["address"])
        if mixed and version_of(real["address"]) != version_of(item["address"]) and item["method"] != "TUN":
            yield (
                f"{where} has another IP version than {item['address']}, which the method {item['method']} cannot "
                "pass on: use TUN, or an address of that version"
            )
        if item["method"] in SAME_PORT and item.get("address") and _port(real, item) != int(item.get("port") or 0):
            yield (
                f"{where} has port {real['port']}, and the method {item['method']} passes packets on to port "
                f"{item['port']}: leave the port out, or use method NAT"
            )
    weights = sum(int(real["weight"]) for real in servers)
    if item.get("quorum") and servers and int(item["quorum"]) > weights:
        yield (
            f"quorum is {item['quorum']} and the weights of all real servers add up to {weights}, so it cannot be "
            "reached: lower it"
        )


def _checks(item: Item) -> Iterator[str]:
    for real in item["real_servers"]:
        check, where = real["check"], f"check of {real['address']}"
        if not 100 <= int(check.get("status", 200)) <= 599:
            yield f"{where}: status is {check['status']}: allowed are 100-599"
        if check["type"] in ("http", "https") and not str(check.get("path", "/")).startswith("/"):
            yield f"{where}: path is '{check['path']}': an absolute path is needed, such as /healthz"
        if check["type"] == "misc" and not str(check.get("script", "")).startswith("/"):
            yield f"{where}: script is '{check.get('script', '')}': a command with an absolute path is needed"


def _sorry_server(item: Item) -> list[str]:
    server = item.get("sorry_server")
    return [f"sorry_server {server['address']} {_port(server, item)}"] if server else []


def _real_lines(real: Item) -> list[str]:
    notices = [f"{word} {real[word]}" for word in ("notify_up", "notify_down") if real.get(word)]
    inhibit = ["inhibit_on_failure"] if real["inhibit_on_failure"] else []
    return [f"weight {real['weight']}", *inhibit, *notices, *_check_lines(real["check"]), *real["lines"]]


def _check_lines(check: Item) -> list[str]:
    """The block of a check; nothing for a server that is always good."""
    kind = str(check["type"])
    if kind == "none":
        return []
    inner = []
    if kind in ("http", "https"):
        host = [f"    virtualhost {check['host']}"] if check.get("host") else []
        inner += [
            "url {",
            f"    path {check.get('path', '/')}",
            f"    status_code {check.get('status', 200)}",
            *host,
            "}",
        ]
    if kind == "misc":
        inner += [f'misc_path "{check["script"]}"']
    names = {"port": "connect_port", "timeout": "misc_timeout" if kind == "misc" else "connect_timeout"}
    words = ("timeout", "retry", "delay_before_retry", *(("port",) if kind != "misc" else ()))
    inner += [f"{names.get(word, word)} {check[word]}" for word in words if check.get(word) is not None]
    return [f"{CHECKS[kind]} {{", *(f"    {line}" for line in inner), "}"]
