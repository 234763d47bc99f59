# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a drill records of its faults.

Times of a fault are in seconds from its beginning on the controller's clock, those of other hosts corrected by what the
module clock_offset has measured of them.
"""

from __future__ import annotations

from typing import Any, TypedDict


class Moment(TypedDict):
    """The end of a connection; C(used) says whether it had been there before."""

    at: float
    error: str
    used: bool


class Change(TypedDict):
    """An instance has entered a state on a host."""

    at: float
    host: str
    state: str


class Requests(TypedDict):
    """Measurement of requests. A row of C(seen) is a request: its beginning, how long it took, and the server that
    answered or None, with the error."""

    requests: int
    interval_ms: float
    lost: int
    errors: dict[str, int]
    outage_ms: int
    slowest_ms: int
    served: dict[str, int]
    seen: list[list[Any]]


class Connections(TypedDict):
    """Measurement of connections that are kept."""

    kept: int
    broken: int
    breaks: list[Moment]


class Download(TypedDict):
    """Measurement of a download."""

    download_bytes: int
    download_breaks: list[Moment]
    download_stall_ms: int
    download_spans: list[list[float]]


class Measured(Requests, Connections, Download):
    """Measurement of clients during a fault. What was lost or broke before the fault or after the recovery is
    C(noise): no other figure counts it."""

    noise: int


class Fault(Measured):
    """Cost of a fault, as measure() returns it."""

    name: str
    title: str
    host: str
    at: float
    ended: float
    recovered: float
    anycast: bool
    holder: str
    nodes: list[str]
    took_over: str
    holds: str
    transitions: list[Change]
    problem: str


class Drill(TypedDict):
    """C(site) is what it is called, C(began) in seconds since 1970, C(clocks) what clock_offset has returned by
    host."""

    site: str
    began: float
    faults: list[Fault]
    surprise: str
    limit_ms: float
    settings: dict[str, Any]
    versions: dict[str, str]
    clocks: dict[str, dict[str, float]]
