# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was read of one host: its files, and which of them its daemons read."""

from __future__ import annotations

import base64
import posixpath
import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import md5
from typing import Any

from .tree import list_matches

MAIN = {
    "haproxy": "/etc/haproxy/haproxy.cfg",
    "keepalived": "/etc/keepalived/keepalived.conf",
    "nginx": "/etc/nginx/nginx.conf",
}
OPTIONS = {"haproxy": ("-f",), "keepalived": ("-f", "--use-file"), "nginx": ("-c",)}
"""The options of each daemon that name its configuration."""

LARGEST = 4 * 1024 * 1024
"""Bytes up to which a file is read."""

SETTINGS = "/etc/default/haproxy"
"""Where Debian's unit has the arguments of haproxy from."""


@dataclass(frozen=True)
class Entry:
    """What the host says of a file. C(is_link) is true for one that is reached by a symbolic link."""

    mode: str = "644"
    owner: str = "root"
    group: str = "root"
    size: int = 0
    is_link: bool = False


@dataclass(frozen=True)
class Host:
    """A host with the variables by which it is reached, and its files by their paths; C(None) for one that is no
    text. C(packaged) are the checksums of the configuration files of packages, as these bring them."""

    name: str
    connection: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, str | None] = field(default_factory=dict)
    processes: tuple[str, ...] = ()
    kernel: tuple[str, ...] = ()
    firewall: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    entries: Mapping[str, Entry] = field(default_factory=dict)
    packaged: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""

    @property
    def address(self) -> str:
        """Where the host is reached."""
        return str(self.connection.get("ansible_host", self.name))

    @property
    def texts(self) -> dict[str, str]:
        """The files that are texts."""
        return {path: text for path, text in self.files.items() if text is not None}

    def is_packaged(self, path: str) -> bool:
        """Whether a file is one of a package, and nobody has changed it."""
        text = self.files[path]
        return text is not None and self.packaged.get(path) == md5(text.encode(), usedforsecurity=False).hexdigest()

    def configuration(self, daemon: str) -> dict[str, str]:
        """The files that the daemon is started with, in their order; nothing if it has none."""
        texts = self.texts
        found: dict[str, str] = {}
        for path in self._named(daemon) or [MAIN[daemon]]:
            for name in [path] if path in texts else list_matches(texts, posixpath.join(path, "*.cfg")):
                found[name] = texts[name]
        return found

    def problems(self) -> list[str]:
        """One line for each file that could not be read, and why."""
        found = [f"{path}: {self._find_reason(path)}" for path in self.unread]
        for daemon, main in MAIN.items():
            named = self._named(daemon) or ([main] if main in {*self.files, *self.entries} else [])
            found += [f"{path}: {self._find_reason(path)}" for path in named if not self._is_there(path)]
        return [f"{self.name}: {line}" for line in dict.fromkeys(found)]

    def _is_there(self, path: str) -> bool:
        return path in self.texts or path in self.unread or any(posixpath.dirname(name) == path for name in self.texts)

    def _find_reason(self, path: str) -> str:
        if path in self.files:
            return "it is no text in UTF-8: convert it, for example by iconv"
        if path not in self.entries:
            return "a daemon was started with it and it was not found: copy the file there, or correct the path"
        if self.entries[path].size > LARGEST:
            return f"it has more than {LARGEST} bytes, so it was not read: split it, or write its variables by hand"
        return "no permission to read it: log in as root, or add --become"

    def runs(self, daemon: str) -> bool:
        """Whether the daemon runs; true if nothing is known of the host's processes."""
        names = {posixpath.basename(line.split()[0].rstrip(":")) for line in self.processes if line.split()}
        return not names or daemon in names

    def parameter(self, name: str) -> str:
        """The value of a kernel parameter; empty if it was not read."""
        values = dict(line.split(" = ", 1) for line in self.kernel if " = " in line)
        return values.get(name, "").strip()

    def _named(self, daemon: str) -> list[str]:
        """The configurations that the running daemon was started with, or haproxy's settings for its next start."""
        for line in self.processes:
            words = line.split()
            if words and posixpath.basename(words[0].rstrip(":")) == daemon:
                named = _arguments(words, OPTIONS[daemon])
                if named:
                    return named
        return self._settings() if daemon == "haproxy" else []

    def _settings(self) -> list[str]:
        text = self.texts.get(SETTINGS, "")
        values = {name: " ".join(shlex.split(value)) for name, value in re.findall(r"(?m)^(\w+)=(.*)$", text)}
        further = _arguments(values.get("EXTRAOPTS", "").split(), OPTIONS["haproxy"])
        return [values.get("CONFIG", MAIN["haproxy"]), *further] if values.get("CONFIG") or further else []


