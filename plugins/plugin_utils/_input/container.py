# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules for the container variables of every role."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

PUBLISHED = re.compile(r"(?:(?:[\d.]+|\[[0-9A-Fa-f:]+\]):)?(\d+):(\d+)(?:/(?:tcp|udp))?")

MOUNTED = re.compile(r"""/[^\s,%$;'"\\]+""")
"""A path that is one word of a unit's command, and one value of an option of Docker's."""


def problems(role: str, declared: dict[str, Any]) -> Iterator[str]:
    """One line for each reason why a role cannot run its daemon in a container; C(declared) has the variables without
    the role's name."""
    if declared["runtime"] == "container" and not declared["image_base"]:
        yield (
            f"{role}_runtime is container and {role}_image_base is empty: name the image to build on, such as "
            "debian:bookworm-slim"
        )
    for port in map(str, declared["container_ports"]):
        found = PUBLISHED.fullmatch(port)
        if not found or not all(0 < int(number) <= 65535 for number in found.groups()):
            yield (
                f"{role}_container_ports has '{port}': the host's port and the container's are needed, such as "
                "80:80 or 192.0.2.10:80:80"
            )
    for path in declared["container_mounts"]:
        if not MOUNTED.fullmatch(path):
            yield (
                f"{role}_container_mounts has '{path}': an absolute path is needed, without spaces, commas, "
                "quotation marks, % and $"
            )
