# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From HAProxy's configuration to the variables of the role haproxy: typed where the role has types and the line says
nothing else, verbatim for everything else."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

from .._haproxy.exposure import has_open_admin, is_open_socket
from .._haproxy.times import OPTIONS as TIME_OPTIONS
from .haproxy_effect import ENVIRONMENT, PROXIES, find_decision, is_admin_socket
from .haproxy_text import EXPANDED, NAMELESS, SECTIONS, Config, Line, Section, Word
from .haproxy_words import (
    BIND_FLAGS,
    BIND_VALUES,
    SERVER_FLAGS,
    SERVER_VALUES,
    WORD,
    spell_time,
    split_address,
    split_options,
)
from .values import Path, Template, Translation, join_texts, parse_scalar

PLAIN: dict[str, Any] = {"haproxy_plain": True}
"""With it, the role adds nothing to what is written."""

OWN_DEFAULTS = ("http", "tcp", "local")
"""Names of defaults sections that are the role's."""

DEFAULTS = {"log": ["/dev/log local0 notice"], "hard-stop-after": "12h", "mworker-max-reloads": 50}
"""Values that plain mode takes for not set, because they are the role's defaults: they are written as lines."""

OWN_BASE = "local"
"""The defaults section of the role's own listeners, which are there in plain mode as well."""

OWN_LISTENER = "health"
"""The name of the role's listener, which is there in plain mode as well."""

OWN_LINES = ("server-state-file /run/haproxy-reload/server-state", "load-server-state-from-file global")
"""Lines of the role that are there in plain mode as well."""

HEALTH_PORT = 8405
"""The default of haproxy_health_port, where the role listens in plain mode as well."""

HEALTH_URI = "/healthz"
"""The default of haproxy_health_uri."""

PORT = re.compile(r":(\d+)\b")

TYPED_GLOBAL = {
    "maxconn": "maxconn",
    "hard-stop-after": "hard_stop_after",
    "mworker-max-reloads": "mworker_max_reloads",
}
SECRET_OPTIONS = ("tcp-md5sig", "ca-sign-pass", "dynamic-cookie-key", "cluster-secret")
HASH = re.compile(r"\$[0-9a-z]+\$\S+")

HOST = re.compile(r"\w[\w.-]*")
"""An address of IPv4 or a name, without a port."""

OPTION = re.compile(r"[a-z0-9][a-z0-9-]*")
"""A name of an option or of a time-out."""

Item = dict[str, Any]


@dataclass
class _Defaults:
    """The variables or the item that takes the lines of a defaults section, and its names for them."""

    holder: Item
    place: Path
    names: dict[str, str]

    def dictionary(self, key: str) -> dict[str, Any]:
        """The options or time-outs."""
        found: dict[str, Any] = self.holder.setdefault(self.names[key], {})
        return found

    def lines(self) -> list[Any]:
        """The verbatim lines."""
        found: list[Any] = self.holder.setdefault(self.names["lines"], [])
        return found

    def path(self, key: str, *further: str) -> Path:
        """Where a value stands."""
        return (*self.place, self.names[key], *further)


def translate(config: Config) -> Translation:
    """The variables, with the comments where they stand, secrets apart, and remarks on what could not be kept."""
    return _Translator(config).run()


