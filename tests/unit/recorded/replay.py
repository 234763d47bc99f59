"""What real daemons said of real configurations, and a way to let them say it again.

``haproxy.yml``, ``keepalived.yml`` and ``nginx.yml`` hold for every case the files of a configuration and, for every
release of Debian, the checker's calls with their exit codes and output. ``record.py`` writes them.
"""

from __future__ import annotations

import fnmatch
import os
import shlex
import stat
from pathlib import Path

import yaml
from ansible_collections.evenkeel.ha_web.plugins.module_utils._host.system import Host

RELEASES = ("debian12", "debian13")
RECORDED_IN = "/srv/case"
USERS = {"root": 0, "daemon": 1, "nobody": 65534, "nogroup": 65534}
"""Users and groups of the recorded hosts with their ids."""

SYSTEM = {
    **dict.fromkeys(["/", "/srv", RECORDED_IN, "/usr", "/usr/bin", "/etc"], stat.S_IFDIR | 0o755),
    **dict.fromkeys(["/usr/bin/true", "/usr/bin/sh"], stat.S_IFREG | 0o755),
    "/bin": stat.S_IFLNK | 0o777,
    "/etc/passwd": stat.S_IFREG | 0o644,
    "/root": stat.S_IFDIR | 0o700,
}
"""What the recorded hosts have besides the files of a case."""


def load(daemon):
    """The recordings of a daemon: ``version`` (calls by release) and ``cases`` (by name)."""
    recorded = yaml.safe_load(Path(__file__).with_name(f"{daemon}.yml").read_text(encoding="utf-8"))
    return {"version": recorded["version"], "cases": {case["case"]: case for case in recorded["cases"]}}


def attributes(case, name):
    """Mode, owner and group of a file of a case: those it lists, such as C(0775 root daemon), else what is usual."""
    usual = 0o755 if name.endswith("/") or case["files"].get(name, "").startswith("#!") else 0o644
    mode, owner, group = (case.get("attributes", {}).get(name) or f"{usual:o} root root").split()
    return int(mode, 8), USERS[owner], USERS[group]


def write_files(case, directory):
    """Write the files of a case. A name that ends with a slash is a directory, a text that begins with C(->) a link."""
    for name, text in case["files"].items():
        path = Path(directory, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        if name.endswith("/"):
            path.mkdir(exist_ok=True)
        elif text.startswith("->"):
            path.symlink_to(text[2:].strip())
        else:
            path.write_bytes(text.encode())
            path.chmod(attributes(case, name)[0])
    for name in case.get("attributes", {}):
        mode, owner, group = attributes(case, name)
        Path(directory, name).chmod(mode)
        if os.geteuid() == 0:
            os.chown(Path(directory, name), owner, group)


def said(verdict, rows, directory):
    """All findings of a verdict as rows of (severity, file, line, message, source), with as much of a message as the
    expected row has."""
    begins = [len(row[3]) for row in rows] + [None] * len(verdict.findings)
    return [
        (
            found.severity,
            found.file and found.file.replace(f"{directory}/", ""),
            found.line,
            found.message[:begin],
            found.source,
        )
        for found, begin in zip(verdict.findings, begins)
    ]


class RecordedHost(Host):
    """The recorded host with the files of a case in RECORDED_IN, whoever runs the test and wherever."""

    def __init__(self, case):
        super().__init__()
        self.case = case

    def read(self, path):
        return self._text(path)

    def first_line(self, path):
        return "" if path in SYSTEM else self._text(path).split("\n")[0] + "\n"

    def lstat(self, path):
        name = os.path.relpath(path, RECORDED_IN)
        if path in SYSTEM:
            return _status(SYSTEM[path], 0, 0)
        if f"{name}/" in self.case["files"] or any(file.startswith(f"{name}/") for file in self.case["files"]):
            mode, owner, group = attributes(self.case, f"{name}/")
            return _status(stat.S_IFDIR | mode, owner, group)
        mode, owner, group = attributes(self.case, name)
        kind = stat.S_IFLNK if self._text(path).startswith("->") else stat.S_IFREG
        return _status(kind | mode, owner, group)

    def readlink(self, path):
        return "usr/bin" if path == "/bin" else self._text(path)[2:].strip()

    def matches(self, pattern):
        found = [f"{RECORDED_IN}/{name}" for name in sorted(self.case["files"])]
        return [path for path in found if fnmatch.fnmatch(path, pattern)]

    def ids(self, user, group=""):
        if user not in USERS:
            raise KeyError(f"there is no user {user}")
        return USERS[user], USERS[group or user]

    def _text(self, path):
        try:
            return self.case["files"][os.path.relpath(path, RECORDED_IN)]
        except KeyError:
            raise FileNotFoundError(2, "No such file or directory", path) from None


def _status(mode, owner, group):
    return os.stat_result((mode, 0, 0, 1, owner, group, 0, 0, 0, 0))


class Replay:
    """A checker that answers the calls of a case like the recorded one, about the files in directory."""

    def __init__(self, recorded, case, release, directory):
        self.version = recorded["version"][release]
        self.calls = list(recorded["cases"][case][release])
        self.directory = str(directory)
        self.argvs = []

    def __call__(self, argv):
        self.argvs.append(argv)
        call = self.version if argv[1] == "-v" else self.calls.pop(0)
        output = [call.get("stdout", ""), call.get("stderr", "")]
        recorded_argv = shlex.split(call["argv"])
        assert len(recorded_argv) == len(argv)
        for was, now in [*zip(recorded_argv[1:], argv[1:]), (RECORDED_IN, self.directory)]:
            output = [text.replace(was, now) if was.startswith("/") else text for text in output]
        return call["rc"], *output
