# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules ahead of an inventory's lines: forged headers, limits, HTTPS, and the way to the program that answers an ACME
challenge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean

from ...module_utils._haproxy.shared_lines import NUL
from .._input import additions
from . import logs, maintenance, spoe
from .declared import Item, Variables
from .words import BANNED, EXEMPT, TRUSTED, WORKERS, match_sources

LIMITS = "client_limits"
ACME = "acme_challenges"
REQUESTS = "requests_in_flight"
CHALLENGES = "{ path_beg /.well-known/acme-challenge/ }"

HTTP_RULES = ("http-request", "redirect", "use_backend", "use-server")
"""Lines before which HAProxy wants to read an http-request rule that is to come first."""

CONTENT_RULES = ("tcp-request content", "use_backend", "use-server")
"""Lines before which HAProxy wants to read a rule about the content of a connection that is to come first."""

QUOTING = {ord(character): None for character in "\\\"'"}

AMBIGUOUS = (
    "{ req.fhdr(Content-Length) -m len gt 18 }",
    "HTTP_1.0 { req.fhdr(Transfer-Encoding) -m found }",
)
"""Ambiguous requests that HAProxy would forward: a length that overflows its counter (2^64 wraps round to 0, in 2.6 and
3.0), and a transfer coding in HTTP/1.0."""

PROTO = (
    "http-request set-header X-Forwarded-Proto %[ssl_fc,iif(https,http)] unless { req.hdr(X-Forwarded-Proto) -m found }"
)

ADDRESS = "src,ipmask(32,64)"
"""Key of one client. An IPv6 client has at least a /64 network."""


RESERVE = 5
"""One part in so many of the requests in flight is kept for clients who have few of them."""

NO_BODY = "hdr Retry-After 1"
"""A refusal with a header of its own has no body. An HTTP/2 client that takes no body (its window is 0) would keep
every refused request, with its buffer, in HAProxy's memory, where no limit counts it."""

FEW = 16
"""A client has few requests in flight while it has no more than one part in so many of those of all clients
together."""


def is_made(variables: Variables, name: str) -> bool:
    """Return whether the role makes one of its additions."""
    return additions.is_made("haproxy", variables, name)


@dataclass(frozen=True)
class InFlight:
    """Maximum number of requests in flight of all clients together, at the servers of these backends."""

    most: int
    backends: tuple[str, ...]


def insert_before(first: list[str], lines: list[str], words: tuple[str, ...]) -> list[str]:
    """The lines, and C(first) ahead of the first line that begins with one of the words, or with two of them, outside
    of every condition: a line of an C(.if) block only counts where its condition holds."""
    at, opened, depth = len(lines), 0, 0
    for number, line in enumerate(lines):
        word = read_keyword(line)
        if word == ".if":
            opened, depth = (opened if depth else number), depth + 1
        elif word == ".endif":
            depth -= 1
        elif " ".join([word, *line.split()[1:2]]).startswith(words) or "$" in word:
            at = opened if depth else number
            break
    return [*lines[:at], *first, *lines[at:]]


def read_keyword(line: str) -> str:
    """The first word of a line as HAProxy reads it, without quotation marks and backslashes."""
    word = next(iter(line.split()), "")
    return word.translate(QUOTING)


STATISTICS_CLIENT = 10
"""Connections that one client may have to the statistics. Those of the host itself are not counted."""


def build_lines(
    section: Item, mode: str, binds: list[str], variables: Variables, requests: InFlight, forwards_nul: bool
) -> list[str]:
    """All lines of a frontend or listen, its own among them. C(binds) are printed as HAProxy reads them,
    C(forwards_nul) says whether HAProxy can be one that does not refuse NUL in a header itself."""
    limits = variables["haproxy_client_limits"]
    layer = "session" if any("accept-proxy" in bind.split() for bind in binds) else "connection"
    found = [*spoe.build_filters(section, mode, variables), *section.get("lines", []), *_host_rules(section)]
    if mode != "http":
        found = insert_before(_reject_unanswered(section, variables), found, CONTENT_RULES)
    else:
        in_flight = _in_flight_limits(requests, list_shared_addresses(variables))
        found = insert_before(
            logs.list_captures(variables)
            + maintenance.build_rules(variables, CHALLENGES)
            + _http_limits(limits)
            + (in_flight if is_made(variables, "requests_in_flight") else [])
            + _header_rules(variables, forwards_nul)
            + _https_rules(section, variables)
            + _deny_unanswered(section, variables),
            found,
            HTTP_RULES,
        )
        if variables["haproxy_acme_servers"]:
            found = insert_before([f"use_backend {ACME} if {CHALLENGES}"], found, ("use_backend",))
    return _ban_networks(variables["haproxy_banned_networks"], layer) + _connection_limits(limits, layer) + found


def _host_rules(section: Item) -> list[str]:
    """Build a C(use_backend) line for each host name. The port in a Host header does not count."""
    return [f"use_backend {host['backend']} if {{ {_match_host(host['name'])} }}" for host in section.get("hosts", [])]


def _match_host(name: str) -> str:
    method, pattern = ("end", name[1:]) if name.startswith("*.") else ("str", name)
    return f"req.hdr(host),host_only -i -m {method} {pattern}"


def _header_rules(variables: Variables, forwards_nul: bool) -> list[str]:
    """Rules that leave of the client's headers only those that cannot be taken for ours."""
    trusted = variables["haproxy_trusted_proxies"]
    exception = f" unless {{ {match_sources({TRUSTED: trusted})} }}" if trusted else ""
    ambiguous = (*([NUL] if forwards_nul else []), *AMBIGUOUS) if is_made(variables, "ambiguous_requests") else ()
    return [
        *(f"http-request deny deny_status 400 if {condition}" for condition in ambiguous),
        *(f"http-request del-header {_header_match(name)}{exception}" for name in variables["haproxy_removed_headers"]),
        *([PROTO] if is_made(variables, "headers") else []),
    ]


