# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""State of the HAProxy on this host, as one dictionary."""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from .._check.finding import CheckerMissing
from .._deployed.digest import digest
from .._deployed.proven import configuration
from .._host.certificates import describe_certificate
from .._host.run import Run
from .._host.system import host_addresses
from .check import check
from .cli import Stopped, ask, parse_workers
from .runtime import Runtime
from .server import Server, rows
from .shared_lines import remove_release

SUMMARIES = 1 | 2
"""Object types for C(show stat): frontends and backends."""
PATTERNS = ("map", "acl")
"""Kinds of files with patterns, which can be changed at run time."""
CONTAINER = "/etc/haproxy-container"
"""Directory of the files from which the role builds the image, where HAProxy runs in a container."""
LINES = 1000
"""Number of journal lines to read."""


def state(path: str, master: str, directory: str, run: Run) -> dict[str, Any]:
    """Gather the state of this host's HAProxy, in the format of the module haproxy_info.

    Raises NoAnswer if it runs and does not answer, or if it may not be asked."""
    directory = os.path.realpath(directory)
    found = {
        "configuration": {**configuration("haproxy", directory, run), "shared": shared_digest(Path(directory), run)}
    }
    try:
        about = facts(ask(path, "show info"))
        proxies = list(rows(ask(path, f"show stat -1 {SUMMARIES} -1")))
        servers = Runtime(path, master).read_servers()
        certificates = _certificates(path)
        patterns = [item for kind in PATTERNS for item in _read_pattern_files(path, kind)]
    except Stopped:
        return {"running": False, **found}
    age = int(about.get("Uptime_sec", 0))
    reloads = _reloads(master, age)
    noted = Path(f"{os.path.dirname(path)}-reload/loaded")
    loaded = not found["configuration"]["digest"] or (
        not reloads["reloads_failed"] and is_loaded(noted, directory, run)
    )
    return {
        "running": True,
        "configuration": {**found["configuration"], "loaded": loaded},
        "version": about.get("Version", ""),
        **reloads,
        "max_reloads": max_reloads(Path(directory)),
        "ended_workers": ended_workers(_read_journal(run)),
        "dropped_logs": int(about.get("DroppedLogs", 0)),
        "log_errors": log_errors(run),
        "connections": {"current": int(about.get("CurrConns", 0)), "limit": int(about.get("Maxconn", 0))},
        "frontends": [{"name": row["pxname"], **_read_load(row)} for row in proxies if row["svname"] == "FRONTEND"],
        "backends": [
            {"name": row["pxname"], **_read_load(row), **_count_members(row["pxname"], servers)}
            for row in proxies
            if row["svname"] == "BACKEND"
        ],
        "servers": [{"backend": server.backend, "name": server.name, **server.to_dict()} for server in servers],
        "listeners": listeners(
            run(["ss", "--no-header", "--numeric", "--tcp", "--listening", "--processes", "--extended"])[1]
        ),
        "certificates": certificates,
        "complaints": read_warnings(directory, run),
        "pattern_files": patterns,
    }


def facts(answer: str) -> dict[str, str]:
    """The lines C(name: value) of an answer."""
    return dict(re.findall(r"^([\w -]+): *(.*?)\s*$", answer, re.MULTILINE))


def shared_digest(directory: Path, run: Run) -> str:
    """A checksum of what the nodes of a cluster have in common; empty if there is no haproxy.cfg.

    Comments, C(localpeer), numbers of connections, which the role derives from a host's memory, the host's own
    addresses in C(bind) and C(source), and what only some releases need do not count."""
    file = directory / "haproxy.cfg"
    if not file.is_file():
        return ""
    own = "|".join(re.escape(item["address"]) for item in host_addresses(run(["ip", "-json", "address", "show"])[1]))
    whole = hashlib.sha256(digest(directory, without=file.name).encode())
    for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
        word = (line.split() or [""])[0]
        if word in ("bind", "source"):
            whole.update(re.sub(rf"(?<![\w.:])({own})(?![\w.])", "*", line).encode())
        elif word == "maxconn":
            whole.update(word.encode())
        elif word != "localpeer" and not word.startswith("#"):
            whole.update(remove_release(line).encode())
    return whole.hexdigest()


def _read_load(row: dict[str, str]) -> dict[str, Any]:
    return {"status": row["status"], "sessions": int(row["scur"] or 0), "limit": int(row["slim"] or 0)}


def _count_members(backend: str, servers: Iterable[Server]) -> dict[str, int]:
    """Count a backend's servers that are in rotation, that fail their checks, and that were taken out of rotation."""
    counts = Counter(_classify_server(server) for server in servers if server.backend == backend)
    return {name: counts[name] for name in ("up", "down", "out")}


def _classify_server(server: Server) -> str:
    if server.state != "ready" or not server.weight:
        return "out"
    return "up" if server.in_rotation else "down"


