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
    *("build_pull", "check_cluster_certificate_days", "check_cluster_html", "check_cluster_json"),
    *("check_cluster_title", "cluster_absent_load_balancers", "cluster_address", "cluster_address6"),
    *("bgp_bfd", "bgp_local_as", "bgp_peers", "bgp_rise", "cluster_anycast", "cluster_anycast6"),
    *("cluster_deploy_tasks", "cluster_drain", "cluster_drain_timeout", "cluster_haproxy"),
    *("cluster_health_url", "cluster_keepalived", "cluster_load_balancer_group", "cluster_min_in_rotation"),
    *("cluster_move_interval", "cluster_node_tasks", "cluster_on_drain_timeout", "cluster_release"),
    *("cluster_serial", "cluster_server_name", "cluster_servers", "cluster_up_timeout", "cluster_vip"),
    *("cluster_vip6", "cluster_vips", "cluster_virtual_router_id", "cluster_web_server_group"),
    *("cluster_canary_max_errors", "cluster_canary_min_requests", "cluster_canary_seconds", "cluster_canary_servers"),
    *("cluster_canary_weight", "cluster_former_release", "cluster_restore_tasks", "collect_diagnostics_to"),
    *("drill_confirmed", "drill_connections", "drill_download_url", "drill_faults", "drill_from"),
    *("drill_host", "drill_instance", "drill_interval", "drill_max_outage_ms", "drill_patience"),
    *(
        "drill_report",
        "drill_resolve",
        "drill_seconds",
        "drill_server",
        "drill_timeout",
        "drill_url",
        "drill_validate_certs",
    ),
    *("drill_web_server", "move_vip_force", "move_vip_instance", "move_vip_to", "prepare_sudo_user"),
    *("prepare_upgrade", "reboot_timeout", "roll_back_daemons", "show_changes_last"),
    *("shut_down_confirmed", "shut_down_timeout"),
    *("uninstall_confirmed", "uninstall_daemons", "uninstall_packages"),
    *("upgrade_packages", "upgrade_reboot", "watch_interval", "watch_times"),
)
"""Variables that the playbooks read, without those of the roles."""

PREFIXES = tuple(sorted({name.partition("_")[0] + "_" for name in VARIABLES}))
SIMILAR = 0.9
"""Similarity from which a name is taken for a misspelt one, 0-1. Others may be variables of the user's own."""
SIMILAR_GROUP = 0.85
"""The same for groups."""


def find_group_problems(groups: Mapping[str, Collection[str]]) -> list[str]:
    """Return a problem for each group without hosts if another group has nearly its name, or one problem if neither
    group has hosts. A cluster may lack one of the two."""
    empty = [name for name in GROUPS if not groups.get(name)]
    full = [name for name, hosts in groups.items() if hosts and name not in (*GROUPS, *IMPLICIT)]
    similar = {name: difflib.get_close_matches(name, full, n=1, cutoff=SIMILAR_GROUP) for name in empty}
    misspelt = [
        f"The inventory group {name} is empty or missing, but there is {others[0]}: rename {others[0]} to {name}."
        for name, others in similar.items()
        if others
    ]
    if misspelt or len(empty) < len(GROUPS):
        return misspelt
    return [f"The inventory groups {' and '.join(empty)} are empty or missing: put at least one host into one of them."]


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