def _header_match(name: str) -> str:
    return f"{name[:-1]} -m beg" if name.endswith("*") else name


def _https_rules(section: Item, variables: Variables) -> list[str]:
    """Rules that send clients to HTTPS and have them remember it."""
    if not boolean(section.get("https_only", False)):
        return []
    exception = f" or {CHALLENGES}" if variables["haproxy_acme_servers"] else ""
    age = variables["haproxy_hsts_max_age"]
    return [
        f"http-request redirect scheme https code 301 unless {{ ssl_fc }}{exception}",
        *(
            [f"http-after-response set-header Strict-Transport-Security max-age={age} if {{ ssl_fc }}"]
            if int(age)
            else []
        ),
    ]


def _deny_unanswered(section: Item, variables: Variables) -> list[str]:
    """Rules that refuse requests of which an agent says nothing."""
    return [
        f"http-request deny deny_status {status} {NO_BODY} if {condition}"
        for condition, status in spoe.list_unanswered(section, variables)
    ]


def _reject_unanswered(section: Item, variables: Variables) -> list[str]:
    """Rules that close connections of which an agent says nothing."""
    return [
        f"tcp-request content reject if {condition}" for condition, _status in spoe.list_unanswered(section, variables)
    ]


def _ban_networks(networks: list[str], layer: str) -> list[str]:
    """Rules that close the connections of clients who are not wanted."""
    return [f"tcp-request {layer} reject if {{ {match_sources({BANNED: networks})} }}"] if networks else []


def _connection_limits(limits: dict[str, Any], layer: str) -> list[str]:
    """Rules at the earliest moment at which HAProxy knows the client's address."""
    if not limits:
        return []
    exception = f" unless {{ {match_sources({EXEMPT: limits['exempt']})} }}" if limits["exempt"] else ""
    counters = {"connections": "sc2_conn_cur", "new_connections": "sc2_conn_rate"}
    return [
        f"tcp-request {layer} track-sc2 {ADDRESS} table {LIMITS}{exception}",
        *(f"tcp-request {layer} reject if {{ {counters[key]} gt {limits[key]} }}" for key in counters if key in limits),
    ]


def _http_limits(limits: dict[str, Any]) -> list[str]:
    return (
        [f"http-request deny deny_status 429 {NO_BODY} if {{ sc2_http_req_rate gt {limits['requests']} }}"]
        if "requests" in limits
        else []
    )


def list_shared_addresses(variables: Variables) -> dict[str, list[str]]:
    """Addresses behind which there are several clients, by the files for long lists of them."""
    return {
        TRUSTED: variables["haproxy_trusted_proxies"],
        EXEMPT: variables["haproxy_client_limits"].get("exempt", []),
    }


def list_networks(variables: Variables) -> dict[str, list[str]]:
    """All networks that rules name, by the files for long lists of them."""
    return {
        **list_shared_addresses(variables),
        BANNED: variables["haproxy_banned_networks"],
        WORKERS: variables["haproxy_maintenance"].get("allowed", []),
    }


def _in_flight_limits(requests: InFlight, several: dict[str, list[str]]) -> list[str]:
    """Rules against HTTP/2 clients, who can have 100 requests in flight on a connection, each with a connection to a
    server and a buffer.

    Who has many of them is denied first, so that others are served. An entry of the table is a client, and every
    request refers to it until it ends, also one that never gets to a server; sc2_trackers is the number of
    references."""
    if not requests.backends:
        return []
    total = "var(txn.requests_in_flight)"
    first, *others = requests.backends
    exception = f" !{{ {match_sources(several)} }}" if any(several.values()) else ""
    nearly = requests.most - requests.most // RESERVE

    def has_more_than(number: int) -> str:
        return f"{{ fc_http_major ge 2 }} {{ sc2_trackers gt {number} }}{exception}"

    refuse = f"http-request deny deny_status 503 {NO_BODY} if"
    return [
        f"http-request track-sc2 {ADDRESS} table {REQUESTS}",
        f"http-request set-var(txn.requests_in_flight) be_conn({first})",
        *(
            f"http-request set-var(txn.requests_in_flight) be_conn({name}),add(txn.requests_in_flight)"
            for name in others
        ),
        f"{refuse} {{ {total} -m int ge {requests.most} }}",
        f"{refuse} {{ {total} -m int ge {nearly} }} {has_more_than(max(requests.most // FEW, 1))}",
        f"{refuse} {has_more_than(nearly)}",
    ]


def build_statistics_rules(allowed: list[str]) -> list[str]:
    """Lines that let only clients of these networks connect to the statistics, or all if there is none, and that keep
    one client from taking all connections."""
    return [
        *([f"tcp-request connection reject unless {{ src {' '.join(allowed)} }}"] if allowed else []),
        "stick-table type ipv6 size 1k expire 1m store conn_cur",
        f"tcp-request connection track-sc2 {ADDRESS} unless {{ src 127.0.0.0/8 ::1 }}",
        f"tcp-request connection reject if {{ sc2_conn_cur gt {STATISTICS_CLIENT} }}",
    ]


def client_table(limits: dict[str, Any]) -> str:
    """The stick table in which clients are counted."""
    period = limits["period"]
    return f"stick-table type ipv6 size 100k expire {period} store conn_cur,conn_rate({period}),http_req_rate({period})"
