# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""State of this host's BIRD: what it announces and why, and its sessions."""

from __future__ import annotations

import json
import os
import re
from typing import Any

from .._deployed.proven import configuration
from .._host.run import Run
from .._host.unit import Unit
from .check import STATE_DIRECTORY
from .sessions import Protocol, count_routes, find_missing, read_protocols

BFD = re.compile(r"^([0-9a-fA-F.:]+) +\S+ +(Up|Down|Init|AdminDown) ", re.MULTILINE)


def state(run: Run, directory: str) -> dict[str, Any]:
    """Gather the state in the format of the module bird_info. Raises SetError and OSError."""
    running = Unit("bird", run).state().active
    protocols = read_protocols(run) if running else []
    paths = read_paths(run) if running else {}
    return {
        "running": running,
        "answers": bool(protocols),
        **read_announcement(),
        "peers": [_describe_peer(item, protocols, paths) for item in protocols if item.kind == "BGP"],
        "guarded": run(["nft", "list", "table", "inet", "evenkeel_bird"])[0] == 0 if running else False,
        "configuration": configuration("bird", directory, run),
    }


def read_announcement(directory: str = STATE_DIRECTORY) -> dict[str, Any]:
    """What is announced, and the files because of which it is not C(ready)."""
    try:
        with open(os.path.join(directory, "state.json"), encoding="utf-8") as stream:
            found = json.load(stream)
    except (OSError, ValueError):
        found = {}
    return {
        "announced": found.get("announced", ""),
        "unwell": found.get("unwell", []),
        "standing_by": found.get("standing_by", []),
    }


def read_paths(run: Run) -> dict[str, bool]:
    """Whether BFD finds each of its neighbours alive."""
    rc, out, _err = run(["timeout", "5", "birdc", "show", "bfd", "sessions"])
    return {address: word == "Up" for address, word in BFD.findall(out)} if rc == 0 else {}


def _describe_peer(item: Protocol, protocols: list[Protocol], paths: dict[str, bool]) -> dict[str, Any]:
    address = item.fields.get("Neighbor address", "")
    return {
        "address": address,
        "as": int(item.fields.get("Neighbor AS", "0")),
        "established": item.is_established,
        "exported": sum(exported for _imported, exported in item.routes.values()),
        "bfd": paths.get(address),
        "problem": find_missing(item, count_routes(protocols)),
    }
