# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find values that are no times, and times without a unit, which HAProxy takes for milliseconds: C(client: 30) ends
connections within a moment.

In plain mode they are what HAProxy takes them for, as in the files of those who know that."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean

from .declared import Sections, Variables

TIME = re.compile(r"[0-9]+|([0-9]+(us|ms|s|m|h|d))+|.*\$.*")
"""A number, with its unit or several of them, or what has an environment variable."""
OPTIONS = ("agent-inter", "downinter", "fastinter", "inter", "slowstart", "tcp-ut")
"""Options of servers that are times."""


def problems(variables: Variables, sections: Sections) -> Iterator[str]:
    """C(sections) are the items of each kind, merged over their defaults."""
    if boolean(variables["haproxy_plain"]):
        return
    yield from _wrong("haproxy_hard_stop_after", variables["haproxy_hard_stop_after"])
    yield from _bare("haproxy_client_limits.period", variables["haproxy_client_limits"].get("period", ""))
    yield from _times("haproxy_timeouts", variables["haproxy_timeouts"])
    for item in variables["haproxy_named_defaults"]:
        yield from _times(f"haproxy_named_defaults: {item['name']}: timeouts", item.get("timeouts", {}))
    yield from _server_times("haproxy_server_defaults", variables["haproxy_server_defaults"])
    for kind in ("backend", "listen"):
        for section in sections[kind]:
            where = f"haproxy_{kind}s: {section['name']}"
            yield from _server_times(f"{where}: server_options", section.get("server_options", {}))
            for server in (*section.get("servers", []), *section.get("server_templates", [])):
                name = server.get("name") or server.get("prefix")
                yield from _server_times(f"{where}: server {name}", server.get("options", {}))


def _times(where: str, values: dict[str, Any]) -> Iterator[str]:
    for name, value in values.items():
        yield from _wrong(f"{where}.{name}", value)


def _server_times(where: str, options: dict[str, Any]) -> Iterator[str]:
    yield from _times(where, {name: value for name, value in options.items() if name in OPTIONS})


def _wrong(where: str, value: Any) -> Iterator[str]:
    # False leaves a time out, as an empty text does where there is a single one.
    if value is not False and value != "" and not TIME.fullmatch(str(value)):
        shown = str(value).lower() if isinstance(value, bool) else f"'{value}'"
        yield f"{where} is {shown}: a number with its unit is needed, such as 500ms, 30s, 10m or 1h"
    yield from _bare(where, value)


def _bare(where: str, value: Any) -> Iterator[str]:
    text = str(value)
    if text.isdigit() and int(text):
        yield f"{where} is {text}: HAProxy takes a number without a unit for milliseconds; write {text}s or {text}ms"
