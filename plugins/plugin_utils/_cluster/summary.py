# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The end of a deployment in a few lines: where the site is, who serves it, what has changed, and what to do next."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ...module_utils._address import bracket

WEB_PORT, TLS_PORT = "80", "443"


def summarize_site(
    seen: Mapping[str, Mapping[str, Any]],
    addresses: list[str],
    frontends: list[dict[str, Any]],
    changed: list[str],
    hosts: list[str],
    folder: str,
    inventories: Iterable[str],
    trial: bool = False,
) -> list[str]:
    """The lines. C(seen) is what the module keepalived_info has returned, C(addresses) are those that clients use,
    C(trial) is a run in check mode."""
    names = [host for host in hosts if host in changed]
    command = " ".join(
        ["ansible-playbook", *(f"-i {shlex.quote(name)}" for name in inventories), shlex.quote(f"{folder}/{{}}")]
    )
    return [
        f"Site:     {' '.join(_list_urls(addresses, frontends)) or 'no address is known'}",
        *_describe_holders(seen),
        f"{'Changes: ' if trial else 'Changed: '} {', '.join(names) or 'nothing'}",
        *(["Run this again without --check to make these changes."] if trial and names else []),
        *([] if trial else [f"Check it: {command.format('check_cluster.yml')}"]),
        *(
            []
            if trial or not seen
            else [f"Try it:   {command.format('drill_failover.yml')} (breaks things on purpose)"]
        ),
    ]


def _list_urls(addresses: list[str], frontends: list[dict[str, Any]]) -> Iterator[str]:
    """The URLs at which the frontends listen, or port 80 where there is none."""
    binds = [bind for frontend in frontends for bind in frontend.get("binds") or []] or [{"port": WEB_PORT}]
    for address in addresses:
        host = bracket(address.partition("/")[0])
        found = [
            f"https://{host}{'' if port == TLS_PORT else f':{port}'}/"
            if bind.get("certificates")
            else f"http://{host}{'' if port == WEB_PORT else f':{port}'}/"
            for bind in binds
            for port in [str(bind.get("port"))]
            if port.isdigit()
        ]
        yield from dict.fromkeys(found)


def _describe_holders(seen: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """One line for each VIP: its holder, and the nodes that can take it over."""
    states: dict[str, dict[str, str]] = {}
    for host, node in seen.items():
        for instance in node.get("instances", []):
            states.setdefault(instance["name"], {})[host] = instance["state"]
    for name, nodes in states.items():
        holders = [host for host, state in nodes.items() if state == "MASTER"]
        backups = [host for host, state in nodes.items() if state == "BACKUP"]
        ready = f"{', '.join(backups)} can take it over" if backups else "no other node can take it over"
        yield f"VIP:      {name} is held by {', '.join(holders) or 'nobody'}; {ready}"