class _Translator:
    """The translation as it grows."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.own = _find_own(config.sections)
        self.found = Translation()
        self.bases: dict[int, str] = {}
        self.waiting: list[str] = []
        """Comments of lines that are left out, which the next one takes."""

    def run(self) -> Translation:
        """Translate every section."""
        found = self.found
        found.variables.update({**PLAIN, "haproxy_log": [], "haproxy_global_lines": []})
        for block in self.config.conditions:
            self._condition(block)
        for line in self.config.outside:
            self._left(line, "it stands outside of all sections: move it into one")
        self._name_defaults()
        for section in self.config.sections:
            self._section(section)
        self._choose_health_port()
        found.comment(("haproxy_end",), [*self.waiting, *self.config.comments])
        found.variables = {
            name: value for name, value in found.variables.items() if value != [] or name == "haproxy_log"
        }
        return found

    def _choose_health_port(self) -> None:
        """The port of the role's listener: the one that it has already, or one that is free."""
        sections = self.config.sections
        own = [section for section in self.own if section.kind == "frontend"]
        taken = _list_ports(own or sections)
        port = next(iter(taken)) if own and taken else HEALTH_PORT
        if not own and HEALTH_PORT in taken:
            port = next(number for number in range(HEALTH_PORT + 1, 65536) if number not in taken)
            line = taken[HEALTH_PORT]
            what = f"haproxy_health_port is {port}, because {HEALTH_PORT} is taken here"
            self.found.remark("note", line.place, line.text, what)
        if port != HEALTH_PORT:
            self.found.variables["haproxy_health_port"] = port
        for line in (line for section in own for line in section.lines):
            if line.values[0] == "monitor-uri" and line.values[1:] != (HEALTH_URI,):
                self.found.variables["haproxy_health_uri"] = line.raw(1)

    def _section(self, section: Section) -> None:
        if section in self.own:
            return
        section.lines = [line for line in section.lines if line.text not in OWN_LINES]
        self._accept_statistics(section)
        handlers = {"global": self._global, "defaults": self._defaults, "userlist": self._userlist}
        if section.kind in PROXIES:
            self._proxy(section)
        elif section.kind in handlers:
            handlers[section.kind](section)
        else:
            self._extra(section)

    def _condition(self, block: list[Line]) -> None:
        """Report a condition on whole sections. Its branches may have sections of one name, so none is translated."""
        first, last = block[0], block[-1]
        what = (
            f"the role has no conditions on whole sections, so everything from {first.place} to {last.place} is left "
            "out: add the sections that these hosts need to the inventory"
        )
        self._left(first, what)
        for line in block:
            if line.values[0] in SECTIONS:
                self._left(line, f"it counts under the condition at {first.place} only: see there")

    def _left(self, line: Line, why: str) -> None:
        self.found.remark("left", line.place, line.text, why)

    def _changed(self, line: Line, what: str) -> None:
        self.found.remark("changed", line.place, line.text, what)

    def _append(self, path: Path, items: list[Any], value: Any, line: Line) -> None:
        """Add an item with the comments of its line."""
        self._comment((*path, len(items)), line)
        items.append(value)

    def _comment(self, path: Path, line: Line) -> None:
        self.found.comment(path, [*self.waiting, *line.comments])
        self.waiting = []

    def _drop(self, line: Line) -> None:
        """Leave a line out, and keep its comments for the next one."""
        self.waiting += line.comments

    # Global section

    def _global(self, section: Section) -> None:
        self._drop(section.head)
        variables = self.found.variables
        lines = variables["haproxy_global_lines"]
        verbatim = section.conditional + self._list_dependent(section)
        logs = [line.raw(1) for line in section.lines if line.values[0] == "log" and line not in verbatim]
        for line in section.lines:
            first, values = line.values[0], line.values
            number = int(values[1]) if values[1:2] and values[1].isdecimal() else values[-1]
            setting = spell_time(values[-1]) if first == "hard-stop-after" else number
            if is_admin_socket(values):
                self._admin_socket(line)
            elif line in verbatim:
                self._append(("haproxy_global_lines",), lines, self._text(line), line)
            elif first == "log" and logs != DEFAULTS["log"] and len(values) > 1:
                self._append(("haproxy_log",), variables["haproxy_log"], self._text(line, 1), line)
            elif first in TYPED_GLOBAL and self._is_setting(first, setting) and len(values) == 2:
                name = f"haproxy_{TYPED_GLOBAL[first]}"
                variables[name] = setting
                self._comment((name,), line)
            else:
                self._append(("haproxy_global_lines",), lines, self._text(line), line)

            if is_open_socket(list(values)):
                self._accept(
                    "haproxy_accept_unprotected_socket", line, "everybody who reaches it administrates HAProxy"
                )

    def _list_dependent(self, section: Section) -> list[Line]:
        """The log targets, if one of them uses variables of the environment that the section may set before it."""
        setting = [line for line in section.lines if line.values[0] in ENVIRONMENT]
        logs = [line for line in section.lines if line.values[0] == "log"]
        before = self.config.sections[: self.config.sections.index(section)]
        if setting and any(other.kind != "global" for other in before):
            self._changed(setting[0], "the role has one global section before all others, for which it counts as well")
        return logs if setting and any(EXPANDED in value for line in logs for value in line.values) else []

    @staticmethod
    def _is_setting(name: str, value: str | int) -> bool:
        """Whether the role takes the value for the setting: a variable of the environment is left as a line."""
        typed = isinstance(value, int) or (name == "hard-stop-after" and OPTION.fullmatch(value) is not None)
        return typed and value != DEFAULTS.get(name)

    def _accept(self, variable: str, line: Line, risk: str) -> None:
        """Accept a risk that the pair has already, and name it."""
        self.found.variables[variable] = True
        self.found.remark(
            "note", line.place, line.text, f"{risk}: {variable} accepts it; mend it and remove the variable"
        )

    def _inherited(self, section: Section) -> list[str]:
        """The lines that a section has from its defaults."""
        if section.defaults is None:
            return []
        base = self.config.sections[section.defaults]
        return [*self._inherited(base), *(line.text for line in base.lines)]

    def _accept_statistics(self, section: Section) -> None:
        if has_open_admin([line.text for line in section.lines], self._inherited(section)):
            line = next(line for line in section.lines if line.values[:2] == ("stats", "admin"))
            self._accept(
                "haproxy_accept_unprotected_stats", line, "everybody who sees the statistics switches servers off"
            )

    def _admin_socket(self, line: Line) -> None:
        """The socket of the role. It has always the level admin."""
        self._drop(line)
        split = split_options(line.words[3:], BIND_FLAGS, BIND_VALUES) or []
        options = dict(split)
        self.found.variables["haproxy_socket_mode"] = options.pop("mode", "660")
        if options.get("group", "haproxy") != "haproxy":
            self.found.variables["haproxy_socket_group"] = options["group"]
        if options.get("level", "operator") != "admin":
            self._changed(line, "the role gives its socket level admin")
        if line.depth:
            self._changed(line, "the role has its socket under every condition")
        if {"user", "uid", "gid"} & options.keys():
            self._changed(line, "the role gives its socket to root and to the group haproxy_socket_group")

    # Defaults

    def _name_defaults(self) -> None:
        """Choose the name by which sections refer to each defaults section.

        A single one from which all sections begin becomes the role's own. Otherwise each becomes an item of
        haproxy_named_defaults, so that sections before the first one get nothing of it."""
        there = [
            number
            for number, section in enumerate(self.config.sections)
            if section.kind == "defaults" and section not in self.own
        ]
        modes = {number: self._mode(self.config.sections[number]) for number in there}
        variables = self.found.variables
        proxies = [section for section in self.config.sections if section.kind in PROXIES and not section.base]
        first = [modes[number] for number in there] or [self._mode(section) for section in proxies] or ["tcp"]
        variables["haproxy_mode"] = first[0]
        early = any(section.defaults is None and section.kind in PROXIES for section in self.config.sections)
        if len(there) == 1 and not early:
            self.bases[there[0]] = modes[there[0]]
            return
        for number in there:
            own = self.config.sections[number].name
            taken = {*self.bases.values(), *OWN_DEFAULTS}
            wanted = own if own and WORD.fullmatch(own) else f"defaults_{there.index(number) + 1}"
            self.bases[number] = wanted if wanted not in taken else f"{wanted}_{there.index(number) + 1}"

    def _mode(self, section: Section) -> str:
        """The mode of a section, its own or inherited; HAProxy's own default is tcp."""
        own = [line.values[1] for line in section.lines if line.values[0] == "mode" and len(line.values) > 1]
        if own:
            return own[-1]
        return "tcp" if section.defaults is None else self._mode(self.config.sections[section.defaults])

    def _target(self, section: Section) -> _Defaults:
        """Where the lines of a defaults section go: into the role's own defaults, or into an item."""
        number = next(index for index, item in enumerate(self.config.sections) if item is section)
        name, variables = self.bases[number], self.found.variables
        if name in OWN_DEFAULTS:
            self._drop(section.head)
            keys = {key: f"haproxy_{key}" for key in ("options", "timeouts")}
            return _Defaults(variables, (), {**keys, "lines": "haproxy_defaults_lines"})
        items = variables.setdefault("haproxy_named_defaults", [])
        item: Item = {"name": name}
        if section.defaults is not None:
            item["from"] = self.bases[section.defaults]
        item["mode"] = self._mode(section)
        self._append(("haproxy_named_defaults",), items, item, section.head)
        path: Path = ("haproxy_named_defaults", len(items) - 1)
        return _Defaults(item, path, {key: key for key in ("options", "timeouts", "lines")})

    def _defaults(self, section: Section) -> None:
        target = self._target(section)
        conditional = section.is_conditional
        decided: set[str] = set()
        for line in section.lines:
            first, values = line.values[0], line.values
            key = line.words[1].raw if len(line.words) > 1 else ""
            simple = not conditional and OPTION.fullmatch(key) is not None
            # Lines stand behind options, and so would a line that the option supersedes.
            simple = simple and find_decision(values) not in decided
            if first == "mode" and not conditional:
                self._drop(line)
            elif first == "option" and simple:
                # The last of several kinds of checks or logs counts.
                target.dictionary("options").pop(key, None)
                target.dictionary("options")[key] = self._text(line, 2) if len(values) > 2 else True
                self._comment(target.path("options", key), line)
            elif first == "timeout" and simple and len(values) == 3:
                target.dictionary("timeouts")[key] = spell_time(line.words[2].raw)
                self._comment(target.path("timeouts", key), line)
            else:
                decided.add(find_decision(values))
                self._append(target.path("lines"), target.lines(), self._text(line), line)

    # Proxies

    def _proxy(self, section: Section) -> None:
        kind, name = section.kind, section.name
        if not WORD.fullmatch(name):
            self._left(section.head, "the name of the section is no single word: rename it")
            return
        if _is_health(section):
            self._left(section.head, "the role's own listener has this name: rename the section, and what refers to it")
            return
        items = self.found.variables.setdefault(f"haproxy_{kind}s", [])
        path: Path = (f"haproxy_{kind}s", len(items))
        item: Item = {"name": name, **self._beginning(section), **({"binds": []} if kind != "backend" else {})}
        self._append((f"haproxy_{kind}s",), items, item, section.head)
        if section.address and self._bind(section.head, path, item["binds"], 2):
            self._changed(section.head, "the address is written as a bind, because HAProxy takes none after the name")
        elif len(section.head.words) > (4 if section.base else 2):
            self._left(section.head, "HAProxy takes a name only: remove the other words")
        typed = not section.is_conditional
        counts = Counter(line.values[0] for line in section.lines)
        servers = self._servers(section) if typed and kind != "frontend" else None
        bound = typed and kind != "backend"
        lines: list[Any] = []
        for line in section.lines:
            first = line.values[0]
            if first == "mode" and typed:
                self._drop(line)
            elif first == "bind" and bound and self._bind(line, path, item["binds"]):
                continue
            elif first == "server" and servers is not None:
                self._append((*path, "servers"), item.setdefault("servers", []), servers.pop(0), line)
            elif typed and counts[first] == 1 and self._is_typed(line, kind, item, servers):
                item[first] = self._text(line, 1)
                self._comment((*path, first), line)
            else:
                # Lines stand behind listeners, so that those after one of them are lines as well.
                bound = bound and first != "bind"
                self._append((*path, "lines"), lines, self._text(line), line)
        _share_options(item)
        if lines:
            item["lines"] = lines

    def _beginning(self, section: Section) -> Item:
        """The defaults and the mode of a section, where they are not those that it gets by itself."""
        own_mode, standard = self._mode(section), self.found.variables["haproxy_mode"]
        number = section.defaults
        base = self.bases.get(number, "") if number is not None else ""
        inherited = standard if number is None else self._mode(self.config.sections[number])
        named = {"from": base} if base and base not in OWN_DEFAULTS else {}
        return {**named, **({"mode": own_mode} if own_mode != inherited else {})}

    @staticmethod
    def _is_typed(line: Line, kind: str, item: Item, servers: list[Item] | None) -> bool:
        """Whether the role has a type for the line and prints it as it is."""
        first = line.values[0]
        if len(line.words) < 2:
            return False
        if first == "default_backend":
            return kind != "backend" and len(line.words) == 2 and WORD.fullmatch(line.words[1].raw) is not None
        if first == "cookie":
            # With it, the role gives a cookie to every server that has none.
            there = [*item.get("servers", []), *(servers or [])]
            return kind != "frontend" and bool(there) and all("cookie" in server for server in there)
        return first == "balance" and kind != "frontend"

    def _bind(self, line: Line, path: Path, binds: list[Any], at: int = 1) -> bool:
        """Add the listeners of a line, whose addresses are its word C(at); false if the role could not print them."""
        if len(line.words) <= at:
            return False
        addresses = [split_address(text) for text in line.words[at].raw.split(",")]
        if None in addresses:
            return False
        if at == 1:
            self._comment((*path, "binds", len(binds)), line)
        for place in addresses:
            address, port = place or ("", "")
            bind: Item = {**({"address": address} if address else {}), **({"port": parse_scalar(port)} if port else {})}
            binds.append({**bind, **self._bind_options(line.words[at + 1 :])})
        return True

    def _bind_options(self, words: tuple[Word, ...]) -> Item:
        split = split_options(words, BIND_FLAGS, BIND_VALUES)
        if split is None:
            return {"options": [" ".join(word.raw for word in words)]}
        names = [name for name, _value in split]
        certificates = [value for name, value in split if name == "crt"]
        paths = all(WORD.fullmatch(path) for path in certificates)
        typed = "ssl" in names and certificates and paths and not {"crt-list", "default-crt"} & set(names)
        own = [(name, value) for name, value in split if not typed or name not in ("ssl", "crt")]
        options = [self._option(name, value) for name, value in own]
        return {**({"certificates": certificates} if typed else {}), **({"options": options} if options else {})}

    def _option(self, name: str, value: str) -> str:
        if name in SECRET_OPTIONS:
            return join_texts([f"{name} ", self.found.hide(f"haproxy_{name}", value)])
        return f"{name} {value}".strip()

    def _servers(self, section: Section) -> list[Item] | None:
        """The servers, if all of them have an address, a port and known options; None if one has not."""
        found: list[Item] = []
        for line in section.lines:
            if line.values[0] == "server-template":
                return None
            if line.values[0] != "server":
                continue
            server = self._server(line)
            if server is None:
                return None
            found.append(server)
        first = [index for index, line in enumerate(section.lines) if line.values[0] == "server"]
        later = section.lines[first[0] :] if first else []
        return None if any(line.values[0] == "default-server" for line in later) else found

    def _server(self, line: Line) -> Item | None:
        if len(line.words) < 3 or not WORD.fullmatch(line.words[1].raw):
            return None
        written = line.words[2].raw
        place = (written, "") if HOST.fullmatch(written) else split_address(written)
        split = split_options(line.words[3:], SERVER_FLAGS, SERVER_VALUES)
        if place is None or not place[0] or split is None or "-" in place[1]:
            return None
        address, port = place
        names = [name for name, _value in split]
        is_checkable = port or not written[0].isalnum() or "check" not in names or {"port", "addr"} & set(names)
        if len(set(names)) < len(names) or not is_checkable:
            return None
        options: Item = {
            name: self.found.hide(f"haproxy_{name}", value)
            if name in SECRET_OPTIONS
            else (_read_option(name, value) if value else True)
            for name, value in split
        }
        cookie = options.pop("cookie", None)
        return {
            "name": line.words[1].raw,
            "address": address,
            **({"port": int(port)} if port else {}),
            **({"cookie": str(cookie)} if cookie is not None else {}),
            **({"options": options} if options else {}),
        }

    # Other sections

    def _userlist(self, section: Section) -> None:
        items = self.found.variables.setdefault("haproxy_userlists", [])
        path: Path = ("haproxy_userlists", len(items))
        users: list[Item] = []
        item: Item = {"name": section.name, "users": users}
        self._append(("haproxy_userlists",), items, item, section.head)
        members: dict[str, list[str]] = {}
        for line in section.lines:
            values = line.values
            if values[0] == "group":
                if values[2:3] == ("users",) and len(values) > 3:
                    for member in values[3].split(","):
                        members.setdefault(member, []).append(values[1])
                self._drop(line)
        for line in section.lines:
            values = line.values
            if values[0] == "user" and len(values) > 3 and values[2] in ("password", "insecure-password"):
                groups = values[5].split(",") if values[4:5] == ("groups",) else []
                groups = list(dict.fromkeys([*groups, *members.get(values[1], [])]))
                user: Item = {
                    "name": values[1],
                    "password": self.found.hide(f"haproxy_{section.name}_{values[1]}", values[3]),
                    **({"insecure": True} if values[2] == "insecure-password" else {}),
                    **({"groups": groups} if groups else {}),
                }
                if "'" in values[3] or (values[2] == "password" and not HASH.fullmatch(values[3])):
                    self._left(line, "the role takes hashes as 'openssl passwd -6' makes them: make a new one")
                self._append((*path, "users"), users, user, line)
            elif values[0] != "group":
                self._left(line, "the role knows users and groups only: write it as one of them")
        used = {group for known in users for group in known.get("groups", [])}
        for line in section.lines:
            if line.values[0] == "group" and line.values[1:2] and line.values[1] not in used:
                self._changed(line, "a group without users is left out")

    def _extra(self, section: Section) -> None:
        is_nameless = section.kind in NAMELESS and len(section.head.words) == 1
        if not is_nameless and (not WORD.fullmatch(section.name) or len(section.head.words) != 2):
            self._left(section.head, "the role prints sections with one name only: rename it, or write it by hand")
            return
        items = self.found.variables.setdefault("haproxy_extra_sections", [])
        path: Path = ("haproxy_extra_sections", len(items))
        item: Item = {"kind": section.kind, "name": section.name, "lines": []}
        self._append(("haproxy_extra_sections",), items, item, section.head)
        for line in section.lines:
            self._append((*path, "lines"), item["lines"], self._text(line), line)

    # Texts

    def _text(self, line: Line, first: int = 0) -> str:
        """The words from one of them on, with secrets as references to the vault."""
        words = [self._word(line, number) for number in range(first, len(line.words))]
        if all(len(word) == 1 and not isinstance(word[0], Template) for word in words):
            return self.found.separate("haproxy", line.raw(first), line.raw()[: -len(line.raw(first))])
        parts: list[str] = []
        for word in words:
            parts += [" "] if parts else []
            parts += word
        return join_texts(parts)

    def _word(self, line: Line, number: int) -> list[str]:
        raw, values = line.words[number].raw, line.values
        if values[:2] == ("stats", "auth") and number == 2 and ":" in raw:
            user, _colon, _password = raw.partition(":")
            name = re.sub(r"\W", "", user)
            return [f"{user}:", self.found.hide(f"haproxy_stats_{name}", raw.partition(":")[2])]
        if number and values[number - 1] in SECRET_OPTIONS:
            return [self.found.hide(f"haproxy_{values[number - 1]}", raw)]
        return [raw]