def _reloads(master: str, worker_uptime: int) -> dict[str, int]:
    """Read the reloads and workers from the master process. Without a master, only the worker's uptime is known."""
    try:
        known = parse_workers(ask(master, "show proc"))
    except Stopped:
        return {
            "uptime": worker_uptime,
            "generation": 0,
            "seconds_in_generation": worker_uptime,
            "reloads_failed": 0,
            "old_workers": 0,
            "oldest_worker": 0,
        }
    return {
        "uptime": known.uptime,
        "generation": known.reloads,
        "seconds_in_generation": worker_uptime,
        "reloads_failed": known.failed,
        "old_workers": len(known.replaced),
        "oldest_worker": known.oldest,
    }


def is_loaded(noted: Path, directory: str, run: Run) -> bool:
    """Return whether the files on disk are those that HAProxy read at its last start or reload. Its unit records them
    with inode and time of the last change."""
    try:
        then = noted.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    _rc, now, _err = run(["find", f"{directory}/", "-type", "f", "-printf", "%P %i %C@\n"])
    return sorted(then) == sorted(now.splitlines())


def max_reloads(directory: Path) -> int:
    """The C(mworker-max-reloads) of haproxy.cfg; 0 if that has none."""
    try:
        text = (directory / "haproxy.cfg").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return 0
    found = re.findall(r"^\s*mworker-max-reloads\s+(\d+)", text, re.MULTILINE)
    return int(found[-1]) if found else 0


def _read_journal(run: Run) -> str:
    """The last of what HAProxy's processes have printed; access lines come another way."""
    argv = ["journalctl", "--unit", "haproxy", "_TRANSPORT=stdout", "--lines", str(LINES), "--output", "cat", "--quiet"]
    try:
        return run(argv)[1]
    except OSError:
        return ""


SEE_ANOTHER = "Check for additional error messages"
"""Part of a complaint of rsyslogd whose cause is in another one."""


def log_errors(run: Run) -> list[str]:
    """The last complaints of the log daemon within ten minutes, such as of a full disk, without duplicates."""
    argv = ["journalctl", "--unit", "haproxy-access-log", "_COMM=rsyslogd", "--priority=err", "--since=-10min"]
    try:
        said = run([*argv, "--lines", str(LINES), "--output", "cat", "--quiet"])[1]
    except OSError:
        return []
    lines = list(dict.fromkeys(re.sub(r"\s*\[v\d.*", "", line) for line in said.splitlines()))
    return [line for line in lines if SEE_ANOTHER not in line] or lines


def ended_workers(said: str) -> int:
    """Count the old workers that were ended with open connections since the last reload, from HAProxy's output."""
    since = re.split(r"New worker \(\d+\) forked", said)[-1]
    return len(re.findall(r"Former worker \(\d+\) exited with code 143|soft-stop running for too long", since))


def listeners(printed: str) -> list[str]:
    """The addresses and ports at which haproxy listens, of what C(ss) has printed; of a container it knows the unit, or
    the slice, and not the process."""
    return sorted(
        {line.split()[3] for line in printed.splitlines() if re.search(r'"haproxy"|/haproxy\.(service|slice)', line)}
    )


def read_warnings(directory: str, run: Run) -> list[str]:
    """What HAProxy itself warns of in the configuration on disk; of a container, its HAProxy is asked."""
    inside = ["docker", "exec", "haproxy"] if os.path.isdir(CONTAINER) else []
    bounded = ["timeout", "--kill-after=5", "30"]
    try:
        answer = check(lambda argv: run([*bounded, *inside, *argv]), [f"{directory}/haproxy.cfg"])
    except (CheckerMissing, OSError):
        return []
    return [finding.describe() for finding in answer.findings if finding.severity == "warning"]


def _certificates(path: str) -> list[dict[str, Any]]:
    names = [line for line in ask(path, "show ssl cert").splitlines() if line and line[0] not in "#*"]
    return [
        certificate(name, ask(path, f"show ssl cert {name}"), time.time()) for name in names if Path(name).is_absolute()
    ]


def certificate(file: str, answer: str, now: float) -> dict[str, Any]:
    """A certificate as HAProxy has loaded it, of the answer to C(show ssl cert); C(now) is in seconds since 1970."""
    said = facts(answer)
    names = said.get("Subject Alternative Name", "")
    return describe_certificate(file, said.get("Subject", ""), names, said.get("notAfter", ""), now)


def _read_pattern_files(path: str, kind: str) -> list[dict[str, Any]]:
    """The files with patterns as HAProxy has loaded or somebody has changed them."""
    return [
        summarize_pattern_file(kind, name, ask(path, f"show {kind} {name}"))
        for name in list_pattern_files(ask(path, f"show {kind}"))
    ]


def list_pattern_files(answer: str) -> list[str]:
    """The files in the answer to C(show map) or C(show acl); lists that the configuration itself has are left out."""
    return list(dict.fromkeys(re.findall(r"^\d+ \((\S+)\)", answer, re.MULTILINE)))


def summarize_pattern_file(kind: str, file: str, answer: str) -> dict[str, Any]:
    """The number and the checksum of the entries, in any order; each line of the answer begins with an address."""
    entries = sorted(line.partition(" ")[2] for line in answer.splitlines() if line.strip())
    return {
        "kind": kind,
        "file": file,
        "entries": len(entries),
        "digest": hashlib.sha256("\n".join(entries).encode()).hexdigest(),
    }
