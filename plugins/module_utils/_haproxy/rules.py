# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find configurations that C(haproxy -c) accepts although the host lacks something, so that haproxy cannot start or
reach a server."""

from __future__ import annotations

import errno
import ipaddress
import os
import stat
from collections.abc import Iterator

from .._check.finding import Finding
from .._host.system import Host, kernel_parameter
from . import binds

SOURCES = {"source": 0, "default-server": 1, "server": 3, "server-template": 4}
"""Lines in which C(source ADDRESS interface NAME) can stand, and after how many words."""


def findings(path: str, host: Host) -> list[Finding]:
    """An alert for every line of a file that names an interface, an address or a directory which the host does not
    have."""
    text = host.read(path)
    found = sorted({*_interfaces(text, host), *_addresses(text, host), *_chroot(text, host)})
    lines = text.split("\n")
    return [Finding("alert", message, path, number, lines[number - 1].strip()) for number, message in found]


def _interfaces(text: str, host: Host) -> Iterator[tuple[int, str]]:
    options = [(bind.number, bind.options) for bind in binds.binds(text)] + list(_find_sources(text))
    for number, words in options:
        name = words[words.index("interface") + 1].strip("'\"") if "interface" in words[:-1] else ""
        if name and "$" not in name and not host.has_interface(name):
            yield number, f"this host has no interface {name}: name one that it has ({', '.join(host.interfaces())})"


def _addresses(text: str, host: Host) -> Iterator[tuple[int, str]]:
    """Addresses that are bound to and that the host does not have. The port does not matter here, so any free one is
    tried."""
    wanted = [(bind.number, bind.host, bind.options) for bind in binds.binds(text)]
    wanted += [
        (number, _parse_address(words[1]), words) for number, words in _find_sources(text) if "usesrc" not in words
    ]
    for number, address, options in wanted:
        error = _find_refusal(address, options, host) if address else None
        if error and error.errno != errno.ENODEV:  # of a missing interface is told above
            advice = f"use an address that it has, or let it bind to others with {_nonlocal_parameter(address)} = 1"
            yield number, f"this host cannot bind to {address} ({error.strerror}): {advice}"


def _find_refusal(address: str, options: list[str], host: Host) -> OSError | None:
    """Return why the address cannot be bound. If the kernel still allows nonlocal addresses that the new set will
    forbid, a test proves nothing."""
    if host.parameter(_nonlocal_parameter(address)) == "1":
        return None
    anywhere = {"transparent", "interface"} & set(options)
    if kernel_parameter(_nonlocal_parameter(address)) == "1" and not anywhere and not binds.is_local(address):
        return OSError(errno.EADDRNOTAVAIL, os.strerror(errno.EADDRNOTAVAIL))
    return binds.try_bind(address, 0, options)


def _nonlocal_parameter(address: str) -> str:
    return f"net.{'ipv6' if ':' in address else 'ipv4'}.ip_nonlocal_bind"


def _find_sources(text: str) -> Iterator[tuple[int, list[str]]]:
    """Line number and words, from C(source) on, of every line that says from where haproxy connects to servers."""
    for number, line in binds.lines(text):
        words = line.split("#")[0].split()
        options = words[SOURCES[words[0]] :] if words and words[0] in SOURCES else []
        if "source" in options[:-1] and "namespace" not in options:
            yield number, options[options.index("source") :]


def _parse_address(word: str) -> str:
    """The address in C(ADDRESS[:PORT[-PORT]]), empty if it is something else."""
    word = word.removeprefix("ipv4@").removeprefix("ipv6@")
    for text in (word, word.rpartition(":")[0]):
        try:
            return str(ipaddress.ip_address(text.strip("[]")))
        except ValueError:
            continue
    return ""


def _chroot(text: str, host: Host) -> Iterator[tuple[int, str]]:
    for number, line in binds.lines(text):
        words = line.split()
        if words[:1] == ["chroot"] and words[1:] and words[1].startswith("/") and not _is_directory(words[1], host):
            yield number, f"the directory {words[1]} does not exist: create it before, empty and owned by root"


def _is_directory(directory: str, host: Host) -> bool:
    try:
        status = host.lstat(directory)
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) or stat.S_ISLNK(status.st_mode)
