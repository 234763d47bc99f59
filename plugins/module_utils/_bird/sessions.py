# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The protocols of a running BIRD, as C(birdc show protocols all) tells of them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from .._host.run import Run

PROTOCOL = re.compile(r"^(\S+) +(BGP|Static) +\S+ +(up|down|start|stop|flush) +[\d:.-]+(?: [\d:.]+)? *(.*)$")
ROUTES = re.compile(r"Routes: +(\d+) imported,(?: +\d+ filtered,)? +(\d+) exported")
CHANNEL = re.compile(r"^  Channel (ipv[46])$")
FIELD = re.compile(r"^ +(Neighbor address|Neighbor AS|Last error): +(.*)$")


@dataclass
class Protocol:
    """One of BIRD's protocols. C(routes) has imported and exported routes by channel."""

    name: str
    kind: str
    state: str
    info: str
    fields: dict[str, str] = field(default_factory=dict)
    routes: dict[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def is_established(self) -> bool:
        return self.info.startswith("Established")

    @property
    def problem(self) -> str:
        """Why a session does not stand, in BIRD's words."""
        return self.fields.get("Last error", "") or self.info or self.state


def parse_protocols(out: str) -> list[Protocol]:
    """Parse the answer to C(show protocols all): the BGP and static protocols."""
    found: list[Protocol] = []
    current: Protocol | None = None
    channel = ""
    for line in out.splitlines():
        if line[:1].strip():
            head = PROTOCOL.match(line)
            current = Protocol(head[1], head[2], head[3], head[4].strip()) if head else None
            found += [current] if current else []
        elif current and (named := CHANNEL.match(line)):
            channel = named[1]
        elif current and (given := FIELD.match(line)):
            current.fields[given[1]] = given[2].strip()
        elif current and (routes := ROUTES.search(line)):
            current.routes[channel] = (int(routes[1]), int(routes[2]))
    return found


def read_protocols(run: Run) -> list[Protocol]:
    """The protocols of the running BIRD; none if it does not answer within some seconds."""
    try:
        rc, out, _err = run(["timeout", "5", "birdc", "show", "protocols", "all"])
    except OSError:
        return []
    return [] if rc else parse_protocols(out)


def count_routes(protocols: list[Protocol]) -> dict[str, int]:
    """How many addresses are announced at all, by channel."""
    found: dict[str, int] = {}
    for protocol in protocols:
        if protocol.kind == "Static":
            for channel, (imported, _exported) in protocol.routes.items():
                found[channel] = max(found.get(channel, 0), imported)
    return found


def find_missing(protocol: Protocol, wanted: dict[str, int]) -> str:
    """Why a peer does not have every route of its channels; empty if it has."""
    if not protocol.is_established:
        return f"the session with {protocol.fields.get('Neighbor address', protocol.name)} does not stand: " + (
            protocol.problem
        )
    for channel, (_imported, exported) in protocol.routes.items():
        if exported < wanted.get(channel, 0):
            return (
                f"{protocol.fields.get('Neighbor address', protocol.name)} gets {exported} of "
                f"{wanted[channel]} routes of {channel}"
            )
    return ""
