# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""HTTP/3: a listener over UDP beside one over TCP, and the header that tells clients of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ansible.module_utils.parsing.convert_bool import boolean

from .._input.releases import FEATURES, has_feature
from .declared import SOCKETS, Item

MAX_AGE = 300
"""Seconds for which clients remember that a server has HTTP/3."""

KEPT_PRIVILEGE = "setcap cap_net_bind_service"
PRIVILEGED = 1024
"""The first port that everybody may use."""

TCP_ONLY = ("accept-netscaler-cip", "accept-proxy", "defer-accept", "mss", "npn", "proto", "tcp-ut", "tfo")
"""Options that belong to TCP, or to protocols over it."""


def is_quic(bind: Item) -> bool:
    """Return whether the bind has a listener for HTTP/3. On the command line, false is a text."""
    return bool(boolean(bind.get("quic", False)))


def build_bind(line: str) -> str:
    """The words of the C(bind) line over UDP, from those of the same address over TCP."""
    address, *words = line.split(" ")
    prefix, _at, bare = address.rpartition("@")
    family = 6 if prefix == "ipv6" or bare.startswith("[") else 4
    text = " ".join(words).split()
    if "alpn" in text:
        at = text.index("alpn")
        del text[at : at + 2]
    return " ".join([f"quic{family}@{bare}", *text, "alpn h3"])


def build_rules(binds: list[Item]) -> list[str]:
    """Lines that tell clients who have come over TLS of the same port over UDP."""
    rules = [
        f"http-after-response set-header Alt-Svc 'h3=\":{bind['port']}\"; ma={bind.get('quic_max_age', MAX_AGE)}' "
        f"if {{ ssl_fc }} {{ dst_port {bind['port']} }}"
        for bind in binds
        if is_quic(bind)
    ]
    # One of IPv4 and one of IPv6 have the same.
    return list(dict.fromkeys(rules))


def build_global_lines(binds: list[tuple[str, str, Item]]) -> list[str]:
    """Return the lines of the global section that let haproxy have a socket of its own for every connection, although
    it has dropped its privileges: without it, a reload breaks connections at ports below 1024, and the second chance
    does not know them."""
    ports = [str(bind.get("port")) for _where, _mode, bind in binds if is_quic(bind)]
    return [KEPT_PRIVILEGE] if any(port.isdecimal() and int(port) < PRIVILEGED for port in ports) else []


def find_problems(
    binds: list[tuple[str, str, Item]], releases: Mapping[str, str], published: list[str]
) -> Iterator[str]:
    """One line for each bind that cannot have HTTP/3. C(binds) have where they stand and the mode of their section;
    C(published) are the ports of a container that has its own."""
    wanted = [(where, mode, bind) for where, mode, bind in binds if is_quic(bind)]
    if wanted and releases.get("haproxy") and not has_feature(releases, "quic"):
        yield (
            f"{wanted[0][0]}: quic needs haproxy {FEATURES['quic'].since}, and the host has {releases['haproxy']}: "
            "leave quic out, or use a release of the distribution that has it (docs/reference/compatibility.md)"
        )
    for where, mode, bind in wanted:
        yield from (f"{where}: {problem}" for problem in _find_bind_problems(mode, bind))
        port = bind.get("port")
        if published and not any(str(item).endswith(f":{port}/udp") for item in published):
            yield (
                f"{where}: quic is true at port {port}, and haproxy_container_ports does not publish it over UDP: add "
                f"'{port}:{port}/udp'"
            )


def _find_bind_problems(mode: str, bind: Item) -> Iterator[str]:
    words = " ".join(bind.get("options", [])).split()
    if mode != "http":
        yield f"quic is true in mode {mode}: HTTP/3 needs mode http"
    if not bind.get("certificates") and "ssl" not in words:
        yield "quic is true without certificates: HTTP/3 is always encrypted"
    if bind.get("address", "*").startswith(SOCKETS):
        yield f"quic is true at {bind['address']}: HTTP/3 needs an IP address"
    elif not str(bind.get("port")).isdecimal():
        yield f"quic is true at port {bind.get('port')}: HTTP/3 needs one port, which clients are told"
    if found := [word for word in words if word in TCP_ONLY]:
        yield f"quic is true with the option {found[0]}, which only TCP has: use another bind for one of them"
