# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find listeners that cannot work: without port, in conflict with another one, or with a certificate that HAProxy
cannot see."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean

from .._input.rules import refuse_hidden_path, refuse_no_host
from .declared import SOCKETS, Item, Sections, Variables
from .sections import merge_binds

WILDCARDS = ("", "*", "0.0.0.0", "::")
THREADS = {"process", "thread"}
"""Options with which a listener belongs to some threads."""
OWN = ("haproxy_health_port", "haproxy_stats_port")
PORTS = re.compile(r"(\d{1,5})(?:-(\d{1,5}))?")


def problems(variables: Variables, sections: Sections) -> Iterator[str]:
    """C(sections) are the items of each kind, merged over their defaults."""
    yield from _find_taken_ports(variables, sections)
    yield from _find_hidden_certificates(variables, sections)


def _find_taken_ports(variables: Variables, sections: Sections) -> Iterator[str]:
    taken = Taken()
    for where, bind in _binds(variables, sections):
        address, port = bind.get("address", "*"), bind.get("port")
        words = " ".join(bind.get("options", [])).split()
        if address.startswith(SOCKETS):
            ports = range(1)
        elif address not in WILDCARDS and (wrong := refuse_no_host(_name_address(where), address)):
            yield from wrong
            continue
        elif port is None:
            yield f"{where}: the bind to {address} has no port; give it one"
            continue
        else:
            ports = parse_ports(port)
            if not ports:
                yield f"{where}: port {port} is outside 1-65535; a number or a range such as 8000-8010 is needed"
        if "interface" not in words and "namespace" not in words:
            yield from taken.add(where, address, ports, words)


def _name_address(where: str) -> str:
    return where.replace("_port", "_address") if where in OWN else f"{where}: the address of a bind"


def parse_ports(text: Any) -> range:
    """The ports of a number or a range; none where it is neither."""
    found = PORTS.fullmatch(str(text))
    first, last = (int(found.group(1)), int(found.group(2) or found.group(1))) if found else (0, 0)
    return range(first, last + 1) if 1 <= first <= last <= 65535 else range(0)


def has_statistics(variables: Variables) -> bool:
    """Return whether there is a listener for statistics. On the command line, -e name=false is a text."""
    return any(boolean(variables[f"haproxy_{name}_enabled"]) for name in ("stats", "prometheus", "status_page"))


def _binds(variables: Variables, sections: Sections) -> Iterator[tuple[str, Item]]:
    for kind in ("frontend", "listen"):
        for section in sections[kind]:
            for bind in merge_binds(variables, section):
                yield f"{section['name']} (haproxy_{kind}s)", bind
    yield (
        "haproxy_health_port",
        {"address": variables["haproxy_health_address"], "port": variables["haproxy_health_port"]},
    )
    if has_statistics(variables):
        yield (
            "haproxy_stats_port",
            {"address": variables["haproxy_stats_address"], "port": variables["haproxy_stats_port"]},
        )
    own = [node["address"] for node in variables["haproxy_nodes"] if node["name"] == variables["haproxy_node_name"]]
    for peers in variables["haproxy_peers"]:
        yield f"{peers['name']} (haproxy_peers)", {"address": own[0] if own else "*", "port": peers["port"]}


def _find_hidden_certificates(variables: Variables, sections: Sections) -> Iterator[str]:
    if boolean(variables["haproxy_confined"]):
        for where, bind in _binds(variables, sections):
            for path in bind.get("certificates", []):
                yield from refuse_hidden_path(f"{where}: a certificate", path, "haproxy_confined")


@dataclass(frozen=True)
class Listener:
    """One address with its ports. C(own) is one of the role's, C(of_threads) one that belongs to some threads."""

    where: str
    address: str
    transport: str
    place: str
    families: frozenset[int]
    ports: range
    own: bool
    of_threads: bool

    def is_in_the_way(self, other: Listener) -> bool:
        """Return whether it is left to chance, or to the order of sections, which of both gets a connection.

        Of a wildcard and one address, the kernel chooses the address, and of the wildcards of both families that of the
        client's. The role's own listeners are to have their ports for themselves."""
        if self.transport != other.transport:
            return False
        if self.place == other.place:
            return self.where != other.where or not (self.of_threads and other.of_threads)
        wildcard = {"*", "::"}.intersection((self.place, other.place))
        return bool((self.own or other.own) and wildcard and self.families & other.families)


class Taken:
    """The addresses and ports that have a listener."""

    def __init__(self) -> None:
        self._found: list[Listener] = []

    def add(self, where: str, address: str, ports: range, words: list[str]) -> Iterator[str]:
        """Yields a problem for the first port that another listener is in the way of."""
        prefix, _at, bare = address.rpartition("@")
        bare = bare.strip("[]")
        bare = "::" if prefix.endswith("6") and bare in WILDCARDS else bare
        dual = bare == "::" and "v6only" not in words
        new = Listener(
            where,
            address,
            "udp" if prefix.startswith("quic") else "tcp",
            "*" if bare in WILDCARDS and bare != "::" else bare,
            frozenset({4, 6} if dual else {6} if ":" in bare else {4}),
            ports,
            where.startswith(OWN) or where.endswith("(haproxy_peers)"),
            bool(THREADS.intersection(words)),
        )
        for other in self._found:
            common = range(max(ports.start, other.ports.start), min(ports.stop, other.ports.stop))
            if common and new.is_in_the_way(other):
                yield (
                    f"{where} and {other.where} both listen on port {common[0]} ({address} and {other.address}); give "
                    "one another port or address"
                )
                break
        self._found.append(new)
