# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules that several models share. Each problem is one line with variable, value and accepted values."""

from __future__ import annotations

import ipaddress
import re
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from ...module_utils._suggestion import suggestion

MAINS = {"haproxy": "haproxy.cfg", "keepalived": "keepalived.conf", "nginx": "nginx.conf"}
"""The file of each role with which its daemon begins."""

WRITTEN_AS_ADDRESS = re.compile(r"[0-9./]+|.*[:/].*")
"""Numbers with dots, a prefix, or colons."""


def find_repeated(where: str, what: str, values: Iterable[Hashable]) -> list[str]:
    """A problem for every value that stands more than once."""
    counts = Counter(values)
    return [
        f"{where}: the {what} {value!s} is used {count} times; each may be used once"
        for value, count in counts.items()
        if count > 1
    ]


def refuse_no_address(where: str, value: str) -> list[str]:
    """A problem where the value is no IPv4 or IPv6 address."""
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return [f"{where} is '{value}': an IPv4 or IPv6 address is needed, such as 192.0.2.11"]
    return []


def refuse_no_host(where: str, value: str) -> list[str]:
    """A problem where the value is written as an address, and is none of a host; names and variables are accepted."""
    bare = value.strip("[]")
    try:
        address = ipaddress.ip_address(bare)
        if address.version == 6 and address.is_link_local and "%" not in bare:
            return [
                f"{where} is '{value}', which is of one link only: use another address of the host, or name the "
                f"interface, as in {bare}%eth0"
            ]
        is_wrong = address.is_multicast or str(address) == "255.255.255.255"
    except ValueError:
        is_wrong = not value or (WRITTEN_AS_ADDRESS.fullmatch(bare) is not None and not {"$", "@"}.intersection(value))
    needed = "an address such as 192.0.2.21 or a name is needed, without prefix and port"
    return [f"{where} is '{value}': {needed}"] if is_wrong else []


def find_file_problems(where: str, files: Sequence[Mapping[str, Any]]) -> list[str]:
    """A problem for every file of a set with a path that cannot be, without content, or with a private key that others
    could see, on the host or in what a play prints."""
    found = find_repeated(where, "path", [str(PurePosixPath(file["path"])) for file in files])
    for file in files:
        found += _find_path_problems(where, PurePosixPath(file["path"]))
        if file.get("state") == "absent":
            continue
        if "content" not in file:
            found.append(f"{where}: {file['path']} has no content: set it, or state to absent to remove the file")
            continue
        permissions = str(file.get("mode") or "0644")
        if "PRIVATE KEY-----" in file["content"] and (not file.get("sensitive") or permissions[-1:] != "0"):
            found.append(
                f"{where}: {file['path']} has a private key, and with mode {permissions} and sensitive "
                f"{str(bool(file.get('sensitive'))).lower()} others could see it; use mode 0600 and sensitive true"
            )
    return found


def _find_path_problems(where: str, path: PurePosixPath) -> list[str]:
    """A problem with the path of a file of the role whose variable is C(where)."""
    role = where.partition("_")[0]
    if not path.parts or ".." in path.parts or path.is_relative_to(f"/etc/{role}"):
        return [
            f"{where} has the path '{path}': a path relative to /etc/{role} is needed, such as maps/hosts.map, or an "
            "absolute path elsewhere"
        ]
    return [f"{where}: {path} is the role's own file: use the role's variables"] if str(path) == MAINS[role] else []


HOMES = ("/home/", "/root/", "/run/user/")
"""Directories that systemd's ProtectHome hides from a service."""


def refuse_hidden_path(where: str, path: str, switch: str) -> list[str]:
    """A problem where a confined daemon does not see the path; C(switch) is the variable that says that it is
    confined."""
    if not f"{path}/".startswith(HOMES):
        return []
    return [
        f"{where} is '{path}', which a confined service does not see: choose another place, such as /srv, or set "
        f"{switch} to false, which holds from the next start of the service on"
    ]


def refuse_no_network(where: str, value: str) -> list[str]:
    """A problem where the value is no IPv4 or IPv6 address or network."""
    try:
        ipaddress.ip_network(value, strict=False)
    except ValueError:
        return [f"{where} has '{value}': an address or a network is needed, such as 192.0.2.11 or 192.0.2.0/24"]
    return []


def find_unknown(names: Iterable[str], known: Iterable[str]) -> list[str]:
    """A problem for every variable that no role reads, with the most similar one that is read."""
    known = list(known)
    return [
        f"{name} is not a variable of this role{suggestion(name, known)}"
        for name in names
        if name and name not in known
    ]
