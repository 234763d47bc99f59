# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the keepalived that runs on this host says of its VRRP instances, and which peers its second chance hears."""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible_collections.evenkeel.ha_web.plugins.module_utils._finding import Run
from ansible_collections.evenkeel.ha_web.plugins.module_utils._unit import POLL, Unit

STATES = {0: "INIT", 1: "BACKUP", 2: "MASTER", 3: "FAULT"}
STANDBY = Path("/run/keepalived-track")
"""Where the role has the track files of planned moves."""
SECOND_CHANCE = Path("/etc/keepalived/second_chance.json")


class NoAnswer(Exception):
    """keepalived runs and does not say how it is."""


def state(run: Run, timeout: float) -> dict[str, Any]:
    """C(running), C(instances) and C(peers_heard) of this host, as the module keepalived_info returns them."""
    unit = Unit("keepalived", run).state()
    found = instances(_dump(run, unit.pid, timeout), time.time(), connections(run)) if unit.active else []
    return {"running": unit.active, "instances": found, "peers_heard": _peers_heard(run)}


def instances(dump: list[dict], now: float, served: Mapping[str, int]) -> list[dict]:
    """The instances of a dump in the words of VRRP; C(now) is the time of the dump in seconds since 1970."""
    return [
        {
            "name": data["iname"],
            "state": STATES.get(data["state"], "INIT"),
            "virtual_router_id": data["vrid"],
            "priority": data["base_priority"],
            "effective_priority": data["effective_priority"],
            "standing_by": _stands_by(data["iname"]),
            "addresses": [line.split()[0] for line in data.get("vips", [])],
            "connections": sum(served.get(line.split("/")[0], 0) for line in data.get("vips", [])),
            "seconds_in_state": round(now - data["last_transition"], 1),
            "times_master": stats["become_master"],
            "adverts_received": stats["advert_rcvd"],
            "adverts_sent": stats["advert_sent"],
        }
        for item in dump
        for data, stats in [(item["data"], item["stats"])]
    ]


def _stands_by(instance: str) -> bool:
    """Whether a planned move keeps the addresses away from this host."""
    try:
        return (STANDBY / f"standby_{instance}").read_text(encoding="ascii").split() != ["0"]
    except OSError:
        return False


def _dump(run: Run, pid: int, timeout: float) -> list[dict]:
    """Ask the main process for its dump. Raises NoAnswer if none comes in time."""
    rc, number, err = run(["keepalived", "--signum=JSON"])
    if rc:
        raise NoAnswer(f"keepalived was built without JSON, so it cannot be asked for its state: {err.strip()}")
    # The file of the process, which can have a /tmp of its own.
    file = Path(f"/proc/{pid}/root/tmp/keepalived.json")
    end = time.monotonic() + timeout
    file.unlink(missing_ok=True)
    os.kill(pid, int(number))
    while True:
        try:
            return json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            if time.monotonic() > end:
                raise NoAnswer(
                    f"keepalived (process {pid}) wrote no {file.name} within {timeout:g} s of being asked: see journalctl --unit keepalived"
                ) from None
        time.sleep(POLL)


def connections(run: Run) -> Counter[str]:
    """How many established TCP connections each of the host's addresses has."""
    _rc, out, _err = run(["ss", "--no-header", "--numeric", "--tcp", "state", "established"])
    places = (line.split()[2].rpartition(":")[0] for line in out.splitlines())
    return Counter(address.strip("[]").removeprefix("::ffff:") for address in places)


def _peers_heard(run: Run) -> list[str]:
    """The addresses of the peers to which packets would be passed on now."""
    try:
        tables = json.loads(SECOND_CHANCE.read_text(encoding="utf-8"))["tables"]
    except OSError:
        return []
    return [
        peer
        for table in tables
        for number, peer in enumerate(table["peers"], start=1)
        if "elements = " in run(["nft", "list", "set", table["family"], "evenkeel_second_chance", f"alive_{number}"])[1]
    ]
