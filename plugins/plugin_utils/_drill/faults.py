# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The faults of a drill, and the order in which they are injected."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ...module_utils._suggestion import suggestion


@dataclass(frozen=True)
class Kind:
    """A fault: where it happens (the C(holder) of the VIP or a C(web) server), and how (host_fault can C(break) it, or
    it is a C(move), a C(drain) or a C(reboot)). C(needs) is C(vip) or C(anycast) if only such an instance has it."""

    title: str
    on: str
    how: str
    fault: str = ""
    unit: str = ""
    needs: str = ""


KINDS = {
    "vip_moved": Kind("planned move of the VIP", "holder", "move", needs="vip"),
    "node_drained": Kind("planned drain of a node", "holder", "drain", needs="anycast"),
    "haproxy_killed": Kind("HAProxy killed", "holder", "break", "killed", "haproxy"),
    "haproxy_hung": Kind("HAProxy hung", "holder", "break", "hung", "haproxy"),
    "keepalived_killed": Kind("keepalived killed", "holder", "break", "killed", "keepalived"),
    "bird_killed": Kind("BIRD killed", "holder", "break", "killed", "bird", needs="anycast"),
    "bird_hung": Kind("BIRD hung", "holder", "break", "hung", "bird", needs="anycast"),
    "network_cut": Kind("holder cut off from the network", "holder", "break", "cut"),
    "host_rebooted": Kind("holder rebooted", "holder", "reboot"),
    "web_server_killed": Kind("web server killed", "web", "break", "killed", "nginx"),
}

OF_INSTANCES = {
    "vip": "all nodes have the anycast addresses of drill_instance at the same time: name node_drained instead",
    "anycast": "drill_instance has no anycast addresses: name another instance, or leave the fault out",
}
"""Why a fault cannot be done, by what it needs."""


def plan(wanted: Any, settings: Mapping[str, float], anycast: bool = False) -> dict[str, Any]:
    """The faults in their order, and C(problems) that speak against them; C(settings) are seconds by the names of
    variables, C(anycast) says whether the instance has addresses that all nodes have."""
    problems = []
    if not isinstance(wanted, list) or not wanted:
        problems.append(f"drill_faults is {wanted!r}: a list of faults is needed, out of {', '.join(KINDS)}")
        wanted = []
    wanted = [str(name) for name in wanted]
    problems += [f"drill_faults has '{name}'{suggestion(name, KINDS)}" for name in wanted if name not in KINDS]
    given = "anycast" if anycast else "vip"
    problems += [
        f"drill_faults has '{name}', but {OF_INSTANCES[KINDS[name].needs]}"
        for name in wanted
        if name in KINDS and KINDS[name].needs not in ("", given)
    ]
    problems += [
        f"{name} is {value:g}: more than 0 seconds are needed" for name, value in settings.items() if value <= 0
    ]
    faults = [{"name": name, **asdict(KINDS[name])} for name in wanted if name in KINDS]
    return {"problems": problems, "faults": faults}
