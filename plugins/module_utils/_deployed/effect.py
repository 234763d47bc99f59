# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Actions that a set's files outside its directory need to take effect: kernel parameters and systemd's units."""

from __future__ import annotations

import re
from pathlib import Path

from .._host import disk
from .._host.system import kernel_parameter, parameter_file
from .._host.unit import Unit, parse_properties
from .manifest import list_declared

UNITS = "/etc/systemd/system/"
PARAMETERS = "/etc/sysctl.d/"


class NoEffect(Exception):
    """A file is installed but cannot take effect; the text says why."""


def units(paths: list[str]) -> list[str]:
    """The units that have a file or a drop-in among the paths."""
    names = {path.removeprefix(UNITS).split("/")[0].removesuffix(".d") for path in paths if path.startswith(UNITS)}
    return sorted(names)


def is_stale(unit: dict[str, str], paths: list[str]) -> bool:
    """Return whether systemd has not read a file of the unit among the paths. systemd 252 does not notice a first
    drop-in."""
    drop_ins = {path for path in paths if path.startswith(f"{UNITS}{unit.get('Id')}.d/")}
    return unit.get("NeedDaemonReload") == "yes" or not drop_ins <= set(unit.get("DropInPaths", "").split())


def parameters(text: str) -> dict[str, str]:
    """The kernel parameters that a file of C(sysctl.d) sets, by their dotted names."""
    pairs = [line.partition("=") for line in text.splitlines() if not re.match(r"\s*([#;]|$)", line)]
    return {name.strip(): value.strip() for name, _equals, value in pairs}


def kernel_parameters(files: dict[str, bytes]) -> dict[str, str]:
    """The kernel parameters that are set by the files of C(sysctl.d) among these, which have their contents by their
    paths."""
    found: dict[str, str] = {}
    for path, content in files.items():
        if path.startswith(PARAMETERS):
            found.update(parameters(content.decode("utf-8", errors="replace")))
    return found


class Effect:
    """The files outside that the set in C(directory) of a daemon declares."""

    def __init__(self, directory: Path, unit: Unit) -> None:
        self.directory = directory
        self.unit = unit

    def list_pending(self) -> list[str]:
        """Describe everything that is not in effect yet."""
        return [
            *(path for path in self._outside_paths() if not Path(path).exists()),
            *self._stale_units(),
            *self._other_parameters(),
        ]

    def apply(self) -> None:
        """Make everything take effect. Raises NoEffect where that is impossible."""
        if self._stale_units():
            self._call(["systemctl", "daemon-reload"])
        for name, value in self._other_parameters().items():
            try:
                parameter_file(name).write_text(value, encoding="ascii")
            except OSError as error:
                raise NoEffect(f"the kernel does not take {name} = {value}: {error.strerror}") from error

    def _outside_paths(self) -> list[str]:
        return [path for path in list_declared(self.directory) if path.startswith("/")]

    def _stale_units(self) -> list[str]:
        """The daemon's own unit is always asked about: its only drop-in may be the one that is declared no more."""
        paths = [path for path in self._outside_paths() if path.startswith(UNITS)]
        asked = [self.unit.name, *units(paths)]
        _rc, out, _err = self.unit.run(["systemctl", "show", "--property=Id,NeedDaemonReload,DropInPaths", *asked])
        return list(dict.fromkeys(unit.get("Id", "") for unit in parse_properties(out) if is_stale(unit, paths)))

    def _other_parameters(self) -> dict[str, str]:
        """The parameters that have another value now. Those that this kernel does not have are left out, as systemd
        does at boot."""
        wanted = kernel_parameters({path: disk.read(Path(path)) or b"" for path in self._outside_paths()})
        return {name: value for name, value in wanted.items() if not _has_value(name, value)}

    def _call(self, argv: list[str]) -> None:
        rc, out, err = self.unit.run(argv)
        if rc:
            raise NoEffect(f"{' '.join(argv)} failed: {(err or out).strip()}")


def _has_value(name: str, value: str) -> bool:
    now = kernel_parameter(name)
    return now is None or now.split() == value.split()
