# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Findings about the HAProxys of a cluster, each alone and in comparison.

C(seen) is what M(evenkeel.ha_web.haproxy_info) has returned of every node that has answered."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from . import certificates
from .finding import DEPLOY, Finding, Seen, describe_differences, group_by_value, join_names

NEAR = 0.8
"""Part of a limit from which on a warning is given: of the reloads that a worker survives, and of a frontend's
connections."""

FETCH = "run deploy_load_balancers.yml, which copies it from there; see that the ACME client runs on every node"
"""The remedy for a node without a certificate."""

FULL = (
    "see who has them: ss --numeric state established; limit single clients by haproxy_client_limits, "
    "or raise haproxy_maxconn if the host has memory for more"
)


def list_findings(seen: Seen, certificate_days: int, unfinished: Collection[str] = ()) -> Iterator[Finding]:
    """Everything that is wrong with HAProxy; a certificate is, if it ends within so many days. C(unfinished) are the
    web servers of which a deployment has not come to its end."""
    for host, node in seen.items():
        if not node["running"]:
            yield Finding(
                (host,),
                "haproxy does not run",
                "systemctl start haproxy; journalctl --unit haproxy says why it has ended",
            )
        elif node["reloads_failed"]:
            yield Finding(
                (host,),
                (
                    f"the last reload of haproxy has failed ({node['reloads_failed']} in a row), so it still runs "
                    "the configuration from before"
                ),
                "journalctl --unit haproxy says why; correct that, then systemctl reload haproxy",
            )
    running = {host: node for host, node in seen.items() if node["running"]}
    for host, node in running.items():
        yield from _old_workers(host, node)
        yield from _logs(host, node)
    yield from _frontends(running)
    yield from _servers(running, unfinished)
    yield from certificates.list_findings("haproxy", running, certificate_days)
    yield from _find_missing_certificates(running)
    yield from _find_warnings(running)
    yield from _compare_patterns(running)
    yield from _differences(running)


def _old_workers(host: str, node: Mapping[str, Any]) -> Iterator[Finding]:
    """Workers that a reload has replaced, and whose connections were or will soon be cut."""
    if node["ended_workers"]:
        yield Finding(
            (host,),
            f"haproxy has ended {node['ended_workers']} old workers with their connections since its last reload",
            (
                "see in journalctl --unit haproxy why; reload less often, or raise haproxy_mworker_max_reloads or "
                "haproxy_hard_stop_after"
            ),
            harmless=True,
        )
    most = node["max_reloads"]
    if most and node["oldest_worker"] >= most * NEAR:
        yield Finding(
            (host,),
            f"the oldest of {node['old_workers']} old workers of haproxy has survived {node['oldest_worker']} "
            f"reloads, and after {most} it is ended with its connections",
            "reload less often, or raise haproxy_mworker_max_reloads",
            harmless=True,
        )


def _logs(host: str, node: Mapping[str, Any]) -> Iterator[Finding]:
    """Lines of the log that are lost."""
    if node["dropped_logs"]:
        yield Finding(
            (host,),
            f"haproxy has dropped {node['dropped_logs']} lines of its log since its last reload or start",
            (
                "see that what takes them runs and is not too slow: systemctl status haproxy-access-log and "
                "systemd-journald; a reload resets the number"
            ),
            harmless=True,
        )
    for said in node["log_errors"][:1]:
        yield Finding(
            (host,),
            f"the log daemon of haproxy has lost lines within the last ten minutes: {said}",
            "make room on the disk (df /var/log/haproxy), or see journalctl --unit haproxy-access-log",
            harmless=True,
        )


def _frontends(running: Seen) -> Iterator[Finding]:
    """Frontends whose clients have taken all connections, or nearly all."""
    for host, node in running.items():
        for frontend in node["frontends"]:
            sessions, limit = frontend.get("sessions", 0), frontend.get("limit", 0)
            if limit and sessions >= limit:
                yield Finding(
                    (host,), f"clients have taken all {limit} connections of {frontend['name']}, so new ones wait", FULL
                )
            elif limit and sessions >= NEAR * limit:
                what = f"clients have taken {sessions} of the {limit} connections of {frontend['name']}"
                yield Finding((host,), what, FULL, harmless=True)


