# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Connection limit of a host, and its distribution to the sections of HAProxy.

The process accepts C(maxconn) connections. Some of them are reserved for the role's own listeners, so that health
checks and statistics answer when clients have taken all the others. HAProxy queues what exceeds a section's own limit
in the kernel, without an error."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from .declared import Item, Variables
from .defaults import Defaults, declared_defaults
from .frontend_rules import is_made
from .listeners import has_statistics
from .sections import find_defaults, merge_items

HEALTH = 50
"""Connections of the health listener."""

STATISTICS = 50
"""Connections of the listener for statistics and metrics."""

SOCKET = 50
"""Connections of the administrative socket, which do not count among those of the process. HAProxy's own default is
10."""

LOG_FORWARD = 10
"""Connections of a section log-forward that names no number."""

CONNECTION = 64 * 1024
"""Bytes of memory for one connection under TLS, in HAProxy's buffers and the kernel's; docs/explanation/scaling.md has
the measurement."""

SHARE = 2
"""The derived limit uses one half of the memory: workers that a reload has replaced keep their connections, and others
run as well."""

MEMORY_STEP = 256 * 1024 * 1024
"""Memory is rounded down to a multiple, so that a host whose memory varies by some kB keeps its limit."""

DESCRIPTORS = 2
"""File descriptors of one connection: to the client and to the server."""

OWN_DESCRIPTORS = 200
"""File descriptors for listeners, threads, checks and sockets, besides one for each server."""

SMALLEST, LARGEST = 1000, 200000
"""Bounds of the derived limit."""

UNKNOWN = 4096
"""The limit where nothing is known of the host."""

PROCESS_RATES = ("maxconnrate", "maxsessrate")
"""Global limits that delay every listener, that of the health checks included."""


@dataclass(frozen=True)
class Resources:
    """Resources of the host: C(memory) in bytes, C(descriptors) per process. 0 if unknown."""

    memory: int = 0
    descriptors: int = 0


def parse_resources(lines: Iterable[str]) -> Resources:
    """Read C(/proc/meminfo), C(/proc/1/limits), C(fs.nr_open), the limits of cgroups and properties of systemd's units.

    The smallest number counts; other lines and "infinity" do not."""
    memory, descriptors = [], []
    for line in lines:
        if found := re.search(r"\bMemTotal: +(\d+) kB", line):
            memory.append(int(found.group(1)) * 1024)
        elif found := re.search(r"(?:MemoryMax=|/memory\.(?:max|limit_in_bytes):)(\d+)$", line):
            memory.append(int(found.group(1)))
        elif found := re.search(r"(?:Max open files +\d+ +|LimitNOFILE=|/fs/nr_open:)(\d+)\b", line):
            descriptors.append(int(found.group(1)))
    return Resources(min(memory, default=0), min(descriptors, default=0))


