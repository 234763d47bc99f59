# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The arguments of C(bind) and C(server) lines: addresses, and options with their own arguments."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .haproxy_text import Word

BIND_FLAGS = set(
    re.findall(
        r"\S+",
        """
    accept-proxy allow-0rtt defer-accept force-sslv3 force-tlsv10 force-tlsv11 force-tlsv12 force-tlsv13
    generate-certificates no-alpn no-ca-names no-sslv3 no-strict-sni no-tls-tickets no-tlsv10 no-tlsv11 no-tlsv12
    no-tlsv13 prefer-client-ciphers quic-force-retry ssl strict-sni tfo tls-tickets transparent v4v6 v6only
    """,
    )
)
BIND_VALUES = set(
    re.findall(
        r"\S+",
        """
    accept-netscaler-cip alpn backlog ca-file ca-ignore-err ca-sign-file ca-sign-pass ca-verify-file ciphers
    ciphersuites client-sigalgs crl-file crt crt-ignore-err crt-list curves default-crt ecdhe expose-fd gid group
    guid-prefix id idle-ping interface label level maxconn mode mss name namespace nbconn nice npn ocsp-update process
    proto quic-cc-algo quic-socket severity-output shards sigalgs ssl-max-ver ssl-min-ver tcp-md5sig tcp-ss tcp-ut
    thread tls-ticket-keys uid user verify
    """,
    )
)
SERVER_FLAGS = set(
    re.findall(
        r"\S+",
        """
    agent-check allow-0rtt backup check check-send-proxy check-ssl check-via-socks4 disabled enabled force-sslv3
    force-tlsv10 force-tlsv11 force-tlsv12 force-tlsv13 no-agent-check no-backup no-check no-check-ssl no-renegotiate
    no-send-proxy no-send-proxy-v2 no-send-proxy-v2-ssl no-send-proxy-v2-ssl-cn no-ssl no-ssl-reuse no-sslv3 no-tfo
    no-tls-tickets no-tlsv10 no-tlsv11 no-tlsv12 no-tlsv13 no-verifyhost non-stick renegotiate send-proxy send-proxy-v2
    send-proxy-v2-ssl send-proxy-v2-ssl-cn ssl ssl-reuse stick tfo tls-tickets
    """,
    )
)
SERVER_VALUES = set(
    re.findall(
        r"\S+",
        """
    addr agent-addr agent-inter agent-port agent-send alpn ca-file check-alpn check-pool-conn-name check-proto
    check-reuse-pool check-sni check-sni-auto ciphers ciphersuites client-sigalgs cookie crl-file crt curves downinter
    error-limit fall fastinter guid hash-key id idle-ping init-addr init-state inter log-bufsize log-proto max-reuse
    maxconn maxqueue minconn namespace npn observe on-error on-marked-down on-marked-up pool-conn-name pool-low-conn
    pool-max-conn pool-purge-delay port proto proxy-v2-options redir resolve-net resolve-opts resolve-prefer resolvers
    rise shard sigalgs slowstart sni socks4 ssl-max-ver ssl-min-ver tcp-md5sig tcp-ut track verify verifyhost weight ws
    """,
    )
)
"""Options without and with one argument. What is in neither is left as it is written."""

WORD = re.compile(r"[^\s#'\"\\]+")
"""What the roles take for a single word."""

SOCKETS = ("/", "unix@", "abns@", "abnsz@", "fd@", "sockpair@")
"""Addresses that begin so have no port."""

TIME = re.compile(r"""(["']?)([0-9]+)(us|ms|s|m|h|d)?\1""")
"""A time in one unit, as HAProxy reads it."""

UNITS = {
    "d": 86_400_000_000,
    "h": 3_600_000_000,
    "m": 60_000_000,
    "s": 1_000_000,
    "ms": 1000,
    "us": 1,
}
"""Units of times in microseconds, the largest first."""

Option = tuple[str, str]
"""An option, and its arguments as they are written."""


def split_options(words: Sequence[Word], flags: set[str], values: set[str]) -> list[Option] | None:
    """The options in their order; None if one of them is not known."""
    found: list[Option] = []
    left = list(words)
    while left:
        word = left.pop(0).raw
        if word in flags:
            found.append((word, ""))
        elif word in values and left:
            found.append((word, left.pop(0).raw))
        elif word == "source" and left:
            count = 3 if len(left) > 2 and left[1].raw in ("usesrc", "interface") else 1
            found.append((word, " ".join(part.raw for part in left[:count])))
            left = left[count:]
        else:
            return None
    return found


def split_address(text: str) -> tuple[str, str] | None:
    """Address and port, without the brackets of IPv6; an empty address for all of IPv4, an empty port for a socket.
    None for what the roles could not print."""
    if not WORD.fullmatch(text) or "$" in text:
        return None
    if text.startswith(SOCKETS):
        return text, ""
    address, colon, port = text.rpartition(":")
    if not colon or not re.fullmatch(r"\d+(-\d+)?", port):
        return None
    if address.startswith("[") and address.endswith("]"):
        address = address[1:-1]
    return ("" if address == "*" else address), port


def normalise_address(text: str) -> str:
    """One spelling of an address with its port."""
    split = split_address(text)
    if split is None or not split[1]:
        return text
    address, port = split
    # A server with port 0 has that of its client, like one without.
    if port == "0":
        return address
    return f"[{address}]:{port}" if ":" in address and "@" not in address else f"{address or '*'}:{port}"


def spell_time(raw: str) -> str:
    """The time with its unit, which the role wants: without one, HAProxy counts milliseconds."""
    time = TIME.fullmatch(raw)
    return f"{int(time[2])}{time[3] or 'ms'}" if time else raw


def normalise_time(text: str) -> str:
    """One spelling of a time, in the largest unit of which it has a whole number."""
    time = TIME.fullmatch(text)
    if time is None:
        return text
    microseconds = int(time[2]) * UNITS[time[3] or "ms"]
    unit = next(name for name, size in UNITS.items() if microseconds % size == 0)
    return f"{microseconds // UNITS[unit]}{unit}" if microseconds else "0"
