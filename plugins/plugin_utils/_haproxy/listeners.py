# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find listeners that cannot work: without port, in conflict with another one, or with a certificate that HAProxy
cannot see."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from itertools import product
from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean

from .._input.rules import refuse_hidden_path
from .declared import Item, Sections, Variables
from .sections import SOCKETS

WILDCARDS = ("", "*", "0.0.0.0", "::")
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
        elif port is None:
            yield f"{where}: the bind to {address} has no port; give it one"
            continue
        else:
            ports = parse_ports(port)
            if not ports:
                yield f"{where}: port {port} is outside 1-65535; a number or a range such as 8000-8010 is needed"
        if "interface" not in words and "namespace" not in words:
            yield from taken.add(where, address, ports, "v6only" in words)


def parse_ports(text: Any) -> range:
    """The ports of a number or a range; none where it is neither."""
    found = PORTS.fullmatch(str(text))
    first, last = (int(found.group(1)), int(found.group(2) or found.group(1))) if found else (0, 0)
    return range(first, last + 1) if 1 <= first <= last <= 65535 else range(0)


def has_statistics(variables: Variables) -> bool:
    """Return whether there is a listener for statistics. On the command line, -e name=false is a text."""
    return any(boolean(variables[name]) for name in ("haproxy_stats_enabled", "haproxy_prometheus_enabled"))


def _binds(variables: Variables, sections: Sections) -> Iterator[tuple[str, Item]]:
    for kind in ("frontend", "listen"):
        for section in sections[kind]:
            for bind in section.get("binds", []):
                yield f"{section['name']} (haproxy_{kind}s)", {**variables["haproxy_bind_defaults"], **bind}
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


class Taken:
    """The addresses and ports that have a listener."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, int, int], dict[str, tuple[str, str]]] = defaultdict(dict)

    def add(self, where: str, address: str, ports: range, v6only: bool) -> Iterator[str]:
        """Yields a problem for the first port that has another listener already: a wildcard meets all of its family."""
        prefix, _at, bare = address.rpartition("@")
        bare = bare.strip("[]")
        transport = "udp" if prefix.startswith("quic") else "tcp"
        families = {4, 6} if bare == "::" and not v6only else {6} if ":" in bare else {4}
        found = []
        for port, family in product(ports, families):
            others = self._found[transport, port, family]
            other = others.get(bare) or others.get("*") or (bare in WILDCARDS and next(iter(others.values()), None))
            if other:
                found.append(f"{where} and {other[0]} both listen on port {port} ({address} and {other[1]})")
            others["*" if bare in WILDCARDS else bare] = (where, address)
        yield from (f"{problem}; give one another port or address" for problem in found[:1])
