# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Misspelt names of the inventory's groups and of the playbooks' variables. Each problem is one line."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping
from typing import Any

GROUPS = ("load_balancers", "web_servers")
IMPLICIT = ("all", "ungrouped")
VARIABLES = (
    *("build_pull", "check_cluster_certificate_days", "check_cluster_json"),
    *("cluster_absent_load_balancers", "cluster_address", "cluster_address6", "cluster_deploy_tasks", "cluster_drain"),
    *("cluster_drain_timeout", "cluster_health_url", "cluster_min_in_rotation", "cluster_move_interval"),
    *("cluster_node_tasks", "cluster_on_drain_timeout", "cluster_release", "cluster_serial", "cluster_server_name"),
    *("cluster_up_timeout", "cluster_vip", "cluster_vip6", "cluster_vips"),
    *("drill_confirmed", "drill_connections", "drill_download_url", "drill_faults", "drill_from", "drill_instance"),
    *("drill_interval", "drill_max_outage_ms", "drill_patience", "drill_report", "drill_seconds", "drill_server"),
    *("drill_timeout", "drill_url", "drill_validate_certs", "drill_web_server", "move_vip_instance", "move_vip_to"),
    *("prepare_sudo_user", "prepare_upgrade", "reboot_timeout", "shut_down_confirmed", "shut_down_timeout"),
    *("upgrade_packages", "upgrade_reboot"),
)
"""Variables that the playbooks read, without those of the roles."""

PREFIXES = tuple(sorted({name.partition("_")[0] + "_" for name in VARIABLES}))
SIMILAR = 0.9
"""Similarity from which a name is taken for a misspelt one, 0-1. Others may be variables of the user's own."""


def find_empty_groups(groups: Mapping[str, Collection[str]]) -> list[str]:
    """Return a problem for each required group without hosts, with the most similar group that has some."""
    full = [name for name, hosts in groups.items() if hosts and name not in (*GROUPS, *IMPLICIT)]
    return [
        f"The inventory group {name} is empty or missing: put at least one host into it{_suggest_group(name, full)}."
        for name in GROUPS
        if not groups.get(name)
    ]


def _suggest_group(name: str, full: list[str]) -> str:
    similar = difflib.get_close_matches(name, full, n=1)
    return f", or rename {similar[0]}, if that is meant" if similar else ""


def find_misspelt(names: Collection[str]) -> Iterator[str]:
    """Return a problem for each variable of a host whose name is nearly that of a playbook's variable.

    A similar name beside the right one is the user's own variable."""
    missing = [known for known in VARIABLES if known not in names]
    for name in names:
        if name.startswith(PREFIXES) and name not in VARIABLES:
            for known in difflib.get_close_matches(name, missing, n=1, cutoff=SIMILAR):
                yield f"{name} is not a variable of the playbooks; did you mean {known}?"


def find_misspelt_variables(hosts: list[str], hostvars: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return the problems of all hosts; what several have in common is reported of the first."""
    found: dict[str, str] = {}
    for host in hosts:
        for problem in find_misspelt(list(hostvars[host])):
            found.setdefault(problem, host)
    return [f"{host}: {problem}" for problem, host in found.items()]
