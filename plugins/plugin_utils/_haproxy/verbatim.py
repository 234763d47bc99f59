# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find verbatim lines that would change the meaning of the role's own lines around them. Each problem is one line."""

from __future__ import annotations

from collections.abc import Iterator

from .declared import Sections, Variables
from .frontend_rules import read_keyword

SECTIONS = {
    "backend": "haproxy_backends",
    "cache": "haproxy_extra_sections",
    "crt-store": "haproxy_extra_sections",
    "defaults": "haproxy_named_defaults",
    "fcgi-app": "haproxy_extra_sections",
    "frontend": "haproxy_frontends",
    "global": "haproxy_global_lines",
    "http-errors": "haproxy_extra_sections",
    "listen": "haproxy_listens",
    "log-forward": "haproxy_extra_sections",
    "log-profile": "haproxy_extra_sections",
    "mailers": "haproxy_extra_sections",
    "peers": "haproxy_peers",
    "program": "haproxy_extra_sections",
    "resolvers": "haproxy_extra_sections",
    "ring": "haproxy_extra_sections",
    "traces": "haproxy_extra_sections",
    "userlist": "haproxy_userlists",
}
"""Words that begin a section, and the variable in which it belongs."""


def problems(variables: Variables, sections: Sections) -> Iterator[str]:
    """C(sections) are the items of each kind, merged over their defaults."""
    for where, lines in _lists(variables, sections):
        yield from _conditions(where, lines)
        for line in lines:
            if read_keyword(line) in SECTIONS:
                yield (
                    f"{where}: '{line}' begins another section, to which the following lines of this one would belong; "
                    f"it belongs into {SECTIONS[read_keyword(line)]}"
                )
    yield from _inherited_rules(variables)


def _lists(variables: Variables, sections: Sections) -> Iterator[tuple[str, list[str]]]:
    """All lists of verbatim lines, by where the inventory has them."""
    for name in ("global", "defaults", "stats"):
        yield f"haproxy_{name}_lines", variables[f"haproxy_{name}_lines"]
    for name in ("named_defaults", "peers", "extra_sections"):
        for item in variables[f"haproxy_{name}"]:
            yield f"haproxy_{name}: {item['name']}", item.get("lines", [])
    for kind, found in sections.items():
        for item in found:
            yield f"haproxy_{kind}s: {item['name']}", item.get("lines", [])


def _conditions(where: str, lines: list[str]) -> Iterator[str]:
    """Blocks that are not closed in the list in which they are opened would take in lines of the role."""
    depth = 0
    for line in lines:
        word = read_keyword(line)
        depth += (word == ".if") - (word == ".endif")
        if depth < 0 or (not depth and word in (".elif", ".else")):
            yield f"{where}: '{line}' has no .if before it in these lines"
            return
    if depth:
        yield f"{where}: .if has no .endif in these lines, and the lines behind them would belong to its condition"


def _inherited_rules(variables: Variables) -> Iterator[str]:
    """Rules of defaults sections, which HAProxy applies before those of a frontend, and so before the role's own."""
    headers = [name.rstrip("*").lower() for name in variables["haproxy_removed_headers"]]
    places = [("haproxy_defaults_lines", variables["haproxy_defaults_lines"])]
    places += [
        (f"haproxy_named_defaults: {item['name']}", item.get("lines", []))
        for item in variables["haproxy_named_defaults"]
    ]
    for where, lines in places:
        for line in lines:
            words = [read_keyword(line), *line.split()[1:]]
            accepts = words[:2] == ["http-request", "allow"] or (
                words[0] == "tcp-request"
                and words[1:3] in (["connection", "accept"], ["session", "accept"])
                and (variables["haproxy_client_limits"] or variables["haproxy_banned_networks"])
            )
            read = words[0] == "http-request" and next((name for name in headers if f"({name}" in line.lower()), "")
            if accepts or read:
                why = "ends the rules" if accepts else f"reads the header {read}"
                yield (
                    f"{where}: '{line}' {why} before the role's own rules against forged headers and too many "
                    "connections, because HAProxy applies rules of defaults first; write it into the lines of the "
                    "frontends, or into haproxy_frontend_defaults.lines"
                )