def _arguments(words: list[str], options: tuple[str, ...]) -> list[str]:
    """The values of options, behind them or behind an equals sign; those after C(--) belong to haproxy's C(-f)."""
    pairs = [
        word.split("=", 1) if word.startswith("--") and "=" in word else [word, after]
        for word, after in zip(words, [*words[1:], ""])
    ]
    found = [value for option, value in pairs if option in options and value]
    return found + (words[words.index("--") + 1 :] if "--" in words and "-f" in options else [])


def read_hosts(collected: Mapping[str, Mapping[str, Any]]) -> list[Host]:
    """The hosts, from what the playbook has collected: C(files) as the module slurp returns them, and lines."""
    return [
        Host(
            name,
            connection={key: value for key, value in item.get("connection", {}).items() if value != ""},
            files={file["source"]: _decode(file["content"]) for file in item.get("files", [])},
            processes=tuple(item.get("processes", [])),
            kernel=tuple(item.get("kernel", [])),
            firewall=tuple(item.get("firewall", [])),
            unread=tuple(item.get("unread", [])),
            entries=_read_listing(item.get("listing", []), item.get("links", [])),
            packaged=_read_checksums(item.get("packaged", [])),
            problem=str(item.get("problem") or ""),
        )
        for name, item in collected.items()
    ]


def _read_listing(lines: Iterable[str], links: Iterable[str]) -> dict[str, Entry]:
    """The files by their paths, of lines with mode, owner, group, size and path. C(links) are symbolic links, of files
    and of directories."""
    linked = set(links)
    found = {}
    for line in lines:
        mode, owner, group, size, path = line.split(" ", 4)
        parents = {path[:at] for at, char in enumerate(path) if char == "/"}
        found[path] = Entry(mode, owner, group, int(size), bool(linked & {path, *parents}))
    return found


def _read_checksums(lines: Iterable[str]) -> dict[str, str]:
    """The checksums of files by their paths, of lines with both."""
    words = [line.split() for line in lines]
    return {line[0]: line[1] for line in words if len(line) > 1}


def read_folder(files: Iterable[Mapping[str, str]], folder: str) -> list[Host]:
    """The hosts whose files are on the controller, each in a directory of its name below the folder.

    Raises ValueError for files outside of such a directory."""
    found: dict[str, dict[str, str | None]] = {}
    for file in files:
        host, _slash, path = posixpath.relpath(file["source"], folder).partition("/")
        if not path:
            raise ValueError(f"{file['source']}: move the files of each host into a directory with the host's name")
        found.setdefault(host, {})[_place(path)] = _decode(file["content"])
    return [Host(name, files=texts) for name, texts in sorted(found.items())]


def _place(path: str) -> str:
    """The path that a copied file has had on its host."""
    parts = path.split("/")
    for at, part in enumerate(parts):
        if part == "etc":
            return "/" + "/".join(parts[at:])
        if part in MAIN:
            return "/etc/" + "/".join(parts[at:])
    daemon = next((name for name, main in MAIN.items() if path.endswith(posixpath.basename(main))), "haproxy")
    return f"/etc/{daemon}/{path}"


def _decode(content: str) -> str | None:
    """The text of a file; None if it is no text."""
    try:
        return base64.b64decode(content).decode()
    except UnicodeDecodeError:
        return None
