# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Faults of this host that end by themselves.

Before anything is broken, a timer of systemd is set that mends it. To mend it earlier is to start what the timer would
start. Nothing of a fault is on disk, so a reboot mends it as well."""

from __future__ import annotations

import shlex
import time
from dataclasses import dataclass
from pathlib import Path

from .run import Run

UNIT = "evenkeel-fault-heal"
BEGIN = "evenkeel-fault-begin"
TABLE = "netdev evenkeel_fault"
NETWORK = Path("/sys/class/net")
GRACE = 1.0
"""Seconds until the network is cut, in which the module can answer."""


class FaultError(Exception):
    """The fault was not done, or not mended; the text says what to do."""


@dataclass(frozen=True)
class Fault:
    """A fault and its repair, as shell commands. The repair must work whether or not the fault has happened.

    C(unit) has to run for it, and C(program) has to be there. C(delay) says how many seconds later it happens."""

    breaks: str
    heals: str
    unit: str = ""
    program: str = ""
    delay: float = 0.0


def kill_service(run: Run, unit: str) -> Fault:
    """All processes of the service are killed, and systemd does what it does then. Whatever that is, it runs
    afterwards."""
    name = shlex.quote(unit)
    breaks = f"systemctl kill --signal=KILL {shlex.quote(_process_unit(run, unit))}"
    return Fault(breaks, f"systemctl reset-failed {name} || :; systemctl start {name}", unit=unit)


def stop_processes(run: Run, unit: str) -> Fault:
    """All processes of the service exist and do nothing."""
    name, group = shlex.quote(unit), shlex.quote(_process_unit(run, unit))
    return Fault(
        f"systemctl kill --signal=STOP {group}",
        f"systemctl kill --signal=CONT {group} || :; systemctl start {name}",
        unit=unit,
    )


def _process_unit(run: Run, unit: str) -> str:
    """The unit of systemd that has all processes of the service. Those of a container are in a slice that it has for
    itself (docs/reference/containers.md), beside the command that is the service."""
    own = f"{unit}.slice"
    return own if run(["systemctl", "show", "--value", "--property=Slice", unit])[1].strip() == own else unit


def cut_interfaces(interfaces: list[str]) -> Fault:
    """Nothing comes in or goes out, ARP included, and the links stay up, as when a switch dies."""
    chains = " ".join(
        f'chain {way}{number} {{ type filter hook {way} device "{name}" priority -500; policy drop; }};'
        for number, name in enumerate(interfaces)
        for way in ("ingress", "egress")
    )
    breaks = f"nft {shlex.quote(f'table {TABLE} {{ {chains} }}')}"
    return Fault(breaks, f"nft delete table {TABLE} || :", program="nft", delay=GRACE)


def interfaces() -> list[str]:
    """All that lead to other hosts."""
    return sorted(path.name for path in NETWORK.iterdir() if path.name != "lo" and path.is_dir())


def is_pending(run: Run) -> bool:
    """Return whether a fault has not been repaired yet."""
    return run(["systemctl", "is-active", "--quiet", f"{UNIT}.timer"])[0] == 0


def start(run: Run, fault: Fault, seconds: float) -> float:
    """Do the fault, which ends by itself after so many seconds; returns when it happens, in seconds since 1970. Raises
    FaultError."""
    if fault.program and run(["sh", "-c", f"command -v {fault.program}"])[0]:
        raise FaultError(f"no fault was injected: this one needs {fault.program}, which is not installed; install it")
    if fault.unit and run(["systemctl", "is-active", "--quiet", fault.unit])[0]:
        raise FaultError(f"no fault was injected: {fault.unit} does not run; see systemctl status {fault.unit}")
    _run_later(run, UNIT, seconds + fault.delay, fault.heals)
    began = time.time() + fault.delay
    try:
        if fault.delay:
            _run_later(run, BEGIN, fault.delay, fault.breaks)
        else:
            _run_or_fail(run, ["sh", "-c", fault.breaks])
    except FaultError:
        heal(run)
        raise
    return began


def heal(run: Run) -> float:
    """Mend what the timer would mend, now; returns when that was done, in seconds since 1970. Raises FaultError if it
    could not be.

    The timer may do it at any moment, and both units are gone then."""
    # One that has not happened yet must not happen afterwards.
    run(["systemctl", "stop", f"{BEGIN}.timer"])
    try:
        _run_or_fail(run, ["systemctl", "start", f"{UNIT}.service"])
        done = time.time()
        _run_or_fail(run, ["systemctl", "stop", f"{UNIT}.timer"])
    except FaultError as error:
        if is_pending(run):
            raise FaultError(f"{error}; systemctl cat {UNIT}.service shows what has to be done") from error
        done = time.time()
    return done


def _run_later(run: Run, unit: str, seconds: float, command: str) -> None:
    _run_or_fail(
        run,
        [
            *(
                "systemd-run",
                "--quiet",
                f"--unit={unit}",
                f"--on-active={seconds:.3f}",
                "--timer-property=AccuracySec=1ms",
            ),
            *("--property=Type=oneshot", "--collect", "/bin/sh", "-c", command),
        ],
    )


def _run_or_fail(run: Run, argv: list[str]) -> None:
    rc, out, err = run(argv)
    if rc:
        raise FaultError(f"{shlex.join(argv)} has failed: {(err or out).strip() or f'status {rc}'}")
