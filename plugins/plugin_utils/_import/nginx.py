# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From nginx's configuration to the variables of the role nginx: typed where the role has types and the directives say
nothing else, verbatim for everything else."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from typing import Any

from ...module_utils._check.secrets import is_secret
from .tree import Node
from .values import Path, Translation, join_texts, parse_scalar

PLAIN: dict[str, Any] = {"nginx_plain": True}
"""With it, the role adds nothing to what is written."""

PIDS = ("/run/nginx.pid", "/var/run/nginx.pid")
"""Spellings of the file of the distribution's package, which the role prints."""

LOGS = ["/var/log/nginx/access.log"]
"""Access logs that plain mode takes for not set, because they are the role's default: they are written as a setting."""

MODULES = "modules-enabled/"
NAME = re.compile(r"""[^\s/\\;{}"'#$]+""")
PATH = re.compile(r"""[^\s;{}"'\\#]+""")
SWITCHES = {"on": True, "off": False}
CERTIFICATE = ["ssl_certificate", "ssl_certificate_key"]
TYPED_SITE = {"root": "root", "index": "index"}
LUA_TEXT = re.compile(r"\[(=*)\[[^]]*\n")
"""A text of Lua with several lines."""

MAPPED = re.compile(r"""(\s+["']?)([^\s"'#]+)(["']?\s.*;)""")
"""A line of a map: a value, and what it becomes."""

MAP_WORDS = ("default", "hostnames", "include", "volatile")
UNNAMED = '""'
"""The name of a server that has none."""

Item = dict[str, Any]


def translate(root: Node) -> Translation:
    """The variables, with the comments where they stand, and remarks on what could not be kept."""
    return _Translator().run(root)


