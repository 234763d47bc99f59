# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: cluster_import
short_description: Translate the configuration of a running cluster into an inventory
version_added: 0.2.0
description:
  - For the playbook C(evenkeel.ha_web.import_cluster).
  - Reads the files of HAProxy, keepalived and nginx, and writes the variables of the roles that print the same, in
    plain mode. Typed variables where the roles have types, verbatim lines for everything else.
  - Comments stay where they stand. Passwords become references to variables in files of their own.
positional: additions
options:
  _input:
    description:
      - What was read of each host, by its name. C(files) are results of M(ansible.builtin.slurp), C(listing) lines with
        mode, owner, group, size and path of all files, C(links) paths of symbolic links, C(unread) paths of files that
        could not be read, C(processes) the command lines of the daemons, C(kernel) lines of C(sysctl), C(packaged)
        configuration files of packages with their checksums, C(firewall) rules for VRRP, C(connection) the variables by
        which it is reached, and C(problem) why it could not be read.
      - With O(folder), a list of results of M(ansible.builtin.slurp).
    type: raw
    required: true
  additions:
    description: Variables of the roles by their names, for the report on what they add without plain mode.
    type: dict
    required: true
  folder:
    description: Directory on the controller below which each host has a directory of its name.
    type: path
author:
  - The evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
inventory: "{{ collected | evenkeel.ha_web.cluster_import(additions) }}"
"""

RETURN = r"""
_value:
  description:
    - C(files) of the inventory, each with C(path), C(content) and C(mode).
    - C(problems), one line for each host or file that could not be read.
  type: dict
"""

from ansible.utils.unsafe_proxy import wrap_var

from ..plugin_utils._import.cluster import import_cluster
from ..plugin_utils._import.hosts import read_folder, read_hosts
from ..plugin_utils._import.report import list_additions


def cluster_import(collected, additions, folder=""):
    """Return the files of an inventory. They have references to variables, which are not for now."""
    hosts = read_folder(collected, str(folder)) if folder else read_hosts(collected)
    return wrap_var(import_cluster(hosts, list_additions(additions)))


class FilterModule:
    """Translate the configuration of a running cluster into an inventory."""

    def filters(self) -> dict:
        return {"cluster_import": cluster_import}
