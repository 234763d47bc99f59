# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Problems of the host names by which a frontend chooses a backend."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .._input.rules import find_repeated
from .declared import Sections, Variables
from .sections import find_mode, find_modes

HOST = re.compile(r"(\*\.)?[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*", re.IGNORECASE)


def problems(variables: Variables, sections: Sections) -> Iterator[str]:
    """Find host names that are none, are repeated, lead to no backend, or stand in a frontend of mode tcp."""
    modes = find_modes(variables)
    known = {section["name"]: None for section in sections["backend"] + sections["listen"]}
    for section in sections["frontend"]:
        where, hosts = f"haproxy_frontends: {section['name']}: hosts", section.get("hosts", [])
        if hosts and find_mode(section, modes, variables["haproxy_mode"]) != "http":
            yield f"{where} is set in mode tcp, where requests have no host name; leave it out, or use mode http"
        yield from find_repeated(where, "name", [host["name"].lower() for host in hosts])
        for host in hosts:
            if not HOST.fullmatch(host["name"]):
                yield f"{where} has '{host['name']}': a host name is needed, such as shop.example.com or *.example.com"
            if host["backend"] not in known:
                yield (
                    f"{where}: backend of {host['name']} is '{host['backend']}', which does not exist; there are "
                    f"{', '.join(known) or 'no backends'}"
                )