def _read_option(name: str, value: str) -> str | int:
    return spell_time(value) if name in TIME_OPTIONS else parse_scalar(value)


def _list_ports(sections: list[Section]) -> dict[int, Line]:
    """The ports on which the sections listen, with the lines that name them."""
    return {
        int(port): line
        for section in sections
        for line in (section.head, *section.lines)
        if line.values[0] in ("bind", "listen", "stats")
        for port in PORT.findall(line.raw(1))
    }


def _find_own(sections: list[Section]) -> list[Section]:
    """The sections that the role writes in plain mode as well: its listener for health, and the defaults of that if no
    other section begins with them, by their name or because it stands behind them."""
    health = [section for section in sections if _is_health(section) and section.base == OWN_BASE]
    users = {section.defaults for section in sections if section not in health}
    bases = {section.defaults for section in health} - users
    return [*health, *(section for number, section in enumerate(sections) if number in bases)]


def _is_health(section: Section) -> bool:
    """Whether a section has the name of the role's listener, which no other frontend or listen may have."""
    return section.kind in ("frontend", "listen") and section.name == OWN_LISTENER


def _share_options(item: Item) -> None:
    """Move options that all servers have to the section, if there are several servers."""
    servers = item.get("servers", [])
    if len(servers) < 2:
        return
    first = servers[0].get("options", {})
    common = {
        name: value
        for name, value in first.items()
        if all(server.get("options", {}).get(name) == value for server in servers)
    }
    if not common or any(isinstance(value, Template) for value in common.values()):
        return
    for server in servers:
        own = {name: value for name, value in server.get("options", {}).items() if name not in common}
        server.pop("options", None)
        if own:
            server["options"] = own
    del item["servers"]
    item["server_options"] = common
    item["servers"] = servers
