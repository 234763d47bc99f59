# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A daemon whose unit runs it in a container: its image checks configurations, and Docker knows its processes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from ansible_collections.evenkeel.ha_web.plugins.module_utils._run import Run
from ansible_collections.evenkeel.ha_web.plugins.module_utils._unit import Unit

HOST_NETWORK = "--network=host"
PUBLISHED = re.compile(r"(?:(?:[\d.]+|\[[0-9A-Fa-f:]+\]):)?(\d+):(\d+)(?:/(?:tcp|udp))?")

MOUNTED = re.compile(r"""/[^\s,%$;'"\\]+""")
"""A path that is one word of a unit's command, and one value of an option of Docker's."""


class Image:
    """What a configuration is checked with: C(options) are those of C(docker run)."""

    def __init__(self, name: str, options: Sequence[str]) -> None:
        self.name = name
        self.options = list(options)

    def exists(self, run: Run) -> bool:
        """Whether the host has the image. Raises OSError where it has no Docker."""
        return run(["docker", "image", "inspect", "--format={{.Id}}", self.name])[0] == 0

    def runs(self, run: Run, staged: str, live: str) -> Run:
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


def problems(role: str, declared: dict[str, Any]) -> Iterator[str]:
    """One line for each reason why a role cannot run its daemon in a container; C(declared) has the variables without the role's name."""
    if declared["runtime"] == "container" and not declared["image_base"]:
        yield f"{role}_runtime is container and {role}_image_base is empty: name the image to build on, such as debian:bookworm-slim"
    for port in map(str, declared["container_ports"]):
        found = PUBLISHED.fullmatch(port)
        if not found or not all(0 < int(number) <= 65535 for number in found.groups()):
            yield f"{role}_container_ports has '{port}': the host's port and the container's are needed, such as 80:80 or 192.0.2.10:80:80"
    for path in declared["container_mounts"]:
        if not MOUNTED.fullmatch(path):
            yield f"{role}_container_mounts has '{path}': an absolute path is needed, without spaces, commas, quotation marks, % and $"
