# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find misspelt keys among those that are HAProxy's own words.

A word that is like none of these is left to HAProxy: a newer one may have it."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Any

from .declared import Sections, Variables
from .times import list_server_options

SIMILAR = 0.8
"""Similarity from which a word is taken for a misspelt one, 0-1."""

TIMEOUTS = (
    *("check", "client", "client-fin", "client-hs", "connect", "handshake", "http-keep-alive", "http-request"),
    *("queue", "server", "server-fin", "tarpit", "tunnel"),
)
OPTIONS = (
    *("abortonclose", "accept-invalid-http-request", "accept-invalid-http-response"),
    *("accept-unsafe-violations-in-http-request", "accept-unsafe-violations-in-http-response", "allbackups"),
    *("checkcache", "clitcpka", "contstats", "disable-h2-upgrade", "dontlog-normal", "dontlognull", "external-check"),
    *("forwarded", "forwardfor", "h1-case-adjust-bogus-client", "h1-case-adjust-bogus-server", "http-buffer-request"),
    *("http-drop-request-trailers", "http-drop-response-trailers", "http-ignore-probes", "http-keep-alive"),
    *("http-no-delay", "http-pretend-keepalive", "http-restrict-req-hdr-names", "http-server-close"),
    *("http-use-proxy-header", "httpchk", "httpclose", "httplog", "httpslog", "idle-close-on-response"),
    *("independent-streams", "ldap-check", "log-health-checks", "log-separate-errors", "logasap", "mysql-check"),
    *("nolinger", "originalto", "persist", "pgsql-check", "prefer-last-server", "redis-check", "redispatch"),
    *("smtpchk", "socket-stats", "spop-check", "splice-auto", "splice-request", "splice-response", "srvtcpka"),
    *("ssl-hello-chk", "tcp-check", "tcp-smart-accept", "tcp-smart-connect", "tcpka", "tcplog", "transparent"),
    *("use-small-buffers",),
)
OF_SERVERS = (
    *("addr", "agent-addr", "agent-check", "agent-inter", "agent-port", "agent-send", "allow-0rtt", "alpn", "backup"),
    *("ca-file", "check", "check-alpn", "check-pool-conn-name", "check-proto", "check-reuse-pool"),
    *("check-send-proxy", "check-sni", "check-sni-auto", "check-ssl", "check-via-socks4", "ciphers", "ciphersuites"),
    *("client-sigalgs", "cookie", "crl-file", "crt", "curves", "disabled", "downinter", "ech", "enabled"),
    *("error-limit", "fall", "fastinter", "force-sslv3", "force-tlsv10", "force-tlsv11", "force-tlsv12"),
    *("force-tlsv13", "guid", "hash-key", "id", "idle-ping", "init-addr", "init-state", "inter", "ktls"),
    *("log-bufsize", "log-proto", "max-reuse", "maxconn", "maxqueue", "minconn", "namespace", "no-agent-check"),
    *("no-backup", "no-check", "no-check-reuse-pool", "no-check-send-proxy", "no-check-sni-auto", "no-check-ssl"),
    *("no-send-proxy", "no-send-proxy-v2", "no-send-proxy-v2-ssl", "no-send-proxy-v2-ssl-cn", "no-sni-auto"),
    *("no-ssl", "no-ssl-reuse", "no-sslv3", "no-tfo", "no-tls-tickets", "no-tlsv10", "no-tlsv11", "no-tlsv12"),
    *("no-tlsv13", "no-verifyhost", "non-stick", "npn", "observe", "on-error", "on-marked-down", "on-marked-up"),
    *("pool-conn-name", "pool-low-conn", "pool-max-conn", "pool-purge-delay", "port", "proto", "proxy-v2-options"),
    *("quic-cc-algo", "redir", "renegotiate", "resolve-net", "resolve-opts", "resolve-prefer", "resolvers", "rise"),
    *("send-proxy", "send-proxy-v2", "send-proxy-v2-ssl", "send-proxy-v2-ssl-cn", "set-proxy-v2-tlv-fmt", "shard"),
    *("sigalgs", "slowstart", "sni", "sni-auto", "socks4", "source", "ssl", "ssl-max-ver", "ssl-min-ver"),
    *("ssl-reuse", "stick", "strict-maxconn", "tcp-md5sig", "tcp-ut", "tfo", "tls-tickets", "track", "usesrc"),
    *("verify", "verifyhost", "weight", "ws"),
)
"""Words of HAProxy 2.6 to 3.4."""


def problems(variables: Variables, sections: Sections) -> Iterator[str]:
    """C(sections) are the items of each kind, merged over their defaults."""
    yield from _find_misspelt("haproxy_timeouts", variables["haproxy_timeouts"], TIMEOUTS)
    yield from _find_misspelt("haproxy_options", variables["haproxy_options"], OPTIONS)
    for item in variables["haproxy_named_defaults"]:
        where = f"haproxy_named_defaults: {item['name']}"
        yield from _find_misspelt(f"{where}: timeouts", item.get("timeouts", {}), TIMEOUTS)
        yield from _find_misspelt(f"{where}: options", item.get("options", {}), OPTIONS)
    for where, options in list_server_options(variables, sections):
        yield from _find_misspelt(where, options, OF_SERVERS)


def _find_misspelt(where: str, values: dict[str, Any], known: tuple[str, ...]) -> Iterator[str]:
    for name in values:
        similar = difflib.get_close_matches(name, known, n=1, cutoff=SIMILAR) if name not in known else []
        if similar:
            yield f"{where} has the key '{name}', which is no word of HAProxy's; did you mean {similar[0]}?"
