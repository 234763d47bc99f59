# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a configuration of HAProxy does: each section with everything that it inherits, as ordered lists by kind of
directive, so that two configurations can be compared whatever order and sections they are written in.

Of a directive that has one value, the last one counts. Rules, servers and listeners are lists. The order between kinds
does not matter to HAProxy, except that default-server counts for the servers after it, and that everything may depend
on a condition."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from .._haproxy.times import OPTIONS as TIME_OPTIONS
from .haproxy_text import EXPANDED, Config, Line, Section, Word
from .haproxy_words import (
    BIND_FLAGS,
    BIND_VALUES,
    SERVER_FLAGS,
    SERVER_VALUES,
    normalise_address,
    normalise_time,
    split_options,
)

Effect = tuple[str, ...]
"""The words of a directive in one spelling."""

Effects = dict[str, dict[str, list[Effect]]]
"""By section (keyword and name) and by kind of directive."""

PROXIES = ("frontend", "backend", "listen")
SINGLE = set(
    re.findall(
        r"\S+",
        """
    backlog balance cookie default_backend description dispatch error-log-format fullconn guid hash-balance-factor
    hash-type http-reuse id load-server-state-from-file log-format log-format-sd log-tag max-keep-alive-queue maxconn
    mode monitor-uri nbthread persist retries retry-on server-state-file-name source stick-table unique-id-format
    unique-id-header user group chroot node localpeer
    """,
    )
)
"""Directives that have one value."""

SINGLE_BY_NAME = {"timeout", "option", "errorfile", "errorloc", "errorloc302", "errorloc303", "rate-limit"}
"""Directives that have one value for each name that follows them."""

CHECKS = (
    "external-check httpchk ldap-check mysql-check pgsql-check redis-check smtpchk spop-check ssl-hello-chk tcp-check"
)
FORMATS = "clf httplog httpslog tcplog"
MODES = "forceclose http-keep-alive http-server-close http-tunnel httpclose"
RIVALS = {
    "log-format": "format of the log",
    **{f"option {name}": "format of the log" for name in FORMATS.split()},
    **{f"option {name}": "kind of the check" for name in CHECKS.split()},
    **{f"option {name}": "mode of connections" for name in MODES.split()},
}
"""Directives that supersede each other, by what they decide."""

ENVIRONMENT = ("setenv", "presetenv", "resetenv", "unsetenv")
"""Directives for variables of the environment, which count for the lines after them."""

TIMES = ("timeout", "hard-stop-after")
"""Directives whose last word is a time."""

BY_NAME = {*SINGLE_BY_NAME, "stats", "tcp-request", "tcp-response", "compression", "email-alert"}
NUMBER = re.compile(r"^0+(\d+)$")
CONDITIONAL = "under a condition"
ADMIN_SOCKETS = ("/run/haproxy/admin.sock", "/var/run/haproxy/admin.sock")
"""The administrative socket of the role, which decides on its mode and its group."""


def list_effects(config: Config) -> Effects:
    """What every section does; the defaults are expanded into the sections that begin with them."""
    found: Effects = {}
    for section in config.sections:
        if section.kind == "defaults":
            continue
        key = f"{section.kind} {section.name}".strip()
        mine = found.setdefault(key, {})
        if section.kind == "userlist":
            mine["user"] = sorted(_users(section))
            continue
        if section.kind in PROXIES:
            mine["mode"] = [("mode", "tcp")]
        parts = _parts(section, config)
        conditional = [line for part in parts for line in part.conditional if not _is_free(line)]
        _apply([line for part in parts for line in part.lines if line not in conditional], mine)
        if section.address:
            mine.setdefault("bind", []).extend(_binds(section.head.words[1:]))
        if conditional:
            mine[CONDITIONAL] = [line.values for line in conditional]
    if config.conditions:
        found[CONDITIONAL] = {"sections": [line.values for block in config.conditions for line in block]}
    return found


def list_differences(before: Effects, after: Effects) -> list[str]:
    """One line for everything that the second does not do, or does in another order."""
    found = []
    for section, kinds in before.items():
        if section not in after:
            found.append(f"{section}: the section is missing")
            continue
        for kind, wanted in kinds.items():
            found += [f"{section}: {line}" for line in _compare(wanted, after[section].get(kind, []))]
    return found


def list_additions(before: Effects, after: Effects) -> list[str]:
    """One line for everything that only the second does."""
    return [
        f"{section}: {' '.join(effect)}"
        for section, kinds in after.items()
        for kind, effect_list in kinds.items()
        for effect in effect_list
        if effect not in before.get(section, {}).get(kind, [])
    ]


def _compare(wanted: list[Effect], got: list[Effect]) -> Iterator[str]:
    missing = [effect for effect in wanted if effect not in got]
    yield from (f"'{' '.join(effect)}' is missing" for effect in missing)
    left = iter(got)
    moved = next((effect for effect in wanted if not missing and effect not in left), None)
    if moved:
        yield f"'{' '.join(moved)}' stands before others that it stood behind"


