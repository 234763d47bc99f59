# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What docs/reference/compatibility.md says is what the collection's metadata say, and what tests/compat runs."""

from __future__ import annotations

import re
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/reference/compatibility.md").read_text(encoding="utf-8")
CONTROL = re.findall(r"^\| (2\.\d+) \| (3\.\d+) \| Debian \d+ \((\w+)\) \|$", PAGE, flags=re.MULTILINE)
HEADING, *ROWS = re.search(r"<!-- releases -->\n\n(.*)\n\n<!-- end -->", PAGE, flags=re.DOTALL)[1].splitlines()
PYTHONS = next(row for row in ROWS if row.startswith("| Python |"))
HOSTS = list(zip(re.findall(r"Debian \d+ \((\w+)\)", HEADING), re.findall(r"3\.\d+", PYTHONS)))
OLDEST = CONTROL[0][0]


def read(path):
    return yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))


def test_a_control_node_has_the_python_of_its_debian():
    assert {(debian, python) for _core, python, debian in CONTROL} <= set(HOSTS)


def test_the_releases_of_the_page_are_those_that_the_cluster_is_deployed_by():
    runs = re.search(r"set -- (.*)", (ROOT / "tests/compat/run").read_text(encoding="utf-8"))
    assert runs[1].split() == [f"{core}:{debian}" for core, _python, debian in CONTROL]


def test_the_tests_run_with_one_of_the_releases():
    assert ".".join(version("ansible-core").split(".")[:2]) in [core for core, _python, _debian in CONTROL]


def test_the_collection_wants_the_oldest_of_the_releases():
    assert read("meta/runtime.yml")["requires_ansible"] == f">={OLDEST}.0"


@pytest.mark.parametrize("role", sorted(path.name for path in (ROOT / "roles").iterdir()))
def test_a_role_says_the_same_of_releases_and_hosts(role):
    said = read(f"roles/{role}/meta/main.yml")["galaxy_info"]
    assert said["min_ansible_version"] == OLDEST
    assert said["platforms"] == [{"name": "Debian", "versions": [debian for debian, _python in HOSTS]}]


def test_the_collections_of_others_are_those_of_the_artefact():
    wanted = re.findall(r"^\| `(\w+\.\w+)` \| ([\d.]+) \|", PAGE, flags=re.MULTILINE)
    assert {name: f">={oldest}" for name, oldest in wanted} == read("galaxy.yml")["dependencies"]


def test_the_first_page_says_the_same():
    first = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"ansible-core {OLDEST} to {CONTROL[-1][0]}" in first
    assert "docs/reference/compatibility.md" in first
