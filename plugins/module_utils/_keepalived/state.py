# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""State of this host's keepalived: its VRRP instances, their configuration, the host's addresses, and the reachable
peers of second chance."""

from __future__ import annotations

import errno
import json
import os
import re
import time
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypedDict

from .._deployed.proven import configuration
from .._firewall.verdict import find_refusals
from .._host.run import Run
from .._host.system import Host, host_addresses, link_addresses
from .._host.unit import POLL, UnitState, read_states
from . import kernel_state
from . import rules as keepalived_rules
from .check import version
from .conf import parse
from .neighbours import Vip, find_foreign_owners
from .paths import KERNEL_STATE, SECOND_CHANCE, STATE
from .setup import list_watched_files, longest_silence, rt_priority, scripts, setup
from .shapes import Instance, Script, Setup

STATES = {0: "INIT", 1: "BACKUP", 2: "MASTER", 3: "FAULT"}
REFUSED = (
    *("packet_len_err", "advert_interval_err", "ip_ttl_err", "invalid_type_rcvd"),
    *("addr_list_err", "invalid_authtype", "authtype_mismatch", "auth_failure"),
)
"""Reasons for which keepalived discards adverts, as named in its statistics."""
ENTERED = re.compile(r"(?mi)^\[ *([\d.]+)\] .*\((\S+)\) entering (\w+) state")
"""A line of the journal, on the clock of time.monotonic(): an instance has entered a state."""
ASK_SECONDS = 1.0
"""How long to wait for machines that answer for a VIP."""
Transitions = dict[str, list[tuple[str, float]]]
"""The states that each instance has entered one after the other, and when."""
CLIENTS = 5
"""Maximum number of clients to list per instance."""


class NoAnswer(Exception):
    """keepalived runs and does not say how it is."""


class _Addresses(TypedDict, total=False):
    vips: list[str]


class Data(_Addresses):
    """The keys of an instance in keepalived's dump that are read; C(vips) may be missing."""

    iname: str
    state: int
    vrid: int
    base_priority: int
    effective_priority: int
    last_transition: float


class Dumped(TypedDict):
    """An instance of a dump. C(stats) counts, and a release of keepalived may count less than another."""

    data: Data
    stats: dict[str, int]


class Configured(TypedDict):
    """Configuration on disk: C(watched) has the content of a file by its name, None for no file."""

    rt_priority: int
    configured: list[Setup]
    scripts: list[Script]
    watched: dict[str, str | None]
    problems: list[str]


def state(run: Run, timeout: float, directory: str, settle: float, neighbours: bool) -> dict[str, Any]:
    """Gather the state of this host's keepalived, in the format of the module keepalived_info. Raises NoAnswer if it
    runs and does not answer."""
    units = read_states(run, ["keepalived", kernel_state.UNIT])
    unit = units["keepalived"]
    configured = _read_configuration(Path(directory) / "keepalived.conf")
    found = _await_settled(run, unit, timeout, settle, configured["configured"]) if unit.active else []
    network = run(["ip", "-json", "address", "show"])[1]
    own = link_addresses(network)
    return {
        "running": unit.active,
        "realtime": unit.active and is_realtime(unit.pid),
        "version": version(run) if unit.active else "",
        "uptime": int(time.monotonic() - unit.started) if unit.active else 0,
        "instances": found,
        "configuration": configuration("keepalived", directory, run),
        **configured,
        "kept_out": {item["name"]: rules for item in configured["configured"] if (rules := find_refusals(run, item))},
        "host_addresses": host_addresses(network),
        "link_addresses": own,
        "strangers": _find_strangers(configured["configured"], own) if neighbours else [],
        "peers_heard": _list_heard_peers(run),
        "kernel_deviations": kernel_state.read_deviations(run, units[kernel_state.UNIT].active, Path(directory)),
    }


