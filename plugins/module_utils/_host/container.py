# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A daemon whose unit runs it in a container: its image checks configurations, and Docker knows its processes."""

from __future__ import annotations

from collections.abc import Sequence

from .run import Run
from .unit import Unit

HOST_NETWORK = "--network=host"


class Image:
    """Container image that checks a configuration; C(options) are those of C(docker run)."""

    def __init__(self, name: str, options: Sequence[str]) -> None:
        self.name = name
        self.options = list(options)

    def exists(self, run: Run) -> bool:
        """Return whether the host has the image. Raises OSError if it has no Docker."""
        return run(["docker", "image", "inspect", "--format={{.Id}}", self.name])[0] == 0

    def wrap_run(self, run: Run, staged: str, live: str) -> Run:
        """Runs a program of the image, which sees the directory C(staged) in the place of C(live)."""
        mount = f"--mount=type=bind,src={staged},dst={live},readonly"
        before = ["docker", "run", "--rm", "--init", "--pull=never", *self.options, mount, self.name]
        return lambda argv: run([*before, *argv])


class ContainerUnit(Unit):
    """A service that is C(docker run): the container has the unit's name."""

    def __init__(self, name: str, run: Run, image: Image) -> None:
        super().__init__(name, run)
        self.image = image

    def main_process(self) -> int:
        rc, out, _err = self.run(["docker", "container", "inspect", "--format={{.State.Pid}}", self.name])
        return 0 if rc else int(out)

    def has_ports_of_host(self) -> bool:
        return HOST_NETWORK in self.image.options
