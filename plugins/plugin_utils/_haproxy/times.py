# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find values that are no times, times that are too long for HAProxy, and times without a unit, which it takes for
milliseconds: C(client: 30) ends connections within a moment.

In plain mode they are what HAProxy takes them for, as in the files of those who know that."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean

from .declared import Sections, Variables

TIME = re.compile(r"([0-9]+)(us|ms|s|m|h|d)?")
"""A number with its unit. HAProxy reads no second one behind it."""
MICROSECONDS = {"us": 1, "ms": 10**3, "s": 10**6, "m": 6 * 10**7, "h": 36 * 10**8, "d": 864 * 10**8}
LONGEST = (2**31 - 1) * 10**3
"""Microseconds that fit into HAProxy's timers."""
OPTIONS = ("agent-inter", "downinter", "fastinter", "inter", "pool-purge-delay", "slowstart", "tcp-ut")
"""Options of servers that are times."""
INTERVALS = ("agent-inter", "downinter", "fastinter", "inter")
"""Those that have to be longer than 0."""


def problems(variables: Variables, sections: Sections) -> Iterator[str]:
    """C(sections) are the items of each kind, merged over their defaults."""
    if boolean(variables["haproxy_plain"]):
        return
    yield from _wrong("haproxy_hard_stop_after", variables["haproxy_hard_stop_after"])
    period = str(variables["haproxy_client_limits"].get("period", ""))
    yield from _find_too_long("haproxy_client_limits.period", period)
    yield from _bare("haproxy_client_limits.period", period)
    yield from _times("haproxy_timeouts", variables["haproxy_timeouts"])
    for agent in variables["haproxy_spoe_agents"]:
        yield from _times(f"haproxy_spoe_agents: {agent['name']}: timeouts", agent.get("timeouts", {}))
    for item in variables["haproxy_named_defaults"]:
        yield from _times(f"haproxy_named_defaults: {item['name']}: timeouts", item.get("timeouts", {}))
    for where, options in list_server_options(variables, sections):
        yield from _times(where, {name: value for name, value in options.items() if name in OPTIONS})
        for name in INTERVALS:
            if re.fullmatch("0+[a-z]*", str(options.get(name, ""))) and options[name] is not False:
                yield f"{where}.{name} is {options[name]}: more than 0 is needed"


def list_server_options(variables: Variables, sections: Sections) -> Iterator[tuple[str, dict[str, Any]]]:
    """The options of servers, with where they stand."""
    yield "haproxy_server_defaults", variables["haproxy_server_defaults"]
    for kind in ("backend", "listen"):
        for section in sections[kind]:
            where = f"haproxy_{kind}s: {section['name']}"
            yield f"{where}: server_options", section.get("server_options", {})
            for server in (*section.get("servers", []), *section.get("server_templates", [])):
                yield f"{where}: server {server.get('name') or server.get('prefix')}", server.get("options", {})


def _times(where: str, values: dict[str, Any]) -> Iterator[str]:
    for name, value in values.items():
        yield from _wrong(f"{where}.{name}", value)


def _wrong(where: str, value: Any) -> Iterator[str]:
    # False leaves a time out, as an empty text does where there is a single one.
    if value is not False and value != "" and "$" not in str(value) and not TIME.fullmatch(str(value)):
        shown = str(value).lower() if isinstance(value, bool) else f"'{value}'"
        yield f"{where} is {shown}: a number with its unit is needed, such as 500ms, 30s, 10m or 1h"
    yield from _find_too_long(where, str(value))
    yield from _bare(where, value)


def _find_too_long(where: str, text: str) -> Iterator[str]:
    found = TIME.fullmatch(text)
    if found and int(found.group(1)) * MICROSECONDS[found.group(2) or "ms"] > LONGEST:
        yield f"{where} is {text}: HAProxy counts up to 2147483647 milliseconds, which are 24 days; write at most 24d"


def _bare(where: str, value: Any) -> Iterator[str]:
    text = str(value)
    if text.isdigit() and int(text):
        yield f"{where} is {text}: HAProxy takes a number without a unit for milliseconds; write {text}s or {text}ms"
