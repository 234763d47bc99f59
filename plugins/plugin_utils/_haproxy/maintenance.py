# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page that stands for sites while somebody works on them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .._input.rules import refuse_no_network
from .declared import Item, Variables
from .words import DIRECTORY, WORKERS, match_sources

PAGE = "maintenance.html"
MOST = 8000
"""Bytes of the page: HAProxy answers out of a buffer of 16 kB, in which headers have to fit as well."""

HOST = re.compile(r"(?:\*\.)?[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?")
EVERY = "*"

TEXT = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Back soon</title>
<body style="font: 18px/1.5 system-ui, sans-serif; max-width: 32em; margin: 20vh auto; padding: 0 1em">
<h1>Back soon</h1>
<p>We are working on this site. Please try again in a while.
"""


def build_rules(variables: Variables, challenges: str) -> list[str]:
    """Rules that answer with the page. C(challenges) is the condition of requests that an ACME authority makes."""
    wanted = variables["haproxy_maintenance"]
    if not wanted:
        return []
    conditions = [_match_host(name) for name in wanted["hosts"]]
    exception = f" !{{ {match_sources({WORKERS: workers})} }}" if (workers := wanted.get("allowed", [])) else ""
    if variables["haproxy_acme_servers"]:
        exception += f" !{challenges}"
    answer = (
        f"http-request return status 503 content-type text/html file {DIRECTORY}/{PAGE} "
        f"hdr Retry-After {wanted.get('retry_after', 600)} hdr Cache-Control no-store if"
    )
    return [f"{answer} {condition}{exception}" for condition in conditions]


def list_files(variables: Variables) -> list[Item]:
    """The page as a file."""
    wanted = variables["haproxy_maintenance"]
    return [{"path": PAGE, "content": wanted.get("page") or TEXT}] if wanted else []


def find_problems(wanted: Item) -> Iterator[str]:
    """Find what cannot be answered."""
    if not wanted:
        return
    hosts = wanted.get("hosts") or []
    if not hosts:
        yield "haproxy_maintenance has no hosts: names are needed, such as shop.example.com, or '*' for all sites"
    for name in hosts:
        if name != EVERY and not HOST.fullmatch(name):
            yield (
                f"haproxy_maintenance.hosts has '{name}': a name is needed, such as shop.example.com or *.example.com, "
                "or '*' for all sites"
            )
    for network in wanted.get("allowed", []):
        yield from refuse_no_network("haproxy_maintenance.allowed", network)
    if not str(wanted.get("retry_after", 600)).isdecimal():
        yield f"haproxy_maintenance.retry_after is '{wanted['retry_after']}': a number of seconds is needed"
    if len(str(wanted.get("page") or "").encode()) > MOST:
        yield f"haproxy_maintenance.page has more than {MOST} bytes, which HAProxy cannot answer at once: shorten it"


def _match_host(name: str) -> str:
    if name == EVERY:
        return "TRUE"
    method, pattern = ("end", name[1:]) if name.startswith("*.") else ("str", name)
    return f"{{ req.hdr(host),host_only -i -m {method} {pattern} }}"
