"""A pytest plugin: a story that fails shows what the daemons of every host have to say, and the cluster is asked at the
end."""

from __future__ import annotations

import os
import subprocess

import pytest
from inside import inside

UNITS = [f"--unit={unit}" for unit in ("haproxy", "keepalived", "keepalived-kernel", "nginx")]


def output(*argv: str) -> str:
    return subprocess.run(argv, capture_output=True, text=True, check=False).stdout


def pytest_collection_modifyitems(items):
    # Molecule names the files of other folders first.
    items.sort(key=lambda item: item.path.name == "test_cluster_is_well.py")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.failed:
        for host in output(
            "docker", "ps", "--filter", f"label=evenkeel.lab={os.environ['LAB_NAME']}", "--format", "{{.Names}}"
        ).split():
            journal = output(*inside(host), "journalctl", "--no-pager", "--lines=20", *UNITS)
            report.sections.append((f"journal of {host}", journal))
    return report
