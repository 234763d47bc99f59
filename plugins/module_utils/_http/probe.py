# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Clients of all kinds at once, for as long as somebody wants it, and what they have seen as plain data."""

from __future__ import annotations

import re
import socket
import ssl
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from .clients import Client, Download, KeepAlive, Prober
from .results import Break

POLL = 0.05
"""Seconds between two looks at the file."""


class ProbeError(Exception):
    """The clients cannot begin; the text says why and what to do."""


@dataclass(frozen=True)
class Place:
    """Destination of a URL."""

    host: str
    port: int
    path: str
    name: str
    tls: ssl.SSLContext | None


def parse_url(url: str, validate_certs: bool, address: str = "", site: str = "") -> Place:
    """Take a URL apart. Its name is looked up once, so that a slow resolver is not taken for a slow site. C(address) is
    used instead of what the name resolves to, and C(site) is the name to ask for instead of the URL's. Raises
    ProbeError."""
    parts = urlsplit(url)
    try:
        port = parts.port or {"http": 80, "https": 443}[parts.scheme]
        name = parts.hostname or ""
        host = socket.getaddrinfo(address or name, port, type=socket.SOCK_STREAM)[0][4][0]
    except (KeyError, ValueError):
        raise ProbeError(f"'{url}' is no URL that can be requested: use one such as http://192.0.2.10/") from None
    except OSError as error:
        raise ProbeError(
            f"{url}: {error.strerror}; say which address to use, or repair name resolution on this host"
        ) from error
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    tls = _make_tls_context(validate_certs) if parts.scheme == "https" else None
    return Place(str(host), port, path, site or name, tls)


def _make_tls_context(validate_certs: bool) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if not validate_certs:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def probe(params: dict[str, Any]) -> dict[str, Any]:
    """Ask as the options of the module http_probe say, and return what it returns. Raises ProbeError."""
    try:
        re.compile(params["server"])
    except re.error as error:
        raise ProbeError(f"server is '{params['server']}', which is no regular expression: {error}") from None
    ways = (params["validate_certs"], params["address"], params["site"])
    site = parse_url(params["url"], *ways)
    common = {"timeout": params["timeout"], "tls": site.tls, "name": site.name}
    asking = Prober(
        site.host, site.port, path=site.path, interval=params["interval"], server=params["server"], **common
    )
    keeping = KeepAlive(site.host, params["connections"], port=site.port, path=site.path, **common)
    clients: list[Client] = [asking, keeping]
    loading = None
    if params["download_url"]:
        large = parse_url(params["download_url"], *ways)
        loading = Download(
            large.host, large.port, path=large.path, timeout=params["timeout"], tls=large.tls, name=large.name
        )
        clients.append(loading)
    clock = time.time() - time.monotonic()
    with ExitStack() as stack:
        for client in clients:
            stack.enter_context(client)
        _wait_for_end(params, asking)
    if params["while_exists"]:
        Path(params["while_exists"]).unlink(missing_ok=True)
    return {
        "requests": _tabulate_requests(asking, clock),
        "kept": {
            "connections": params["connections"],
            "answers": keeping.answers,
            "breaks": _tabulate_breaks(keeping.breaks, clock),
        },
        "download": {
            "bytes": loading.bytes if loading else 0,
            "pieces": [round(clock + moment, 3) for moment in loading.pieces] if loading else [],
            "breaks": _tabulate_breaks(loading.breaks, clock) if loading else [],
        },
    }


def _wait_for_end(params: dict[str, Any], asking: Prober) -> None:
    """Wait until the time is over or the file is gone; writes into the file as soon as somebody was served."""
    end = time.monotonic() + params["seconds"]
    file = Path(params["while_exists"]) if params["while_exists"] else None
    told = False
    while time.monotonic() < end and (file is None or file.exists()):
        if file and not told and any(result.ok for result in list(asking.results)):
            told = _write_served(file)
        time.sleep(min(POLL, max(0.0, end - time.monotonic())))


def _write_served(file: Path) -> bool:
    """Say in the file that somebody was served; a file that has gone in between is not made again."""
    try:
        with file.open("r+", encoding="ascii") as opened:
            opened.write("served\n")
    except FileNotFoundError:
        return False
    return True


def _tabulate_requests(asking: Prober, clock: float) -> dict[str, Any]:
    """The requests as columns, in the order of time; texts stand once, and rows have their numbers."""
    results = sorted(asking.results, key=lambda result: result.start)
    servers = sorted({result.server for result in results if result.ok})
    errors = sorted({result.error for result in results if not result.ok})
    began = results[0].start if results else time.monotonic()
    return {
        "began": round(clock + began, 6),
        "interval": asking.interval,
        "timeout": asking.timeout,
        "servers": servers,
        "errors": errors,
        # From 0 on a server, below it an error: -1 is the first one.
        "outcome": [
            servers.index(result.server) if result.ok else -1 - errors.index(result.error) for result in results
        ],
        "start_ms": [round(1000 * (result.start - began), 1) for result in results],
        "latency_ms": [round(1000 * result.latency, 1) for result in results],
    }


def _tabulate_breaks(breaks: list[Break], clock: float) -> list[dict[str, Any]]:
    return [{"at": round(clock + found.moment, 6), "error": found.error, "used": found.used} for found in breaks]
