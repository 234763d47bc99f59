# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Destinations and format of HAProxy's log.

Reports (notice and above) and access lines (info) have targets of their own, so that no number of requests keeps
reports from the journal. The log daemon of the role takes the access lines from a socket in HAProxy's chroot."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean

from .._input.rules import find_repeated
from .declared import Item, Variables

SOCKET = "log/access"
"""The log daemon's socket, relative to HAProxy's chroot."""

PACKAGE_CHROOT = "/var/lib/haproxy"
"""The package's chroot, below which the socket is where HAProxy has none."""

LENGTH = 16384
"""Longest line. A URI has up to 1,024 characters, each of which can take six in JSON."""

COMPANIONS = ("haproxy-access-log.socket", "haproxy-access-log.service")
"""The socket comes first: without it, the service would have to be started again."""

PACKAGES = ("rsyslog", "logrotate")
TLS_PACKAGE = "rsyslog-gnutls"

CAPTURES = {"log_host": "req.hdr(host),bytes(0,256)", "log_user_agent": "req.hdr(user-agent),bytes(0,256)"}
"""Variables of a request that are gone when its line is written."""

_CONNECTION = (
    '"time":%Ts.%ms,"client":"%ci","client_port":%cp,"frontend":"%f","backend":"%b","server":"%s",'
    '"termination":"%tsc","retries":"%rc","queue_ms":%Tw,"connect_ms":%Tc,'
)
JSON = {
    "http": (
        f'{{{_CONNECTION}"request_ms":%TR,"response_ms":%Tr,"total_ms":%Ta,"bytes":%B,"status":%ST,'
        '"method":"%[capture.req.method,json(utf8s)]","uri":"%[capture.req.uri,json(utf8s)]","version":"%HV",'
        '"host":"%[var(txn.log_host),json(utf8s)]","user_agent":"%[var(txn.log_user_agent),json(utf8s)]",'
        '"tls":"%sslv"}'
    ),
    "tcp": f'{{{_CONNECTION}"total_ms":%Tt,"bytes":%B,"tls":"%sslv"}}',
}
"""One JSON object a line, by mode. What a client can choose goes through the converter json()."""

_SIZE = re.compile(r"[1-9]\d*[kmg]")
_UNQUOTED = re.compile(r'["\\]')


def is_json(variables: Variables) -> bool:
    """Return whether access lines are JSON objects."""
    return bool(variables["haproxy_access_log_format"] == "json")


def has_daemon(variables: Variables) -> bool:
    """Return whether lines go to the log daemon of the role."""
    return "file" in variables["haproxy_access_log"] or bool(variables["haproxy_log_servers"])


def build_logs(variables: Variables) -> dict[str, Any]:
    """Return C(targets), the C(log) lines of the global section; C(unlimited), whether the journal has to take all
    lines; C(daemon), whether the log daemon runs, with its C(packages), C(root) and C(socket), C(file) and C(servers);
    and C(length), that of the longest line."""
    places, servers = variables["haproxy_access_log"], variables["haproxy_log_servers"]
    root = variables["haproxy_chroot"]
    secure = any(server["protocol"] == "tls" for server in map(_server, servers))
    return {
        "targets": [
            *variables["haproxy_log"],
            *([f"/dev/log len {LENGTH} local0 info info"] if "journal" in places else []),
            *([f"{'' if root else PACKAGE_CHROOT}/{SOCKET} len {LENGTH} local0 info"] if has_daemon(variables) else []),
        ],
        "root": root or PACKAGE_CHROOT,
        "socket": SOCKET,
        "length": LENGTH,
        "unlimited": "journal" in places,
        "daemon": has_daemon(variables),
        "packages": [*(PACKAGES if has_daemon(variables) else []), *([TLS_PACKAGE] if secure else [])],
        "file": "file" in places,
        "servers": [_server(server) for server in servers],
    }


def _server(server: Item) -> Item:
    """Return the server with its defaults and the words of rsyslog."""
    found = {"port": 514, "protocol": "udp", "format": "rfc5424", "level": "info", "ca_file": "", "name": "", **server}
    return {
        **found,
        "transport": "udp" if found["protocol"] == "udp" else "tcp",
        "framing": "octet-counted" if found["format"] == "rfc5424" else "traditional",
        "template": "RSYSLOG_SyslogProtocol23Format"
        if found["format"] == "rfc5424"
        else "RSYSLOG_TraditionalForwardFormat",
        "severity": {"info": 6, "notice": 5}[found["level"]],
        "authentication": "x509/name" if found["name"] else "x509/certvalid",
    }


def list_options(mode: str, variables: Variables) -> dict[str, bool]:
    """Return the C(option) lines of the defaults of a mode that the log needs, by their names."""
    errors_only = boolean(variables["haproxy_access_log_errors_only"])
    return {
        **({"dontlog-normal": True} if errors_only else {}),
        **({f"{mode}log": False} if is_json(variables) else {}),
    }


def list_lines(mode: str, variables: Variables) -> list[str]:
    """Return further lines of the defaults of a mode."""
    return [f"log-format '{JSON[mode]}'"] if is_json(variables) else []


def list_captures(variables: Variables) -> list[str]:
    """Return the rules that keep what a line needs of a request."""
    if not is_json(variables):
        return []
    return [f"http-request set-var(txn.{name}) {expression}" for name, expression in CAPTURES.items()]


def problems(variables: Variables) -> Iterator[str]:
    """One line for every value that the log daemon would refuse, or that would leave it without an output."""
    size = variables["haproxy_access_log_file_size"]
    if not _SIZE.fullmatch(str(size)):
        yield f"haproxy_access_log_file_size is '{size}': write a number with one of the units k, m and g, such as 256m"
    if not 1 <= int(variables["haproxy_access_log_files"]) <= 1000:
        yield f"haproxy_access_log_files is {variables['haproxy_access_log_files']}, which is outside 1-1000"
    places = variables["haproxy_access_log"]
    yield from find_repeated("haproxy_access_log", "place", places)
    servers = [_server(server) for server in variables["haproxy_log_servers"]]
    addresses = [f"{server['address']}:{server['port']}" for server in servers]
    yield from find_repeated("haproxy_log_servers", "address", addresses)
    for server in servers:
        where = f"haproxy_log_servers: {server['address']}"
        if not 1 <= int(server["port"]) <= 65535:
            yield f"{where} has port {server['port']}, which is outside 1-65535"
        if server["protocol"] == "tls" and not str(server["ca_file"]).startswith("/"):
            yield f"{where} has protocol tls and no ca_file; name a file on the host with the authority's certificate"
        if server["protocol"] != "tls" and (server["ca_file"] or server["name"]):
            yield f"{where} has ca_file or name, which only protocol tls uses; set protocol: tls"
        for key in ("address", "ca_file", "name"):
            if _UNQUOTED.search(str(server[key])):
                yield f"{where}: {key} has a double quote or a backslash, which rsyslog would not read as text"
