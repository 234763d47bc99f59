# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find configurations that C(haproxy -c) accepts although the host lacks something, so that haproxy cannot start or
reach a server."""

from __future__ import annotations

import errno
import ipaddress
import os
import re
import stat
from collections.abc import Iterator

from .._check.finding import Finding
from .._host.sandbox import Sandbox
from .._host.system import Host, kernel_parameter
from . import binds

SOURCES = {"source": 0, "default-server": 1, "server": 3, "server-template": 4}
"""Lines in which C(source ADDRESS interface NAME) can stand, and after how many words."""

HOME_FILE = re.compile(r"(?:^|[\s(=,'\"])((?:/home|/root|/run/user)/[^\s,)'\"]+)")


def findings(path: str, host: Host) -> list[Finding]:
    """An alert for every line of a file that names an interface, an address or a directory which the host does not
    have, or something that the service cannot reach from its next start on."""
    text = host.read(path)
    found = sorted({*_interfaces(text, host), *_addresses(text, host), *_chroot(text, host), *_reach(text, host)})
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


def _reach(text: str, host: Host) -> Iterator[tuple[int, str]]:
    """What the restrictions of the service or its chroot keep from haproxy. Those of a container are its image's."""
    if host.contained:
        return
    sandbox = Sandbox(host, "haproxy")
    words = [(number, line.split()) for number, line in binds.lines(text)]
    chroot = next((line[1].rstrip("/") for _number, line in words if line[:1] == ["chroot"] and line[1:]), "")
    yield from _listened_sockets(words, host, sandbox)
    yield from _privileges(words, sandbox)
    yield from _homes(text, host, sandbox)
    if chroot.startswith("/"):
        yield from _chrooted(words, chroot, host)


def _listened_sockets(words: list[tuple[int, list[str]]], host: Host, sandbox: Sandbox) -> Iterator[tuple[int, str]]:
    prefix = next((line[2] for _number, line in words if line[:2] == ["unix-bind", "prefix"] and line[2:]), "")
    for number, line in words:
        if line[:2] == ["stats", "socket"]:
            paths = [_socket(line[2])] if line[2:] else []
        elif line[:1] == ["bind"] and line[1:]:
            paths = [f"{prefix}{path}" for path in map(_socket, line[1].split(",")) if path]
        else:
            continue
        for path in filter(None, paths):
            directory = os.path.dirname(path)
            if not directory.startswith("/run") and not os.path.isdir(host.where(directory)):
                yield number, f"haproxy cannot create the socket {path}: the directory {directory} does not exist"
            elif not sandbox.can_write(path):
                yield (
                    number,
                    f"the service may not create the socket {path}, so that haproxy would not start the next time: use "
                    f"a directory below /run, such as /run/haproxy, or add {directory} to haproxy_writable_paths",
                )


def _socket(word: str) -> str:
    """The path of a UNIX socket, empty if the address is something else or is computed."""
    path = word.strip("'\"").removeprefix("unix@")
    return path if path.startswith("/") and "$" not in path else ""


def _privileges(words: list[tuple[int, list[str]]], sandbox: Sandbox) -> Iterator[tuple[int, str]]:
    needed = {
        "usesrc": ("CAP_NET_ADMIN", "CAP_NET_RAW"),
        "transparent": ("CAP_NET_ADMIN", "CAP_NET_RAW"),
        "namespace": ("CAP_SYS_ADMIN",),
    }
    for number, line in words:
        if line[:1] not in (["bind"], ["source"], ["default-server"], ["server"], ["server-template"]):
            continue
        for word, names in needed.items():
            if word in line[1:] and not sandbox.has_capability(*names):
                yield (
                    number,
                    f"'{word}' needs {names[0]}, which the service does not have from its next start on: allow it by a "
                    "drop-in in haproxy_files (docs/explanation/security.md has an example), or set haproxy_confined "
                    "to false",
                )


def _homes(text: str, host: Host, sandbox: Sandbox) -> Iterator[tuple[int, str]]:
    """Files that are there and that the service does not see."""
    for number, line in binds.lines(text):
        for path in HOME_FILE.findall(line):
            if not sandbox.can_see(path) and os.path.isfile(host.where(path)):
                yield (
                    number,
                    f"the service does not see {path}, so that haproxy would not start the next time: move it, such as "
                    "into haproxy_files, or set haproxy_confined to false",
                )


def _chrooted(words: list[tuple[int, list[str]]], chroot: str, host: Host) -> Iterator[tuple[int, str]]:
    """Programs and sockets that haproxy looks for inside of its chroot."""
    remedy = "leave the chroot away by haproxy_chroot: ''"
    for number, line in words:
        if line[:2] == ["external-check", "command"] and line[2:] and not os.access(f"{chroot}{line[2]}", os.X_OK):
            yield (
                number,
                f"haproxy runs {line[2]} inside of its chroot, where it is {chroot}{line[2]} and no program, so that "
                f"every server would be DOWN: {remedy}, or put the program and all that it needs there",
            )
        path = _socket(line[2]) if line[:1] == ["server"] and line[2:] else ""
        if path and not os.path.isdir(host.where(f"{chroot}{os.path.dirname(path)}")):
            yield (
                number,
                f"haproxy looks for the socket {path} inside of its chroot, where the directory "
                f"{chroot}{os.path.dirname(path)} does not exist, so that the server would be DOWN: {remedy}, or have "
                "the socket there",
            )
