# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report on a cluster as lines for a terminal."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from .finding import format_duration, join_names
from .log import list_rows

Report = Mapping[str, Any]

PLAYBOOK = re.compile(r"\brun (\w+)\.yml\b")
COMMAND = re.compile(r"(?:^|; )((?:systemctl (?:start|reload|restart) [\w-]+)|ip address delete \S+ dev \S+)")
"""What a remedy names of playbooks, and of commands for the host of the finding."""


def build_lines(report: Report, folder: str = "", inventories: Sequence[str] = ()) -> dict[str, Any]:
    """The lines of the C(table), with the findings and commands, and a C(summary). C(folder) has the playbooks."""
    wrong = sum(not finding["harmless"] for finding in report["findings"])
    summary = "No problems found." if not wrong else f"{wrong} of {len(report['findings'])} findings are problems."
    commands = list_commands(report, folder, inventories)
    block = ["", "Commands:", *(f"  {command}" for command in commands)] if commands else []
    told = [*findings(report), *block]
    return {"table": [*table(report), *told, *([""] if told else []), summary], "summary": summary}


def table(report: Report) -> list[str]:
    """The lines of a report: each table with its heading."""
    printed: list[str] = []
    for block in list_tables(report):
        printed += [*columns(block), ""] if len(block) > 1 else []
    return printed


def list_tables(report: Report) -> list[list[list[str]]]:
    """The tables, each as rows of cells; the first row has the names of the columns."""
    parts = (
        _vips,
        _anycast,
        _load_balancers,
        _configurations,
        _frontends,
        _backends,
        _certificates,
        _web_servers,
        _changes,
    )
    return [part(report) for part in parts]


def columns(rows: list[list[str]]) -> list[str]:
    """The rows with their cells below each other."""
    widths = [max(map(len, column)) for column in zip(*rows)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]


def findings(report: Report) -> list[str]:
    """Format each finding in one line, followed by its remedy."""
    return [
        line
        for finding in report["findings"]
        for line in (
            f"{'NOTE ' if finding['harmless'] else 'WRONG'}  {join_names(finding['hosts'])}: {finding['what']}",
            f"       {finding['remedy']}",
        )
    ]


def list_commands(report: Report, folder: str, inventories: Sequence[str]) -> list[str]:
    """The commands that the remedies name, each once, as they can be pasted on the controller; notes need none."""
    sources = " ".join(f"-i {shlex.quote(name)}" for name in inventories)
    found: dict[str, None] = {}
    for finding in report["findings"]:
        if not finding["harmless"]:
            for name in PLAYBOOK.findall(finding["remedy"]):
                found[f"ansible-playbook {sources} {shlex.quote(f'{folder}/{name}.yml')}"] = None
            for command in COMMAND.findall(finding["remedy"]):
                hosts = ",".join(finding["hosts"])
                found[f"ansible {shlex.quote(hosts)} {sources} --become --args {shlex.quote(command)}"] = None
    return list(found) if folder else []


def _vips(report: Report) -> list[list[str]]:
    nodes = list(report["load_balancers"])
    rows = [["VIP", "ADDRESSES", "HELD BY", "FOR", *nodes]]
    for vip in report["vips"]:
        held = format_duration(vip["seconds_held"]) if vip["holders"] else "-"
        cells = [_state(vip["nodes"].get(node)) for node in nodes]
        rows.append(
            [vip["instance"], " ".join(vip["addresses"]) or "-", join_names(vip["holders"] or ["nobody"]), held, *cells]
        )
    return rows


def _anycast(report: Report) -> list[list[str]]:
    rows = [["ANNOUNCED BY", "AS", "SESSIONS", "ROUTES", "BFD", "SHARE"]]
    total = sum(node["connections"] for node in report["anycast"].values())
    for host, node in report["anycast"].items():
        sessions = [*node["sessions"].values()]
        paths = [value for value in node["bfd"].values() if value is not None]
        rows.append(
            [
                host,
                (node["announced"] or "nothing") if node["running"] else "stopped",
                f"{sum(sessions)} of {len(sessions)}",
                " ".join(map(str, node["exported"].values())) or "-",
                f"{sum(paths)} of {len(paths)}" if paths else "-",
                f"{100 * node['connections'] / total:.0f} % of {total}" if total else "-",
            ]
        )
    return rows


