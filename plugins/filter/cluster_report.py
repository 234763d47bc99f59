# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: cluster_report
short_description: Report the state of a cluster and what is wrong with it
version_added: 0.1.0
description:
  - Combines the results of M(evenkeel.ha_web.keepalived_info) and M(evenkeel.ha_web.haproxy_info) from every load
    balancer, and finds problems of single hosts and between hosts.
  - Writes the report as data, as lines for a terminal, as a page of HTML, and as changes since an earlier one.
options:
  _input:
    description:
      - Results of the modules by host name. A load balancer has C(keepalived) and C(haproxy), a web server has C(nginx)
        (of M(evenkeel.ha_web.nginx_info)) and C(unfinished) (of M(ansible.builtin.find)). Each may have C(changes) (of
        M(evenkeel.ha_web.config_changes_info)).
      - A host that cannot be reached, or a module that has failed, is reported as a finding.
    type: dict
    required: true
  certificate_days:
    description: A certificate that expires within this number of days is a finding.
    type: int
    default: 14
  folder:
    description: Directory of the playbooks, for commands that can be pasted. If it is empty, there are no commands.
    type: str
    default: ""
  inventories:
    description: Inventories of these commands.
    type: list
    elements: str
    default: []
  before:
    description: The C(report) of an earlier call, for C(changes). If it is empty, these describe the state as
      if everything had changed.
    type: dict
    default: {}
  title:
    description: Heading of the page of HTML.
    type: str
    default: Cluster
  moment:
    description: When the hosts were asked, in seconds since 1970, for that page.
    type: float
    default: 0
author:
  - The evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
status: "{{ {'lb1': {'haproxy': haproxy, 'keepalived': vrrp}} | evenkeel.ha_web.cluster_report(certificate_days=30) }}"
"""

RETURN = r"""
_value:
  description:
    - C(table) has lines for a terminal, with two for each finding, which are the problem and the remedy, and with
      commands. C(summary) is a sentence.
    - C(page) is one page of HTML that needs no other file, loads nothing and runs no script.
    - C(changes) has one line for each change since O(before). Numbers within findings, such as times and connections,
      are not compared.
    - C(log) has the lines of a table of all logged changes, the latest first.
    - C(report) is the same as data. Its C(healthy) is false if there is a finding that is not C(harmless). Its
      C(findings) have C(hosts), C(what), C(remedy) and C(harmless).
    - Its C(vips) has every VRRP instance with its C(addresses), C(holders), C(seconds_held), and by C(nodes) C(state),
      C(priority), C(seconds_in_state) and C(transitions). C(changes) has the latest changes of the holder, the oldest
      first, each with C(host) (that took it) and C(seconds_ago).
    - Its C(anycast) has what each node announces, with its C(sessions), the C(exported) routes and C(bfd) by router,
      and the C(connections) of its clients.
    - Its C(load_balancers) has versions, reloads and configurations, C(frontends) the C(sessions) and C(limit) of each
      by load balancer, C(backends) the number of servers that are C(up), C(down) and C(out), C(servers) which of these
      each of them is, C(certificates) those of every load balancer and of web servers that have some, C(web_servers)
      whether they run the configuration on disk, C(last_changes) the last change of each host.
  type: dict
"""

from collections.abc import Mapping, Sequence
from typing import Any

from ..plugin_utils._status.changes import list_changes
from ..plugin_utils._status.log import list_entries, list_rows
from ..plugin_utils._status.page import build_page
from ..plugin_utils._status.report import build_report
from ..plugin_utils._status.table import build_lines, columns


def describe_cluster(
    asked: Mapping[str, Mapping[str, Any]],
    certificate_days: int = 14,
    folder: str = "",
    inventories: Sequence[str] = (),
    before: Mapping[str, Any] | None = None,
    title: str = "Cluster",
    moment: float = 0,
) -> dict[str, Any]:
    """Build the report as data, as lines for a terminal, as a page and as changes, and the log of changes."""
    report = build_report(asked, certificate_days)
    return {
        "report": report,
        **build_lines(report, folder, inventories),
        "page": build_page(report, title, moment, folder, inventories),
        "changes": list_changes(report, before),
        "log": columns(list_rows(list_entries(asked))),
    }


class FilterModule:
    """Report the state of a cluster and what is wrong with it."""

    def filters(self) -> dict:
        return {"cluster_report": describe_cluster}