def _servers(running: Seen, unfinished: Collection[str]) -> Iterator[Finding]:
    down: dict[str, dict[str, str]] = defaultdict(dict)
    for host, node in running.items():
        for server in node["servers"]:
            label = f"{server['backend']}/{server['name']}"
            if server["taken_out"]:
                ready = {"servers": [label], "state": "ready", **({"weight": "100%"} if not server["weight"] else {})}
                yield Finding(
                    (host,),
                    f"{label} was taken out of rotation by hand: it is {server['state']}, weight {server['weight']}",
                    "run deploy_web_servers.yml, which puts it back"
                    if server["name"] in unfinished
                    else f"if that is done, put it back: haproxy_server with {_join_options(ready)}",
                )
            elif server["state"] == "ready" and not server["in_rotation"] and server["weight"]:
                down[label][host] = f"{server['status']}, {server['check']}"
    for label, said in down.items():
        name = label.partition("/")[2]
        others = [host for host in running if host not in said]
        where = f", and {join_names(others)} can reach it: see the network between them" if others else ""
        yield Finding(
            tuple(said),
            f"{label} does not serve: {_describe_by_value(said)}",
            f"see on {name} that its service runs and answers{where}",
        )


def _join_options(options: dict[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in options.items())


def _describe_by_value(said: Mapping[str, str]) -> str:
    return "; ".join(f"{value} on {join_names(hosts)}" for value, hosts in group_by_value(said).items())


def _find_warnings(running: Seen) -> Iterator[Finding]:
    """Warnings of the configuration, each once with all hosts that have it."""
    hosts: dict[str, list[str]] = defaultdict(list)
    for host, node in running.items():
        for warning in node["complaints"]:
            hosts[" ".join(warning.split())].append(host)
    for warning, names in hosts.items():
        yield Finding(
            tuple(names),
            f"haproxy warns of its configuration: {warning}",
            "correct the variable that the line comes from; haproxy_fatal_warnings: true refuses such a configuration",
            harmless=True,
        )


def _find_missing_certificates(running: Seen) -> Iterator[Finding]:
    files = {host: {item["file"] for item in node["certificates"]} for host, node in running.items()}
    for file in sorted(set().union(*files.values())) if files else ():
        having = [host for host, known in files.items() if file in known]
        without = tuple(host for host in files if host not in having)
        if without:
            what = f"haproxy does not have the certificate {file}, as it has on {join_names(having)}"
            yield Finding(without, f"{what}: clients of its names fail there", FETCH)


def _compare_patterns(running: Seen) -> Iterator[Finding]:
    """Maps and lists that differ, because somebody has changed them at run time on some nodes only."""
    found: dict[tuple[str, str], dict[str, tuple[int, str]]] = defaultdict(dict)
    for host, node in running.items():
        for item in node["pattern_files"]:
            found[item["kind"], item["file"]][host] = item["entries"], item["digest"]
    for (kind, file), said in found.items():
        if len(group_by_value(said)) > 1:
            counts = ", ".join(f"{entries} on {host}" for host, (entries, _digest) in said.items())
            yield Finding(
                tuple(said),
                f"entries of the {kind} {file} differ ({counts})",
                f"echo 'show {kind} {file}' | socat - /run/haproxy/admin.sock shows them; a reload of haproxy brings "
                "back those of the file",
            )


def _differences(running: Seen) -> Iterator[Finding]:
    for what, key in (("frontend", "frontends"), ("backend", "backends"), ("server", "servers")):
        names = {host: {_name(item) for item in node[key]} for host, node in running.items()}
        for name in sorted(set().union(*names.values())) if names else ():
            without = [host for host, known in names.items() if name not in known]
            # The servers of a backend that is not there are not there either.
            if without and not (
                what == "server" and any(name.partition("/")[0] not in _backends(running[host]) for host in without)
            ):
                having = [host for host in names if host not in without]
                yield Finding(
                    tuple(without), f"haproxy has no {what} {name}, as it has on {join_names(having)}", DEPLOY
                )
    sums = {host: node["configuration"]["shared"][:8] for host, node in running.items()}
    if found := describe_differences("what haproxy.cfg and the files beside it have in common", sums):
        yield Finding(tuple(running), found, f"if the inventory does not want that, {DEPLOY}", harmless=True)
    versions = {host: node["version"] for host, node in running.items()}
    if found := describe_differences("haproxy's version", versions):
        yield Finding(tuple(versions), found, "upgrade the older one: upgrade_packages.yml", harmless=True)


def _name(item: Mapping[str, Any]) -> str:
    return f"{item['backend']}/{item['name']}" if "backend" in item else item["name"]


def _backends(node: Mapping[str, Any]) -> set[str]:
    return {item["name"] for item in node["backends"]}