class _Translator:
    """The translation as it grows."""

    def __init__(self) -> None:
        self.found = Translation({**PLAIN})
        self.waiting: list[str] = []

    def run(self, root: Node) -> Translation:
        """Translate every context."""
        for node in root.inner:
            if node.kind == "http" and node.nodes is not None:
                self._http(node)
            elif node.kind == "events" and node.nodes is not None:
                self.waiting += node.comments
                for inner in node.inner:
                    self._setting("events", inner)
                self.waiting += node.end
            elif node.kind == "pid" or (node.kind == "include" and MODULES in node.name):
                self.waiting += node.comments
                if node.kind == "pid" and node.name not in PIDS:
                    self.found.remark("changed", node.place, node.text, f"the role has {PIDS[0]}, as the package has")
            else:
                self._setting("main", node)
        for node in root.walk():
            if LUA_TEXT.search("\n".join(node.verbatim or [])):
                why = "its texts of several lines get other blanks where their lines begin"
                self.found.remark("changed", node.place, f"{node.text} {{", f"{why}: use a file in Lua for them")
        if any(node.place.file != root.place.file for node in root.walk()):
            # Without it, the role refuses to end sites that it finds in other files.
            self.found.variables["nginx_replace_sites"] = True
        self.found.comment(("nginx_end",), [*self.waiting, *root.end])
        self.found.separate_all("nginx")
        return self.found

    def _comment(self, path: Path, node: Node) -> None:
        self.found.comment(path, [*self.waiting, *node.comments])
        self.waiting = []

    def _setting(self, context: str, node: Node) -> None:
        """A directive of an outer context: a setting, or lines for a block."""
        variables = self.found.variables
        if not node.has_block and len(node.words) > 1 and node.kind != "include":
            settings = variables.setdefault(f"nginx_{context}_settings", {})
            value = SWITCHES.get(node.rest, parse_scalar(node.rest))
            before = settings.get(node.kind)
            both = [*(before if isinstance(before, list) else [before]), value]
            settings[node.kind] = value if before is None else both
            self._comment((f"nginx_{context}_settings", node.kind), node)
        else:
            self._lines(f"nginx_{context}_lines", node)

    def _lines(self, variable: str, node: Node) -> None:
        lines = self.found.variables.setdefault(variable, [])
        self._comment((variable, len(lines)), node)
        lines += map(self._separate_key(node), node.lines(";"))

    def _separate_key(self, node: Node) -> Callable[[str], str]:
        """What puts the values that a C(map) of a secret has apart, such as the keys of clients."""
        is_map = node.kind == "map" and is_secret(node.name)

        def separate(line: str) -> str:
            found = MAPPED.fullmatch(line)
            if not is_map or not found or found[2] in MAP_WORDS:
                return line
            return join_texts([found[1], self.found.hide(f"nginx_{node.name.lstrip('$')}", found[2]), found[3]])

        return separate

    # http

    def _http(self, block: Node) -> None:
        self.waiting += block.comments
        variables = self.found.variables
        written = [node.rest for node in block.inner if node.kind == "access_log"]
        typed = {"log_format": self._log_format, "upstream": self._upstream, "server": self._site}
        for node in block.inner:
            if node.kind == "access_log" and written != LOGS:
                logs = variables.setdefault("nginx_access_logs", [])
                self._comment(("nginx_access_logs", len(logs)), node)
                logs += [] if node.value == "off" else [node.rest]
            elif node.kind not in typed or not typed[node.kind](node):
                self._setting("http", node)
        self.waiting += block.end

    def _log_format(self, node: Node) -> bool:
        values = node.values[1:]
        escape = [value for value in values[1:2] if value.startswith("escape=")]
        text = "".join(values[1 + len(escape) :])
        if len(values) < 2 or not NAME.fullmatch(values[0]) or "\n" in text:
            return False
        formats = self.found.variables.setdefault("nginx_log_formats", [])
        self._comment(("nginx_log_formats", len(formats)), node)
        typed = {"escape": escape[0].partition("=")[2]} if escape else {}
        formats.append({"name": values[0], "format": text, **typed})
        return True

    def _upstream(self, node: Node) -> bool:
        servers = [self._server(inner) for inner in node.inner if inner.kind == "server"]
        simple = all(inner.nodes is None for inner in node.inner)
        if not simple or None in servers or len(node.words) != 2 or not NAME.fullmatch(node.name):
            return False
        upstreams = self.found.variables.setdefault("nginx_upstreams", [])
        path: Path = ("nginx_upstreams", len(upstreams))
        self._comment(path, node)
        counts: Counter[str] = Counter()
        lines: list[str] = []
        for inner in node.inner:
            key = "servers" if inner.kind == "server" else "lines"
            self._comment((*path, key, counts[key]), inner)
            counts[key] += 1
            if key == "lines":
                lines += inner.lines(";")
        upstreams.append({"name": node.name, **({"lines": lines} if lines else {}), "servers": servers})
        return True

    @staticmethod
    def _server(node: Node) -> Item | None:
        address, options = node.name, node.words[2:]
        if not PATH.fullmatch(address):
            return None
        found: Item = {"address": address}
        split = re.fullmatch(r"(?:\[([0-9a-fA-F:.]+)\]|([^:\[\]]+)):(\d+)", address)
        if split and not address.startswith("unix:"):
            found = {"address": split[1] or split[2], "port": int(split[3])}
        return {**found, **({"options": options} if options else {})}

    def _site(self, block: Node) -> bool:
        """Add a site; false if it is none. Its place decides whether it answers unknown names."""
        if block.nodes is None:
            return False
        counts = Counter(node.kind for node in block.inner)
        paths = [node.rest for node in block.inner if node.kind == "location"]
        typed = len(set(paths)) == len(paths) and not _has_late_include(block)
        sites = self.found.variables.setdefault("nginx_sites", [])
        path: Path = ("nginx_sites", len(sites))
        site: Item = {"name": self._site_name(block, sites)}
        self._comment(path, block)
        if not counts["server_name"]:
            site["server_names"] = [UNNAMED]
        pair = [node for node in block.inner if node.kind in CERTIFICATE]
        certified = [node.kind for node in pair] in (CERTIFICATE, CERTIFICATE[::-1])
        certified = certified and all(PATH.fullmatch(node.rest) for node in pair)
        lines: list[str] = []
        locations: list[Item] = []
        for node in block.inner:
            leaf = node.nodes is None
            if node.kind == "listen" and leaf:
                self._add(site, path, "listens", node.rest, node)
            elif node.kind == "server_name" and leaf:
                for name in node.words[1:]:
                    self._add(site, path, "server_names", name, node)
            elif node.kind in TYPED_SITE and leaf and counts[node.kind] == 1 and _is_typed(node):
                site[node.kind] = node.rest
                self._comment((*path, node.kind), node)
            elif node.kind in CERTIFICATE and certified:
                key = node.kind.removeprefix("ssl_")
                site[key] = node.rest
                self._comment((*path, key), node)
            elif node.kind == "access_log" and leaf:
                logs = site.setdefault("access_logs", [])
                self._comment((*path, "access_logs"), node)
                logs += [] if node.value == "off" else [node.rest]
            elif node.kind == "location" and not leaf and typed:
                self._comment((*path, "locations", len(locations)), node)
                locations.append(self._location(node, (*path, "locations", len(locations), "lines")))
            else:
                self._comment((*path, "lines", len(lines)), node)
                lines += node.lines(";")
        self.waiting += block.end
        site.update({"lines": lines} if lines else {})
        site.update({"locations": locations} if locations else {})
        sites.append(site)
        return True

    def _add(self, site: Item, path: Path, key: str, value: str, node: Node) -> None:
        values = site.setdefault(key, [])
        self._comment((*path, key, len(values)), node)
        node.comments = []
        values.append(value)

    def _location(self, block: Node, path: Path) -> Item:
        lines: list[str] = []
        for node in block.inner:
            self._comment((*path, len(lines)), node)
            lines += node.lines(";")
        self.waiting += block.end
        return {"path": block.rest, "lines": lines}

    @staticmethod
    def _site_name(block: Node, sites: list[Item]) -> str:
        names = [name for node in block.inner if node.kind == "server_name" for name in node.values[1:]]
        words = [name.lstrip("~^*.").rstrip("$") for name in names]
        first = next((name for name in words if name != "_" and re.fullmatch(r"[\w.-]+", name)), "default")
        taken = {site["name"] for site in sites}
        return next(name for name in [first, *(f"{first}_{n}" for n in range(2, 1000))] if name not in taken)


def _is_typed(node: Node) -> bool:
    """Whether the role takes the argument: a root is one absolute path."""
    return node.kind == "index" or (node.name.startswith("/") and PATH.fullmatch(node.rest) is not None)


def _has_late_include(block: Node) -> bool:
    """Whether a file is included behind a location with a regular expression, which may have others of its kind."""
    kinds = ["regex" if node.kind == "location" and node.name.startswith("~") else node.kind for node in block.inner]
    return "regex" in kinds and "include" in kinds[kinds.index("regex") :]
