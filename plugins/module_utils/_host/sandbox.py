# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a unit may do from its next start on, as its files and drop-ins will be. A daemon's own checker runs outside of
its unit, and a reload goes on with what was allowed at the last start."""

from __future__ import annotations

import os

from .system import Host

FOLDERS = ("/usr/lib/systemd/system", "/lib/systemd/system", "/etc/systemd/system")
HOMES = ("/home", "/root", "/run/user")
SYSTEM = ("/usr", "/boot", "/efi")
MANAGED = {"RuntimeDirectory": "/run", "StateDirectory": "/var/lib", "LogsDirectory": "/var/log"}
"""Directories below these that systemd makes for a unit, and that it may write to."""

YES = ("yes", "true", "on", "1")
NO = ("no", "false", "off", "0")


class Sandbox:
    """The restrictions of one unit. A setting that is a list grows with every line, and an empty line empties it."""

    def __init__(self, host: Host, unit: str) -> None:
        self.lists: dict[str, list[str]] = {}
        self.values: dict[str, str] = {}
        for path in _files(host, unit):
            try:
                text = host.read(path)
            except OSError:
                continue
            for line in text.splitlines():
                name, equals, value = line.strip().partition("=")
                if equals and not name.startswith(("#", ";")):
                    self._add(name.strip(), value.strip())

    def _add(self, name: str, value: str) -> None:
        self.values[name] = value
        self.lists[name] = [*self.lists.get(name, []), *value.split()] if value else []

    def can_see(self, path: str) -> bool:
        """Return whether the unit sees the file, if it is there."""
        hidden = HOMES if self.values.get("ProtectHome", "no") not in (*NO, "read-only") else ()
        return not _is_below(path, hidden) or self._is_listed(path)

    def can_write(self, path: str) -> bool:
        """Return whether the unit may create files beside this one, as far as its mounts decide."""
        directory = os.path.realpath(os.path.dirname(path))
        if self._is_listed(directory):
            return True
        if not self.can_see(directory) or (
            self.values.get("ProtectHome") == "read-only" and _is_below(directory, HOMES)
        ):
            return False
        if self.values.get("PrivateTmp", "no") in YES and _is_below(directory, ("/tmp", "/var/tmp")):
            return True
        protected = self.values.get("ProtectSystem", "no")
        if protected == "strict":
            return False
        below = {"full": (*SYSTEM, "/etc"), **dict.fromkeys(YES, SYSTEM)}.get(protected, ())
        return not _is_below(directory, below)

    def has_capability(self, *names: str) -> bool:
        """Return whether the unit may have one of these capabilities."""
        bound = self.lists.get("CapabilityBoundingSet")
        if bound is None or any(word.startswith("~") for word in bound):
            return True
        return bool(set(names).intersection(bound))

    def _is_listed(self, path: str) -> bool:
        managed = [os.path.join(parent, word) for name, parent in MANAGED.items() for word in self.lists.get(name, [])]
        listed = [word.lstrip("-+") for word in self.lists.get("ReadWritePaths", [])]
        return _is_below(path, (*listed, *managed))


def _files(host: Host, unit: str) -> list[str]:
    """The unit's file and its drop-ins, in the order in which systemd reads them."""
    units = [f"{folder}/{unit}.service" for folder in FOLDERS if host.matches(f"{folder}/{unit}.service")]
    drop_ins = {
        os.path.basename(path): path for folder in FOLDERS for path in host.matches(f"{folder}/{unit}.service.d/*.conf")
    }
    return units[-1:] + [drop_ins[name] for name in sorted(drop_ins)]


def _is_below(path: str, folders: tuple[str, ...]) -> bool:
    return any(f"{path}/".startswith(f"{folder.rstrip('/')}/") for folder in folders)