def derive_maxconn(host: Resources, servers: int = 0) -> int:
    """The number of connections that suits the host, with two significant digits."""
    if not host.memory:
        return UNKNOWN
    found = [LARGEST, host.memory // MEMORY_STEP * MEMORY_STEP // SHARE // CONNECTION]
    if host.descriptors:
        found.append((host.descriptors - OWN_DESCRIPTORS - servers) // DESCRIPTORS)
    smallest = max(min(found), SMALLEST)
    unit: int = 10 ** (len(str(smallest)) - 2)
    return smallest // unit * unit


def compute_limits(variables: Variables, answer: Iterable[str]) -> dict[str, Any]:
    """The limit of the C(process), of its C(socket), of C(health) and C(statistics), of C(requests) in flight, and, by
    their names, of C(sections) that set none.

    C(answer) are lines as parse_resources() reads them."""
    host = parse_resources(answer)
    found = _list_sections(variables)
    others = [section.name for section in found if section.limit is None]
    left = (
        _total_limit(variables, host) - _reserved_connections(variables) - sum(section.limit or 0 for section in found)
    )
    if not is_made(variables, "limits"):
        return {
            "process": int(variables["haproxy_maxconn"]),
            "socket": 0,
            "health": HEALTH,
            "statistics": STATISTICS,
            "requests": _total_limit(variables, host),
            "sections": {},
        }
    return {
        "process": _total_limit(variables, host),
        "socket": SOCKET,
        "health": HEALTH,
        "statistics": STATISTICS,
        "requests": _total_limit(variables, host) - _reserved_connections(variables),
        "sections": {name: left // len(others) for name in others},
    }


def problems(variables: Variables, answer: Iterable[str]) -> Iterator[str]:
    """One line for each limit that the host cannot bear, or that leaves nothing for others."""
    host = parse_resources(answer)
    if not is_made(variables, "limits"):
        return
    yield from _process_limits(variables["haproxy_global_lines"])
    maxconn = int(variables["haproxy_maxconn"])
    if maxconn < 0:
        yield f"haproxy_maxconn is {maxconn}; a number of connections is needed, or 0 to derive it from the host"
        return
    if maxconn:
        unit = "containerd.service" if variables["haproxy_runtime"] == "container" else "haproxy.service"
        yield from _find_too_high(maxconn, _count_servers(variables), host, unit)
    yield from _find_unfair(variables, host)


def _process_limits(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        word = (line.split() or [""])[0]
        if word == "maxconn":
            yield f"haproxy_global_lines: '{line}' would replace haproxy_maxconn; set that variable"
        elif word in PROCESS_RATES:
            yield (
                f"haproxy_global_lines: '{line}' delays the health checks together with the clients, so that a "
                "busy node "
                "would be taken for a dead one; use 'rate-limit sessions NUMBER' among the lines of a frontend"
            )


def _find_too_high(maxconn: int, servers: int, host: Resources, unit: str) -> Iterator[str]:
    """Problems for a limit that takes more memory or descriptors than there are. C(unit) is the systemd unit from which
    haproxy has its limit of open files."""
    memory = maxconn * CONNECTION
    if host.memory and memory > host.memory:
        yield (
            f"haproxy_maxconn is {maxconn}, which takes up to {_in_mib(memory)} of memory ({CONNECTION // 1024} kB a "
            f"connection), and this host has {_in_mib(host.memory)}; set at most {host.memory // CONNECTION}, or 0 for "
            f"{derive_maxconn(host, servers)}"
        )
    descriptors = maxconn * DESCRIPTORS + OWN_DESCRIPTORS + servers
    if host.descriptors and descriptors > host.descriptors:
        most = max((host.descriptors - OWN_DESCRIPTORS - servers) // DESCRIPTORS, 0)
        yield (
            f"haproxy_maxconn is {maxconn}, which takes {descriptors} file descriptors, and haproxy can open "
            f"{host.descriptors} on this host; set at most {most}, or raise what is smallest: LimitNOFILE of {unit}, "
            "fs.nr_open, or the limit of process 1"
        )


def _find_unfair(variables: Variables, host: Resources) -> Iterator[str]:
    """Problems for limits of sections that leave nothing for the health checks, the statistics, or other sections."""
    maxconn, kept, found = _total_limit(variables, host), _reserved_connections(variables), _list_sections(variables)
    derived = (
        "" if int(variables["haproxy_maxconn"]) else " (derived from the memory and file descriptors of this host)"
    )
    purposes = "health checks and statistics" if has_statistics(variables) else "health checks"
    whole = f"haproxy_maxconn is {maxconn}{derived}, of which {kept} are reserved for {purposes}"
    own = [(section.where, section.limit) for section in found if section.limit is not None]
    for where, limit in own:
        if limit < 1:
            yield (
                f"{where}: maxconn is 0, which means no limit to HAProxy; give a number, or leave it out "
                "for an equal share"
            )
        elif limit > maxconn - kept:
            yield (
                f"{where}: maxconn is {limit}, and {whole}; set it to {max(maxconn - kept, 0)} or less, "
                f"or haproxy_maxconn to {limit + kept} or more"
            )
    if any(not 1 <= limit <= maxconn - kept for _where, limit in own):
        return
    taken = sum(limit for _where, limit in own)
    needed = taken + len(found) - len(own) + kept
    if needed > maxconn:
        listed = ", ".join(f"{section.name} {section.limit or 'an equal share'}" for section in found) or "no frontends"
        yield (
            f"the frontends and listens have maxconn {taken} in all ({listed}), and {whole}; set haproxy_maxconn to "
            f"{needed} or more"
        )


@dataclass(frozen=True)
class _Section:
    """A frontend or listen, where the inventory has it, and the limit that it or its defaults set."""

    where: str
    name: str
    limit: int | None


def _list_sections(variables: Variables) -> list[_Section]:
    defaults = declared_defaults(variables)
    return [
        _Section(
            f"haproxy_{kind}s: {item['name']}",
            item["name"],
            _inherited_limit(item, defaults.get(find_defaults(item, variables))),
        )
        for kind in ("frontend", "listen")
        for item in merge_items(variables, kind)
    ]


def _inherited_limit(item: Item, inherited: Defaults | None) -> int | None:
    """The limit of a section, or that of its defaults."""
    own = _last_maxconn(item.get("lines", []))
    return _last_maxconn(inherited.lines) if own is None and inherited else own


def _total_limit(variables: Variables, host: Resources) -> int:
    return int(variables["haproxy_maxconn"]) or derive_maxconn(host, _count_servers(variables))


def _reserved_connections(variables: Variables) -> int:
    """Return the number of connections that no frontend or listen can take."""
    forwarded = [
        section["lines"] for section in variables["haproxy_extra_sections"] if section["kind"] == "log-forward"
    ]
    statistics = (_last_maxconn(variables["haproxy_stats_lines"]) or STATISTICS) if has_statistics(variables) else 0
    return HEALTH + statistics + sum(_last_maxconn(lines) or LOG_FORWARD for lines in forwarded)


def _last_maxconn(lines: Iterable[str]) -> int | None:
    """The number of the last line C(maxconn NUMBER)."""
    found = [line.split()[1] for line in lines if line.split()[:1] == ["maxconn"] and len(line.split()) > 1]
    return int(found[-1]) if found and found[-1].isdecimal() else None


def template_size(count: Any) -> int | None:
    """The number of servers that a server template makes, from C(NUMBER) or C(FIRST-LAST); None for anything else."""
    numbers = re.fullmatch(r"(?:([0-9]+)-)?([0-9]+)", str(count))
    if not numbers:
        return None
    size = int(numbers[2]) - int(numbers[1] or 1) + 1
    return size if size > 0 else None


def _count_servers(variables: Variables) -> int:
    found = [section for kind in ("backend", "listen") for section in merge_items(variables, kind)]
    templates = [
        template_size(template["count"]) or 0 for section in found for template in section.get("server_templates", [])
    ]
    return sum(len(section.get("servers", [])) for section in found) + sum(templates)


def _in_mib(size: int) -> str:
    return f"{size // 1024 // 1024} MiB"
