"""A cluster that the release before has deployed is deployed by this checkout, and no client notices."""

from __future__ import annotations

import re
import subprocess

import pytest
from artefact import built, installed, run
from controller import ROOT, ansible, good, playbook

UNRELEASED = "933588c9b4d005fb9e39dfb08822af8d426dd594"
"""The commit that stands for the release before, as long as there is none."""


def release_before() -> str:
    """The newest release that this commit comes after."""
    argv = ["git", "describe", "--abbrev=0", "--match", "v[0-9]*", "HEAD^"]
    return subprocess.run(argv, cwd=ROOT, text=True, capture_output=True, check=False).stdout.strip() or UNRELEASED


def site() -> str:
    """Deploy by this checkout; returns what it printed."""
    return good(ansible("ansible-playbook", ROOT / "site.yml"))


@pytest.fixture(scope="session", autouse=True)
def deployed(tmp_path_factory):
    """The cluster is as the artefact of the release before leaves it."""
    folder = tmp_path_factory.mktemp("before")
    sources = folder / "sources"
    sources.mkdir()
    run("git", "archive", "--output", folder / "sources.tar", release_before(), cwd=ROOT)
    run("tar", "--extract", "--file", folder / "sources.tar", cwd=sources)
    good(ansible("ansible-playbook", "evenkeel.ha_web.site", cwd=folder, **installed(built(sources, folder), folder)))


def test_an_upgrade_costs_no_client_anything(clients):
    with clients:
        print(site())


def test_the_next_run_changes_nothing():
    output = site()
    assert set(re.findall(r"changed=(\d+)", output)) == {"0"}, output


def test_nothing_is_wrong_with_the_cluster():
    assert "No problems found." in good(playbook("check_cluster"))
