# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: drill_measure
short_description: Say what a fault has cost
version_added: 0.1.0
description:
  - Puts what clients have seen and what the nodes' journals say on one axis of time, and counts.
options:
  _input:
    description:
      - C(fault) (of P(evenkeel.ha_web.drill_plan#filter)), C(host), C(holder) and C(nodes) before it, C(instance),
        C(anycast) (whether all nodes have its addresses), C(began), C(ended) and C(recovered) (seconds since 1970 on
        the controller's clock; the last is 0 if the cluster has not recovered), C(probe) (what
        M(evenkeel.ha_web.http_probe) has returned),
      - C(journals) by node, of keepalived or with C(anycast) of the program that announces (as C(journalctl --output
        short-unix) prints them), C(clocks) (what M(evenkeel.ha_web.clock_offset) has returned by host, and for the
        clients under C(clients)), and C(problem), which is empty if all went well.
    type: dict
    required: true
author:
  - The evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
result: "{{ record | evenkeel.ha_web.drill_measure }}"
"""

RETURN = r"""
_value:
  description:
    - The figures, and every request. Moments are in seconds after the beginning of the fault, except that of the
      beginning itself (C(at)), which is in seconds since 1970.
  type: dict
  contains:
    seen:
      description:
        - Every request as a list of when it began, how many seconds it took, who answered (null if it was lost) and
          what went wrong (null if nothing did).
      type: list
      elements: list
    requests:
      description:
        - How many requests there were, and how many of them the fault cost (C(lost)); C(errors) counts these by reason.
          C(noise) counts what was lost or broke before the fault or after the recovery.
      type: int
    outage_ms:
      description:
        - The longest time without a good answer, in milliseconds. C(slowest_ms) is the slowest good answer,
          C(interval_ms) the resolution.
      type: int
    served:
      description: How many requests each server has answered.
      type: dict
    kept:
      description: How many connections were kept, C(broken) of them while in use; C(breaks) says when and why.
      type: int
    download_bytes:
      description:
        - How much has come of the download, in bytes; C(download_spans) says from when to when something came,
          C(download_stall_ms) the longest pause, and C(download_breaks) when and why it broke.
      type: int
    took_over:
      description: Who had the VIP first after C(holder), which had it before; empty for nobody. C(holds) is who had it
        last.
      type: str
    transitions:
      description: What the journals say, each with C(at), C(host) and C(state).
      type: list
      elements: dict
"""

from ..plugin_utils._drill.measure import measure


class FilterModule:
    """Say what a fault has cost."""

    def filters(self) -> dict:
        return {"drill_measure": measure}
