# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Report of a cluster: the answers of all hosts and all findings.

C(asked) is what the modules have returned, by the hosts' names: C(haproxy), C(keepalived) and perhaps C(bird) of a
load balancer, C(nginx) and C(unfinished) of a web server, perhaps C(changes) of each. A host that cannot be reached
has C(unreachable: true) in what came back first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from . import bird as bird_status
from . import certificates, log
from . import haproxy as haproxy_status
from . import vrrp as vrrp_status
from .finding import Finding, Seen

Asked = Mapping[str, Mapping[str, Mapping[str, Any]]]
PENDING = {
    "start": "{} runs without a configuration that is known",
    "reload": "{} does not run what is on disk",
    "settle": (
        "the system around {} is not as it was deployed: a unit does not run or is not enabled, or a kernel "
        "parameter differs"
    ),
}
MOST = 50
"""Changes of a holder in the report, the latest."""

ANSWERS = {
    **dict.fromkeys(("bird", "keepalived", "haproxy", "nginx"), "running"),
    "unfinished": "files",
    "changes": "changes",
}
"""Key that every complete answer of a module contains."""
UNFINISHED = {
    "evenkeel-unfinished": "a deployment of this web server was interrupted",
    "evenkeel-half-deployed": "a deployment of the application was interrupted",
}


def build_report(asked: Asked, certificate_days: int = 14) -> dict[str, Any]:
    """The report as the filter cluster_report documents it."""
    keepalived = select_answers(asked, "keepalived")
    haproxy = select_answers(asked, "haproxy")
    found = merge(_list_findings(asked, keepalived, haproxy, certificate_days))
    return {
        "healthy": all(finding.harmless for finding in found),
        "findings": [finding.to_dict() for finding in sorted(found, key=lambda finding: finding.harmless)],
        "vips": [_vip(keepalived, name) for name in vrrp_status.list_instances(keepalived)],
        "load_balancers": {
            host: _node(asked[host], haproxy.get(host), keepalived.get(host))
            for host in _hosts_with(asked, "keepalived", "haproxy")
        },
        "anycast": bird_status.describe_nodes(select_answers(asked, "bird"), bird_status.count_connections(haproxy)),
        "frontends": _frontends(haproxy),
        "backends": _backends(haproxy),
        "servers": _servers(haproxy),
        "certificates": _list_certificates(haproxy, select_answers(asked, "nginx")),
        "web_servers": {host: _web_server(asked[host]) for host in _hosts_with(asked, "nginx")},
        "last_changes": log.select_last(log.list_entries(asked)),
    }


def merge(findings: Iterable[Finding]) -> list[Finding]:
    """Each finding once, with all hosts that have it."""
    hosts: dict[tuple[str, str, bool], dict[str, None]] = {}
    for finding in findings:
        hosts.setdefault((finding.what, finding.remedy, finding.harmless), {}).update(dict.fromkeys(finding.hosts))
    return [Finding(tuple(names), *key) for key, names in hosts.items()]


def _list_certificates(haproxy: Seen, nginx: Seen) -> dict[str, list[dict[str, Any]]]:
    """The certificates of every load balancer, and of web servers that have some."""
    found = {host: list(node["certificates"]) for host, node in haproxy.items() if node["running"]}
    for host, node in nginx.items():
        if node["running"] and node["certificates"]:
            found.setdefault(host, []).extend(node["certificates"])
    return found


def _hosts_with(asked: Asked, *modules: str) -> list[str]:
    return [host for host, said in asked.items() if said.keys() & set(modules)]


def select_answers(asked: Asked, module: str) -> Seen:
    """Return the module's results on the hosts where it has completed."""
    return {host: said[module] for host, said in asked.items() if "running" in said.get(module, {})}


def _list_findings(asked: Asked, keepalived: Seen, haproxy: Seen, certificate_days: int) -> Iterator[Finding]:
    for host, said in asked.items():
        yield from _host(host, said)
    silent = [host for host in _hosts_with(asked, "keepalived") if host not in keepalived]
    yield from vrrp_status.list_findings(keepalived, silent)
    unfinished = [host for host, said in asked.items() if any("unfinished" in file for file in _list_marks(said))]
    yield from haproxy_status.list_findings(haproxy, certificate_days, unfinished)
    nginx = {host: node for host, node in select_answers(asked, "nginx").items() if node["running"]}
    yield from certificates.list_findings("nginx", nginx, certificate_days)
    yield from bird_status.list_findings(select_answers(asked, "bird"), bird_status.count_connections(haproxy))
    if len(keepalived) + len(silent) == 1:
        yield Finding(
            (*keepalived, *silent),
            "it is the only load balancer, so nothing can fail over",
            "add a second one",
            harmless=True,
        )


def _host(host: str, said: Mapping[str, Mapping[str, Any]]) -> Iterator[Finding]:
    if not _is_reachable(said):
        reason = next((answer["msg"].strip() for answer in said.values() if answer.get("unreachable")), "")
        yield Finding(
            (host,),
            f"it cannot be reached, so its state is unknown: {reason}",
            "see that it runs, and that you can log in",
        )
        return
    for module, answer in said.items():
        if ANSWERS[module] not in answer and not answer.get("skipped"):
            yield Finding(
                (host,),
                f"its {module} could not be checked: {answer.get('msg', '').strip()}",
                "correct that, then run this again",
            )
        yield from _find_pending(host, module, answer)
    for path in _list_marks(said):
        if what := UNFINISHED.get(path.rpartition("/")[2]):
            remedy = (
                "run deploy_web_servers.yml, which continues it (with cluster_drain=false if it is the only web server)"
            )
            yield Finding((host,), f"{what} ({path})", remedy)


