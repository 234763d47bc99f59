# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: keepalived_plan
short_description: Check the variables of the role keepalived and derive what its templates print
version_added: 0.1.0
description:
  - Merges the defaults of instances, groups, scripts and what is tracked.
  - Derives the interface of an instance that names none. It is the one that has the node's address in the network of
    the VIP; else the one in whose network the VIP is, the one with the node's address, or that of the default route, in
    this order.
  - Reports values of a wrong type, variables that the role does not have, and what cannot work together, such as a
    virtual router id that is used twice, a VIP outside every subnet of its interface, or a weight that moves nothing.
  - Derives priorities, source addresses and unicast peers from the ordered lists of nodes, gives every address its
    device and every instance what it tracks. An instance whose C(nodes) does not name the node is left out.
positional: base, options, facts
options:
  _input:
    description: The variables of the role P(evenkeel.ha_web.keepalived#role) by their names.
    type: dict
    required: true
  base:
    description:
      - The defaults below those of the inventory. C(timings) by profile; C(instance), C(sync_group), C(script),
        C(track_file) and C(track_process); C(global_lines).
      - Settings of the role's own programs, as C(heartbeat), C(metrics), C(parameter_files), C(state_directory) and
        C(watch_directory).
    type: dict
    required: true
  proxies:
    description: The C(proxies) of the model that P(evenkeel.ha_web.haproxy_plan#filter) has made for the same host. A
      VIP of an IP version for which none of them has a bind is a problem. If it is empty, that is not looked at.
    type: list
    elements: dict
    default: []
    version_added: 0.2.0
extends_documentation_fragment: [evenkeel.ha_web.plan, evenkeel.ha_web.earlier]
author:
  - The evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
plan: "{{ variables | evenkeel.ha_web.keepalived_plan(base, options, ansible_facts) }}"
"""

RETURN = r"""
_value:
  description:
    - C(problems), one line for each, C(model), which is empty if there are problems, and C(names), the services of this
      plan and of those before.
    - The model has the lists C(instances), C(sync_groups), C(scripts), C(track_files), C(track_processes) and
      C(global_lines) as the template prints them; C(multicast), interface and router id of every instance without
      unicast; C(second_chance), what lets connections outlive a move, and C(has_second_chance); C(node_addresses);
      C(vips) to ask for before the first deployment, C(near) on the interface of the adverts and C(apart) on others;
      C(secrets), the passwords; C(companions), units that run beside keepalived; C(programs), the settings of the
      role's own programs; and C(watch_reports), the files that the watcher writes.
  type: dict
"""

from collections.abc import Iterable, Mapping
from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean

from ..plugin_utils._cluster.served import find_unserved_vips
from ..plugin_utils._input.plan import with_sources
from ..plugin_utils._input.text import with_decrypted_texts
from ..plugin_utils._keepalived.plan import plan


def plan_with_proxies(
    variables: dict[str, Any],
    base: dict[str, Any],
    options: Mapping[str, Mapping[str, Any]],
    facts: Mapping[str, Any],
    earlier: Iterable[str] = (),
    proxies: Iterable[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Return the plan of the role, in which haproxy has to listen at every VIP."""
    made = plan(variables, base, options, facts, earlier)
    if not made["model"] or boolean(variables["keepalived_accept_unserved_vips"]):
        return made
    unserved = find_unserved_vips(made["model"]["instances"], proxies, variables["keepalived_virtual_servers"])
    return {**made, "problems": unserved, "model": {}, "names": list(earlier)} if unserved else made


class FilterModule:
    """Check the variables of the role keepalived and derive what its templates print."""

    def filters(self) -> dict:
        return {"keepalived_plan": with_decrypted_texts(with_sources(plan_with_proxies))}
