"""Let the checkers of real daemons check the cases of which nothing is written down yet, and write down what they say.

    PYTHONPATH=collections:tests/unit python tests/unit/recorded/record.py [--again] debian12=NAME debian13=NAME

NAME is a running container of that release of Debian with haproxy, keepalived and nginx installed and a network
interface eth0. To add a case, write its ``files`` (with their ``attributes``, see replay.py, and, if it is not the
first of them that is checked, the ``paths``) into the data file, and run this as root. With --again, all cases are
checked.
"""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import yaml
from ansible_collections.evenkeel.ha_web.plugins.module_utils._haproxy import check as haproxy
from ansible_collections.evenkeel.ha_web.plugins.module_utils._keepalived import check as keepalived
from ansible_collections.evenkeel.ha_web.plugins.module_utils._nginx import check as nginx
from recorded.replay import RECORDED_IN, write_files

CHECKS = {
    "haproxy": haproxy.check,
    "keepalived": lambda run, paths: keepalived.check(run, paths[0]),
    "nginx": lambda run, paths: nginx.check(run, paths[0]),
}

# A checker that Ansible starts has a parent (keepalived cares), and a negative exit code if a signal ended it.
AS_A_CHILD = "import subprocess, sys; sys.exit(subprocess.call(sys.argv[1:]) % 256)"


class Recorder:
    """Runs a checker in a container on a copy of the directory of the case."""

    def __init__(self, container):
        self.container = container
        self.calls = []
        self.version = {}

    def docker(self, *argv, **kwargs):
        return subprocess.run(
            ["docker", "exec", "-i", self.container, *argv], capture_output=True, check=False, **kwargs
        )

    def __call__(self, argv):
        files = subprocess.run(["tar", "-c", "-C", RECORDED_IN, "."], capture_output=True, check=True).stdout
        self.docker("sh", "-c", f"rm -rf {RECORDED_IN}; mkdir {RECORDED_IN}; tar -x -C {RECORDED_IN}", input=files)
        done = self.docker("python3", "-c", AS_A_CHILD, *argv)
        rc = done.returncode if done.returncode < 200 else done.returncode - 256
        call = {"argv": shlex.join(argv), "rc": rc}
        call.update((name, value.decode()) for name in ("stdout", "stderr") if (value := getattr(done, name)))
        if argv[1] == "-v":
            self.version = call
        else:
            self.calls.append(call)
        return rc, done.stdout.decode(), done.stderr.decode()


class Dumper(yaml.SafeDumper):
    """Writes text of several lines as it is."""


Dumper.add_representer(
    str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, "|" if "\n" in text else None)
)


def record(daemon, containers, again):
    data = Path(__file__).with_name(f"{daemon}.yml")
    recorded = yaml.safe_load(data.read_text(encoding="utf-8"))
    for case in recorded["cases"]:
        for release, container in containers.items():
            if release in case and not again:
                continue
            shutil.rmtree(RECORDED_IN, ignore_errors=True)
            Path(RECORDED_IN).mkdir()
            write_files(case, RECORDED_IN)
            run = Recorder(container)
            names = case.get("paths") or list(case["files"])[:1]
            CHECKS[daemon](run, [f"{RECORDED_IN}/{name}".rstrip("/") for name in names])
            case[release] = run.calls
            recorded.setdefault("version", {})[release] = run.version
    shutil.rmtree(RECORDED_IN, ignore_errors=True)
    data.write_text(yaml.dump(recorded, Dumper=Dumper, sort_keys=False, width=1000), encoding="utf-8")


if __name__ == "__main__":
    named = dict(argument.split("=") for argument in sys.argv[1:] if argument != "--again")
    for name in CHECKS:
        record(name, named, "--again" in sys.argv)