def _state(node: Mapping[str, Any] | None) -> str:
    return f"{node['state']} {node['priority']}, {format_duration(node['seconds_in_state'])}" if node else "-"


def _load_balancers(report: Report) -> list[list[str]]:
    rows = [["LOAD BALANCER", "KEEPALIVED", "HAPROXY", "UP FOR", "GENERATION", "LAST RELOAD"]]
    for host, node in report["load_balancers"].items():
        if not node["reachable"]:
            rows.append([host, *["unreachable"] * 2, *["-"] * 3])
            continue
        keepalived, haproxy = (_version(node[name]) for name in ("keepalived", "haproxy"))
        age = format_duration(node["seconds_in_generation"])
        reload = (
            f"failed ({node['reloads_failed']})"
            if node["reloads_failed"]
            else f"good, {age} ago"
            if node["generation"]
            else "-"
        )
        rows.append([host, keepalived, haproxy, format_duration(node["uptime"]), str(node["generation"]), reload])
    return rows


def _version(daemon: Mapping[str, Any]) -> str:
    if daemon["running"] is None:
        return "unknown" if daemon["managed"] else "-"
    return daemon["version"] if daemon["running"] else "stopped"


def _configurations(report: Report) -> list[list[str]]:
    rows = [["CONFIGURATION OF", "KEEPALIVED", "HAPROXY"]]
    rows += [
        [host, *(_configuration(node[name]) for name in ("keepalived", "haproxy"))]
        for host, node in report["load_balancers"].items()
    ]
    return rows


def _configuration(daemon: Mapping[str, Any]) -> str:
    live = "not live" if daemon.get("pending") else "live"
    return f"{daemon['digest'][:8]}, {live}" if daemon.get("digest") else "-"


def _frontends(report: Report) -> list[list[str]]:
    nodes = list(report["load_balancers"])
    rows = [["CONNECTIONS OF", *nodes]]
    for name, seen in report["frontends"].items():
        rows.append(
            [name, *(f"{seen[node]['sessions']} of {seen[node]['limit']}" if node in seen else "-" for node in nodes)]
        )
    return rows


def _backends(report: Report) -> list[list[str]]:
    nodes = list(report["load_balancers"])
    rows = [["BACKEND", *nodes]]
    for name, seen in report["backends"].items():
        rows.append([name, *(_counts(seen.get(node, {})) for node in nodes)])
    return rows


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{number} {word}" for word, number in counts.items() if number or word == "up") or "-"


def _certificates(report: Report) -> list[list[str]]:
    """Each certificate once, with the load balancers that have it."""
    hosts: dict[tuple[str, str, str], list[str]] = {}
    for host, certificates in report["certificates"].items():
        for item in certificates:
            hosts.setdefault((item["file"], item["expires"], str(item["days_left"])), []).append(host)
    return [["CERTIFICATE", "ENDS", "DAYS", "ON"], *([*key, join_names(names)] for key, names in hosts.items())]


def _web_servers(report: Report) -> list[list[str]]:
    return [["WEB SERVER", "NGINX"], *([host, _nginx(node)] for host, node in report["web_servers"].items())]


def _nginx(node: Mapping[str, Any]) -> str:
    if not node["reachable"] or not node["managed"]:
        return "-" if node["reachable"] else "unreachable"
    if not node["running"]:
        return "stopped"
    return "is not what was deployed" if node["pending"] else "runs what is on disk"


def _changes(report: Report) -> list[list[str]]:
    """The last change of each host."""
    return list_rows(report["last_changes"])
