# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""HAProxy reads 64 words of a line: longer lists go into files or several lines, and what cannot is a problem.

The length of a line has no limit: HAProxy makes room for it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

from .declared import Item, Variables

MOST = 64
"""Words of a line that HAProxy reads."""

INLINE = 16
"""Addresses that a condition has on its line. Several conditions can be on one line."""

LISTS = "lists"
"""Directory of files with long lists, below HAProxy's own."""
DIRECTORY = "/etc/haproxy"
TRUSTED, EXEMPT = f"{LISTS}/trusted_proxies.lst", f"{LISTS}/exempt_clients.lst"
BANNED, WORKERS = f"{LISTS}/banned_networks.lst", f"{LISTS}/maintenance_allowed.lst"

WORD = re.compile(r"""(?:\\.|"(?:\\.|[^"\\])*"|'[^']*'|[^\s#"'\\])+""")
FILE = re.compile(r".*\.(?:pem|crt|cer|cert)")
"""A certificate's path that is no directory's: HAProxy 2.6 reads one in a list of certificates for ever."""

FLAGS = {"-i": 1, "-n": 1, "-u": 1, "-M": 1, "-m": 2, "-f": 2}
"""Words that each flag of an C(acl) takes, its own among them."""
LAST = "--"
"""Ends the flags."""
OPERATORS = {"eq", "ge", "gt", "le", "lt"}
"""These hold for all numbers behind them, so such a line is not split."""


def match_sources(lists: Mapping[str, list[str]]) -> str:
    """The condition that a client has one of the addresses of the lists, which have the paths of their files."""
    files = [f"-f {DIRECTORY}/{path}" for path, addresses in lists.items() if len(addresses) > INLINE]
    inline = chain.from_iterable(addresses for addresses in lists.values() if len(addresses) <= INLINE)
    return " ".join(["src", *files, *inline])


def list_files(lists: Mapping[str, list[str]]) -> list[Item]:
    """Path and content of the files that match_sources() names."""
    return [
        {"path": path, "content": "".join(f"{address}\n" for address in addresses)}
        for path, addresses in lists.items()
        if len(addresses) > INLINE
    ]


def split_words(line: str) -> list[str]:
    """The words of a line as they are written, up to its comment."""
    words, at = [], 0
    while found := WORD.match(line, at + len(line[at:]) - len(line[at:].lstrip())):
        words.append(found.group(0))
        at = found.end()
    return words


def fit_line(line: str) -> list[str]:
    """The line, or several of the same meaning if it is an C(acl) of too many words: HAProxy joins those of one
    name."""
    words = split_words(line)
    if len(words) <= MOST or words[0] != "acl" or OPERATORS & set(words):
        return [line]
    head, files, rest = words[:3], [], words[3:]
    while rest and rest[0] in FLAGS:
        flag, rest = rest[: FLAGS[rest[0]]], rest[FLAGS[rest[0]] :]
        if flag[0] == "-f":
            files += flag
        else:
            head += flag
    last = rest[:1] if rest[:1] == [LAST] else []
    rest = rest[len(last) :]
    room = MOST - len(head) - len(files) - len(last)
    if room < 1:
        return [line]
    return [
        " ".join([*head, *(files if at == 0 else []), *last, *rest[at : at + room]]) for at in range(0, len(rest), room)
    ]


def fit_lines(lines: list[str]) -> list[str]:
    """The lines in their order, long ones split."""
    return [part for line in lines for part in fit_line(line)]


def fit_certificates(words: list[str], certificates: list[str], path: str) -> tuple[list[str], list[Item]]:
    """The words of a C(bind) line for its certificates, and the file that lists them if there are too many for the
    line, which has C(words) besides. The first certificate stays the default one."""
    named = [word for certificate in certificates for word in ("crt", certificate)]
    if len(words) + len(named) <= MOST:
        return named, []
    listed = [certificate for certificate in certificates if FILE.fullmatch(certificate)]
    found: list[str] = []
    for certificate in certificates:
        entry = ["crt-list", f"{DIRECTORY}/{path}"] if certificate in listed else ["crt", certificate]
        found += [] if entry[0] == "crt-list" and "crt-list" in found else entry
    return found, [{"path": path, "content": "".join(f"{certificate}\n" for certificate in listed)}]


def find_long_lines(variables: Variables, model: Mapping[str, Any]) -> list[str]:
    """A problem for every line that has too many words."""
    found = []
    for where, line in _list_lines(variables, model):
        number = len(split_words(line))
        if number > MOST:
            found.append(
                f"{where}: the line '{line[:60]} ...' has {number} words, and HAProxy reads {MOST}: use several lines, "
                "or a file of haproxy_files"
            )
    return found


def _list_lines(variables: Variables, model: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Every line with the variable that it comes from."""
    yield from (("haproxy_global_lines", line) for line in variables["haproxy_global_lines"])
    yield from (("haproxy_log", f"log {target}") for target in variables["haproxy_log"])
    yield "haproxy_retry_on", " ".join(["retry-on", *map(str, variables["haproxy_retry_on"])])
    yield from (("haproxy_stats_lines", line) for line in model["stats_lines"])
    for section in model["defaults"]:
        own = section["name"] in ("http", "tcp")
        where = "haproxy_defaults_lines" if own else f"haproxy_named_defaults: {section['name']}"
        yield from ((where, line) for line in section["lines"])
        yield from (("haproxy_options" if own else where, f"option {option}") for option in section["options"])
    for section in (*model["first"], *model["last"]):
        yield from ((f"haproxy_extra_sections: {section['kind']} {section['name']}", line) for line in section["lines"])
    for section in model["proxies"]:
        lines = [*section["lines"], *(f"bind {bind}" for bind in section["binds"])]
        servers = [f"server {server}" for server in section["servers"] + section["server_templates"]]
        yield from ((f"haproxy_{section['kind']}s: {section['name']}", line) for line in [*lines, *servers])