def _parts(section: Section, config: Config) -> list[Section]:
    """The section, after the defaults that it begins with."""
    if section.kind not in (*PROXIES, "defaults") or section.defaults is None:
        return [section]
    return [*_parts(config.sections[section.defaults], config), section]


def _apply(lines: Iterable[Line], found: dict[str, list[Effect]]) -> None:
    defaults: Effect = ()
    for line in lines:
        _add_environment(line, found)
        negated = line.values[0] in ("no", "default") and len(line.values) > 1
        words = line.words[1:] if negated else line.words
        first = words[0].value
        kind = " ".join(word.value for word in words[:2]) if first in BY_NAME else first
        if negated and first == "log":
            found[kind] = []
        elif is_admin_socket(line.values):
            found.setdefault(kind, []).append(("stats socket", "of the role", _level(words)))
        elif first in TIMES:
            found[kind] = [(*line.values[:-1], normalise_time(line.values[-1]))]
        elif negated and kind in RIVALS:
            # It takes its own option back, and leaves what another one has decided.
            decided = [effect for effect in found.get(RIVALS[kind], []) if effect[: len(words)] != _plain(words)]
            found[RIVALS[kind]] = decided or [line.values]
        elif first in SINGLE or first in SINGLE_BY_NAME:
            found[RIVALS.get(kind, kind)] = [tuple(NUMBER.sub(r"\1", value) for value in line.values)]
        elif first == "bind" and len(words) > 1:
            found.setdefault(kind, []).extend(_binds(words))
        elif first == "default-server":
            defaults = (*defaults, *_options(words[1:], SERVER_FLAGS, SERVER_VALUES))
        elif first in ("server", "server-template") and len(words) > 2:
            place = 3 if first == "server" else 4
            head = [word.value for word in words[1 : place - 1]]
            address = normalise_address(words[place - 1].value) if len(words) >= place else ""
            own = _options(words[place:], SERVER_FLAGS, SERVER_VALUES)
            found.setdefault(kind, []).append((first, *head, address, *own, *(f"({text})" for text in defaults)))
        else:
            found.setdefault(kind, []).append(_plain(line.words))


def find_decision(values: tuple[str, ...]) -> str:
    """What a directive of one value decides, negated or not."""
    words = values[1:] if values[0] in ("no", "default") and len(values) > 1 else values
    kind = " ".join(words[:2]) if words[0] in BY_NAME else words[0]
    return RIVALS.get(kind, kind)


def _add_environment(line: Line, found: dict[str, list[Effect]]) -> None:
    """Add a line that sets a variable of the environment, or uses one after it is set, to those before it."""
    uses = any(EXPANDED in value for value in line.values)
    if line.values[0] in ENVIRONMENT or (uses and "environment" in found):
        found.setdefault("environment", []).append(line.values)


def is_admin_socket(values: tuple[str, ...]) -> bool:
    """Whether a line of the global section is the administrative socket of the role."""
    return values[:2] == ("stats", "socket") and len(values) > 2 and values[2] in ADMIN_SOCKETS


def _is_free(line: Line) -> bool:
    """Whether a line behind a condition does the same before it: the socket of the role."""
    return line.depth == 0 and is_admin_socket(line.values)


def _level(words: tuple[Word, ...]) -> str:
    options = dict(split_options(words[3:], BIND_FLAGS, BIND_VALUES) or [])
    return options.get("level", "operator")


def _plain(words: Iterable[Word]) -> Effect:
    return tuple(word.value for word in words)


def _binds(words: tuple[Word, ...]) -> list[Effect]:
    own = _options(words[2:], BIND_FLAGS, BIND_VALUES)
    return [("bind", normalise_address(address), *own) for address in words[1].value.split(",") if address]


def _options(words: Iterable[Word], flags: set[str], values: set[str]) -> Effect:
    """The options sorted by their names; those of one name keep their order."""
    listed = list(words)
    split = split_options(listed, flags, values)
    if split is None:
        return tuple(word.value for word in listed)
    named = sorted(split, key=lambda option: option[0])
    return tuple(f"{name} {_spell_option(name, value)}".strip() for name, value in named)


def _spell_option(name: str, value: str) -> str:
    return normalise_time(value) if name in TIME_OPTIONS else value


def _users(section: Section) -> Iterator[Effect]:
    """Every user with the groups, wherever these are named."""
    groups: dict[str, list[str]] = {}
    for line in section.lines:
        values = line.values
        if values[0] == "group" and values[2:3] == ("users",):
            for user in values[3].split(","):
                groups.setdefault(user, []).append(values[1])
    for line in section.lines:
        values = line.values
        if values[0] == "user" and len(values) > 3:
            own = values[5].split(",") if values[4:5] == ("groups",) else []
            yield ("user", *values[1:4], *sorted({*groups.get(values[1], []), *own}))
