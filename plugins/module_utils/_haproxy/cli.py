# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ask a running HAProxy through one of its sockets."""

from __future__ import annotations

import re
import socket
from dataclasses import dataclass

MASTER_SOCKET = "/run/haproxy-master.sock"
LONGEST = 64 * 1024 * 1024
"""Bytes of an answer, at the most: whoever has taken over haproxy could answer for ever."""


class NoAnswer(Exception):
    """HAProxy did not answer; the text says which socket, why, and what to do."""


class Stopped(NoAnswer):
    """Nobody listens on the socket, so no HAProxy runs behind it."""


@dataclass(frozen=True)
class Workers:
    """Answer of haproxy's master to C(show proc): process ids of the current workers and of replaced ones that still
    serve, number of failed reloads since the last success (haproxy 3.2 counts only one), number of reloads, uptime of
    the master in seconds, and number of reloads that the oldest worker has survived."""

    current: frozenset[int]
    failed: int
    replaced: frozenset[int] = frozenset()
    reloads: int = 0
    uptime: int = 0
    oldest: int = 0


def ask(path: str, command: str, timeout: float = 10) -> str:
    """Send one command to HAProxy and return its answer."""
    try:
        with socket.socket(socket.AF_UNIX) as cli:
            cli.settimeout(timeout)
            cli.connect(path)
            cli.sendall(f"{command}\n".encode())
            # The master would wait for the next command.
            cli.shutdown(socket.SHUT_WR)
            answer = bytearray()
            while piece := cli.recv(65536):
                answer += piece
                if len(answer) > LONGEST:
                    raise NoAnswer(f"{path}: the answer to '{command}' has more than {LONGEST} bytes")
            return answer.decode(errors="replace")
    except (FileNotFoundError, ConnectionRefusedError) as error:
        raise Stopped(
            f"{path}: no process listens ({error.strerror}); start haproxy, or name its 'stats socket' of level admin"
        ) from error
    except PermissionError as error:
        raise NoAnswer(f"{path}: {error.strerror}; become root, or a member of the socket's group") from error
    except TimeoutError as error:
        raise NoAnswer(
            f"{path}: no answer to '{command}' within {timeout:g} s; haproxy hangs, see its journal"
        ) from error
    except OSError as error:
        raise NoAnswer(f"{path}: {error.strerror or error} after '{command}'; see haproxy's journal") from error


def parse_workers(answer: str) -> Workers:
    """Read the answer of C(show proc), of haproxy 2.6 to 3.2.

    Since a failed reload, haproxy 3.2 calls the worker that goes on serving an old one. Among those, it is the one that
    has survived the fewest reloads."""
    current, _heading, old = answer.partition("# old workers")
    master = re.search(r"\bmaster\s+(\d+)(?:\s+\[failed: (\d+)\])?\s+(\d+)d(\d+)h(\d+)m(\d+)s", current)
    reloads, failed, days, hours, minutes, seconds = (
        (int(number or 0) for number in master.groups()) if master else (0,) * 6
    )
    serving, replaced = _read_workers(current), _read_workers(old)
    if failed and replaced and not serving:
        newest = min(replaced, key=replaced.__getitem__)
        serving = {newest: replaced.pop(newest)}
    uptime = ((days * 24 + hours) * 60 + minutes) * 60 + seconds
    oldest = max(replaced.values(), default=0)
    return Workers(frozenset(serving), failed, frozenset(replaced), reloads, uptime, oldest)


def _read_workers(lines: str) -> dict[int, int]:
    """The reloads that each worker has survived, by its process id."""
    found = re.findall(r"^(\d+)\s+worker\s+(\d+)\b", lines, re.MULTILINE)
    return {int(pid): int(reloads) for pid, reloads in found}