def _await_settled(run: Run, unit: UnitState, timeout: float, settle: float, configured: list[Setup]) -> list[Instance]:
    """The instances, once none of them is about to change its state, but not later than after C(settle) seconds."""
    end = time.monotonic() + settle
    silences = {item["name"]: longest_silence(item) for item in configured}
    while True:
        dump = _request_dump(run, unit.pid, timeout)
        entries, now = read_transitions(run), time.monotonic()
        found = instances(
            dump,
            compute_ages(dump, entries, now, unit.started, time.time()),
            connections(run),
            entries,
            now,
            anycast_addresses(),
        )
        if time.monotonic() > end or not any(
            is_unsettled(item, silences.get(item["name"], 0), settle) for item in found
        ):
            return found
        time.sleep(POLL)


def is_unsettled(instance: Instance, silence: float, settle: float) -> bool:
    """Return whether a state is so new that it may change soon: a backup that may not have missed the master yet,
    checks that have just begun."""
    if instance["state"] == "MASTER":
        return False
    return instance["seconds_in_state"] < (silence if instance["state"] == "BACKUP" else settle)


def is_realtime(pid: int) -> bool:
    """Return whether one of the children of keepalived's main process runs with real-time priority."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
        return any(os.sched_getscheduler(int(child)) in (os.SCHED_FIFO, os.SCHED_RR) for child in children)
    except OSError:
        return False


def _read_configuration(file: Path) -> Configured:
    """The instances of the configuration, the files that they watch, and what makes it one that cannot fail over."""
    try:
        whole = parse(str(file), Host())
    except OSError:
        return {"rt_priority": 0, "configured": [], "scripts": [], "watched": {}, "problems": []}
    return {
        "rt_priority": rt_priority(whole),
        "configured": setup(whole),
        "scripts": scripts(whole),
        "watched": {file: _read_track_file(file) for file in list_watched_files(whole)},
        "problems": [finding.message for finding in keepalived_rules.findings(whole)],
    }


def read_transitions(run: Run) -> Transitions:
    """The states that each instance has entered, and when, in seconds on the clock of time.monotonic(), as the journal
    has it. A state that is entered anew, such as by a reload, counts from the first time."""
    command = "journalctl --quiet --boot --unit keepalived --output short-monotonic --lines 500"
    _rc, out, _err = run([*command.split(), "--grep", r"entering \w+ state"])
    found: Transitions = defaultdict(list)
    # With --grep, journalctl prints the latest first.
    for moment, name, state in sorted(ENTERED.findall(out), key=lambda entry: float(entry[0])):
        if not found[name] or found[name][-1][0] != state.upper():
            found[name].append((state.upper(), float(moment)))
    return dict(found)


def compute_ages(dump: list[Dumped], entries: Transitions, now: float, started: float, wall: float) -> dict[str, float]:
    """Return for how many seconds each instance of a dump has been in its state. C(now), C(entries) and C(started), the
    start of keepalived, are on the clock of time.monotonic(); C(wall) is in seconds since 1970.

    keepalived itself tells moments of a clock that somebody may have set since, so the journal's count before its own,
    where it has them. No age is below zero or above that of the process."""
    found = {}
    for data in (item["data"] for item in dump):
        state, moment = (entries.get(data["iname"]) or [("", 0.0)])[-1]
        age = now - moment if state == STATES.get(data["state"]) else wall - data["last_transition"]
        found[data["iname"]] = min(max(age, 0.0), max(now - started, 0.0))
    return found


def instances(
    dump: list[Dumped],
    seconds: Mapping[str, float],
    served: Mapping[str, list[str]],
    entries: Transitions,
    now: float,
    anycast: Mapping[str, list[str]],
) -> list[Instance]:
    """The instances of a dump in the words of VRRP; C(seconds) says for how long each is in its state, C(served) has
    the clients that are connected to each of the host's addresses, C(entries) the states that were entered before
    C(now), C(anycast) the addresses of instances that all nodes have at the same time."""
    return [
        {
            "name": data["iname"],
            "state": STATES.get(data["state"], "INIT"),
            "virtual_router_id": data["vrid"],
            "priority": data["base_priority"],
            "effective_priority": data["effective_priority"],
            "standing_by": _is_standing_by(data["iname"]),
            "addresses": [line.split()[0] for line in data.get("vips", [])],
            "connections": len(clients),
            "clients": clients[:CLIENTS],
            "seconds_in_state": round(seconds[data["iname"]], 1),
            "entered": [
                {"state": state, "seconds_ago": round(now - moment, 1)}
                for state, moment in entries.get(data["iname"], [])
            ],
            "times_master": stats["become_master"],
            "times_released": stats["release_master"],
            "adverts_received": stats["advert_rcvd"],
            "adverts_sent": stats["advert_sent"],
            "adverts_refused": {word: stats[word] for word in REFUSED if stats.get(word)},
        }
        for item in dump
        for data, stats in [(item["data"], item["stats"])]
        for held in [[line.split("/")[0] for line in data.get("vips", [])] + anycast.get(data["iname"], [])]
        for clients in [[client for address in held for client in served.get(address, [])]]
    ]


def _is_standing_by(instance: str) -> bool:
    """Return whether a planned move keeps the addresses away from this host."""
    return _read_track_file(str(STATE / f"standby_{instance}")) not in ("0", None)


def _read_track_file(file: str) -> str | None:
    """Read a file that keepalived tracks; None if it does not exist."""
    try:
        return Path(file).read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return None


def _request_dump(run: Run, pid: int, timeout: float) -> list[Dumped]:
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
            return take_dump(file)
        except (OSError, ValueError):
            if time.monotonic() > end:
                raise NoAnswer(
                    f"keepalived (process {pid}) wrote no {file.name} within {timeout:g} s of being asked: see "
                    "journalctl --unit keepalived"
                ) from None
        time.sleep(POLL)


def take_dump(file: Path, owner: int = 0) -> list[Dumped]:
    """The content of a JSON file, which is removed: a dump has the passwords of VRRP. Raises OSError or ValueError if
    there is none yet, or one that somebody else than its owner has put there."""
    with open(os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), encoding="utf-8") as stream:
        if os.fstat(stream.fileno()).st_uid != owner:
            raise PermissionError(errno.EPERM, "it belongs to another user", str(file))
        found: list[Dumped] = json.load(stream)
    file.unlink(missing_ok=True)
    return found


def connections(run: Run) -> dict[str, list[str]]:
    """The clients of the established TCP connections of each of the host's addresses, as address and port."""
    _rc, out, _err = run(["ss", "--no-header", "--numeric", "--tcp", "state", "established"])
    found: dict[str, list[str]] = defaultdict(list)
    for line in out.splitlines():
        place, client = line.split()[2:4]
        address = place.rpartition(":")[0].strip("[]").removeprefix("::ffff:")
        found[address].append(re.sub(r"^\[::ffff:(.*)\]", r"\1", client))
    return dict(found)


def anycast_addresses() -> dict[str, list[str]]:
    """The addresses that all nodes have at the same time, by their instances."""
    try:
        found: dict[str, list[str]] = json.loads(KERNEL_STATE.read_text(encoding="utf-8"))["anycast"]
    except (OSError, KeyError):
        return {}
    return found


def _find_strangers(configured: list[Setup], own: list[str]) -> list[dict[str, str]]:
    """The machines that answer for a VIP and for no node. VIPs on lo are left out, for which nobody answers, and so is
    everything where an interface cannot be used, which keepalived itself reports. C(own) are MAC addresses of this
    host, one of which all nodes have if the instance has a virtual one."""
    vips: list[Vip] = [
        {**place, "virtual_router_id": item["virtual_router_id"]}
        for item in configured
        for place in item["addresses"]
        if place["interface"] != "lo"
    ]
    nodes = [address for item in configured for address in (item["source"], *item["peers"]) if address]
    try:
        return [vars(answer) for answer in find_foreign_owners(vips, nodes, own, ASK_SECONDS)] if vips else []
    except OSError:
        return []


def _list_heard_peers(run: Run) -> list[str]:
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
