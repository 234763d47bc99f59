# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: drill_report
short_description: Measure what the faults of a drill have cost, and write its report
version_added: 0.1.0
description:
  - For the end of the playbook C(evenkeel.ha_web.drill_failover).
  - Puts the answers that clients got and the lines of the nodes' journals on one axis of time, and counts what was
    lost.
  - Writes the report as JSON, JUnit XML, a page of HTML and lines for a terminal. The page needs no other file, loads
    nothing and runs no script.
options:
  _input:
    description: The records of the drill.
    type: dict
    required: true
    suboptions:
      site:
        description: What the report calls the cluster.
        type: str
        required: true
      began:
        description: Beginning of the drill, in seconds since 1970.
        type: float
        required: true
      faults:
        description: The records of its faults, in their order.
        type: list
        elements: dict
        required: true
        suboptions:
          fault:
            description: An item of the C(faults) of P(evenkeel.ha_web.drill_plan#filter).
            type: dict
            required: true
          host:
            description: Host of the fault.
            type: str
            required: true
          holder:
            description: Node that had the VIP before the fault.
            type: str
            required: true
          nodes:
            description: All load balancers.
            type: list
            elements: str
            required: true
          instance:
            description: VRRP instance of the drill.
            type: str
            required: true
          anycast:
            description: Whether all nodes have the addresses of the instance.
            type: bool
            required: true
          began:
            description: Beginning of the fault, in seconds since 1970 on the controller's clock.
            type: float
            required: true
          ended:
            description: End of the fault, on the same clock.
            type: float
            required: true
          recovered:
            description: When the cluster had recovered, on the same clock; 0 if it has not.
            type: float
            required: true
          probe:
            description: Results of M(evenkeel.ha_web.http_probe).
            type: dict
            required: true
          journals:
            description: Journals by node, as C(journalctl --output short-unix) prints them. They are those of
              keepalived, or with C(anycast) of the program that announces the addresses.
            type: dict
            required: true
          clocks:
            description: Results of M(evenkeel.ha_web.clock_offset) by node, and of the clients' host by the name
              C(clients).
            type: dict
            required: true
          problem:
            description: What went wrong with this fault; empty if nothing did.
            type: str
            required: true
      surprise:
        description: Why the drill has stopped; empty if it has not.
        type: str
        required: true
      limit_ms:
        description: Longest outage that is allowed, in milliseconds; 0 for any.
        type: float
        required: true
      settings:
        description: Texts by name, for the table of settings.
        type: dict
        required: true
      versions:
        description: Text with the versions of each host, by its name.
        type: dict
        required: true
      clocks:
        description: Results of M(evenkeel.ha_web.clock_offset) by host.
        type: dict
        required: true
author:
  - The evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
page: "{{ (drill | evenkeel.ha_web.drill_report).html }}"
"""

RETURN = r"""
_value:
  description: The report in several forms, and why the drill has failed.
  type: dict
  contains:
    json:
      description:
        - The input as JSON, in which each of C(faults) has its figures. Moments are in seconds after the beginning of
          the fault, except that of the beginning itself (C(at)), which is in seconds since 1970.
        - C(seen) has every request, as a list of when it began, how many seconds it took, who answered (null if it was
          lost) and what went wrong (null if nothing did).
        - C(requests) is their number, C(lost) how many of them the fault cost, C(errors) these by reason. C(noise) is
          what was lost or broke before the fault or after the recovery. C(served) is how many each server has answered.
        - C(outage_ms) is the longest time without a good answer, C(slowest_ms) the slowest good answer, and
          C(interval_ms) the resolution.
        - C(kept) is the number of kept connections, C(broken) how many of them broke while in use, and C(breaks) when
          and why.
        - C(download_bytes) is how much has come of the download, C(download_spans) from when to when something came,
          C(download_stall_ms) the longest pause, and C(download_breaks) when and why it broke.
        - C(took_over) is the node that had the VIP first after C(holder); empty for none. C(holds) is the one that had
          it last. C(transitions) are the changes of state in the journals, each with C(at), C(host) and C(state).
      type: str
    xml:
      description: The report as JUnit XML, with a test case for each fault.
      type: str
    html:
      description: The report as a page.
      type: str
    lines:
      description: The report as lines for a terminal.
      type: list
      elements: str
    problems:
      description: Why the drill has failed, one line for each reason; empty if it has not.
      type: list
      elements: str
"""

import json
from collections.abc import Mapping
from typing import Any, cast

from ansible.utils.unsafe_proxy import wrap_var

from ..plugin_utils._drill.junit import junit, text
from ..plugin_utils._drill.measure import measure
from ..plugin_utils._drill.page import page
from ..plugin_utils._drill.record import Drill
from ..plugin_utils._drill.summary import list_problems


def report(records: Mapping[str, Any]) -> dict[str, Any]:
    """Measure every fault, and write the report in all forms. It has texts of hosts, which are no templates."""
    drill = cast(Drill, {**records, "faults": [measure(record) for record in records["faults"]]})
    forms = {
        "json": json.dumps(drill) + "\n",
        "xml": junit(drill),
        "html": page(drill),
        "lines": text(drill).splitlines(),
        "problems": list_problems(drill),
    }
    return cast(dict[str, Any], wrap_var(forms))


class FilterModule:
    """Measure what the faults of a drill have cost, and write its report."""

    def filters(self) -> dict:
        return {"drill_report": report}
