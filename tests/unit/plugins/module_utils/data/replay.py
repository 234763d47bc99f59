"""What real daemons said of real configurations, and a way to let them say it again.

``haproxy.yml``, ``keepalived.yml`` and ``nginx.yml`` hold for every case the files of a configuration and, for every
release of Debian, the checker's calls with their exit codes and output. ``record.py`` writes them.
"""

from __future__ import annotations

import shlex
from pathlib import Path

import yaml

RELEASES = ("debian12", "debian13")
RECORDED_IN = "/srv/case"


def load(daemon):
    """The recordings of a daemon: ``version`` (calls by release) and ``cases`` (by name)."""
    recorded = yaml.safe_load(Path(__file__).with_name(f"{daemon}.yml").read_text(encoding="utf-8"))
    return {"version": recorded["version"], "cases": {case["case"]: case for case in recorded["cases"]}}


def write_files(case, directory):
    """Write the files of a case. A name that ends with a slash is a directory, a script can be executed."""
    for name, text in case["files"].items():
        path = Path(directory, name)
        if name.endswith("/"):
            path.mkdir(parents=True)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755 if text.startswith("#!") else 0o644)


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