def _list_marks(said: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The paths by which a deployment says how far it has come on a host."""
    return [file["path"] for file in said.get("unfinished", {}).get("files", [])]


def _find_pending(host: str, daemon: str, answer: Mapping[str, Any]) -> Iterator[Finding]:
    """Find daemons that do not run the configuration on disk. Stopped daemons of load balancers are reported
    elsewhere."""
    if not answer.get("running"):
        if daemon == "nginx" and "running" in answer:
            yield Finding(
                (host,), "nginx does not run", "systemctl start nginx; journalctl --unit nginx says why it has ended"
            )
        return
    configuration = answer["configuration"]
    playbook = "deploy_web_servers.yml" if daemon == "nginx" else "deploy_load_balancers.yml"
    remedy = f"run {playbook}, which makes it what the inventory says"
    if configuration["pending"] == "reload" and configuration.get("loaded"):
        yield Finding(
            (host,), f"{daemon} runs what is on disk, but that is not what was deployed last", remedy, harmless=True
        )
    elif configuration["pending"]:
        yield Finding((host,), PENDING[configuration["pending"]].format(daemon), remedy)
    if configuration["unconfined"]:
        what = f"{daemon} was started before it was confined, and a reload does not change that"
        yield Finding(
            (host,), what, "run reboot_hosts.yml, which starts it anew while the host serves nobody", harmless=True
        )


def _is_reachable(said: Mapping[str, Mapping[str, Any]]) -> bool:
    return not any(answer.get("unreachable") for answer in said.values())


def _vip(seen: Seen, instance: str) -> dict[str, Any]:
    nodes = vrrp_status.find_setups(seen, instance)
    states: dict[str, Mapping[str, Any]] = {
        host: vrrp_status.find_instance(seen, host, instance) or {} for host in seen
    }
    holders = [host for host, state in states.items() if state.get("state") == "MASTER"]
    return {
        "instance": instance,
        "addresses": sorted({item["address"] for setup in nodes.values() for item in setup["addresses"]}),
        "holders": holders,
        "changes": [
            {"host": host, "seconds_ago": seconds} for seconds, host in vrrp_status.list_takeovers(states)[-MOST:]
        ],
        "seconds_held": min((states[host]["seconds_in_state"] for host in holders), default=0),
        "nodes": {
            host: {
                "state": state.get("state", "GONE"),
                "priority": state.get("effective_priority", nodes[host]["priority"] if host in nodes else 0),
                "seconds_in_state": state.get("seconds_in_state", 0),
                "transitions": state.get("times_master", 0) + state.get("times_released", 0),
            }
            for host, state in states.items()
            if state or host in nodes
        },
    }


def _web_server(said: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    nginx = said["nginx"]
    pending = nginx.get("configuration", {}).get("pending", "") if nginx.get("running") else ""
    return {
        "reachable": _is_reachable(said),
        "managed": "running" in nginx,
        "running": nginx.get("running", False),
        "pending": pending,
    }


def _node(
    said: Mapping[str, Mapping[str, Any]], haproxy: Mapping[str, Any] | None, keepalived: Mapping[str, Any] | None
) -> dict[str, Any]:
    haproxy, keepalived = haproxy or {}, keepalived or {}
    return {
        "reachable": _is_reachable(said),
        **{
            name: {
                "managed": name in said,
                "running": node.get("running"),
                "version": node.get("version", ""),
                **node.get("configuration", {}),
            }
            for name, node in (("haproxy", haproxy), ("keepalived", keepalived))
        },
        **{
            word: haproxy.get(word, 0)
            for word in ("uptime", "generation", "seconds_in_generation", "reloads_failed", "old_workers")
        },
    }


def _frontends(haproxy: Seen) -> dict[str, dict[str, dict[str, int]]]:
    """The connections of every frontend, and how many it accepts, on every load balancer."""
    found: dict[str, dict[str, dict[str, int]]] = {}
    for host, node in haproxy.items():
        for frontend in node.get("frontends", []):
            if frontend.get("limit"):
                found.setdefault(frontend["name"], {})[host] = {word: frontend[word] for word in ("sessions", "limit")}
    return found


def _backends(haproxy: Seen) -> dict[str, dict[str, dict[str, int]]]:
    """Count the servers of every backend that are up, down and out, for each load balancer. Backends without servers
    are omitted."""
    found: dict[str, dict[str, dict[str, int]]] = {}
    for host, node in haproxy.items():
        for backend in node.get("backends", []):
            counts = {word: backend[word] for word in ("up", "down", "out")}
            if any(counts.values()):
                found.setdefault(backend["name"], {})[host] = counts
    return found


def _servers(haproxy: Seen) -> dict[str, dict[str, dict[str, str]]]:
    """Whether each server of each backend is up, down or out, for each load balancer."""
    found: dict[str, dict[str, dict[str, str]]] = {}
    for host, node in haproxy.items():
        for server in node.get("servers", []):
            out = server["state"] != "ready" or not server["weight"]
            state = "out" if out else "up" if server["in_rotation"] else "down"
            found.setdefault(server["backend"], {}).setdefault(server["name"], {})[host] = state
    return found
