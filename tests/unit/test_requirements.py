# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is installed is what was chosen, byte for byte: each requirement is in its lock with the same version, and
everything there has hashes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LISTS = [ROOT / "requirements.txt", ROOT / "tests/compat/lowest.txt"]
PIN = re.compile(r"([A-Za-z0-9._-]+)(?:\[[a-z,]+\])?==([^\s;]+)(?: ; [^#]+)?")


def lines(file):
    """The lines of a file of requirements, joined where they go on, without comments."""
    joined = file.read_text(encoding="utf-8").replace("\\\n", "")
    return [line.strip() for line in joined.splitlines() if line.strip() and not line.startswith("#")]


def pinned(line):
    """Name and version of a line without its hashes."""
    name, version = PIN.fullmatch(re.split(r"\s+--hash=", line)[0].strip()).groups()
    return re.sub(r"[-_.]+", "-", name).lower(), version


@pytest.fixture(params=LISTS, ids=lambda file: file.name)
def chosen(request):
    return request.param


def test_every_requirement_is_in_the_lock_with_its_version(chosen):
    locked = set(map(pinned, lines(chosen.with_suffix(".lock"))))
    assert set(map(pinned, lines(chosen))) - locked == set()


def test_everything_in_the_lock_has_hashes(chosen):
    assert [
        line for line in lines(chosen.with_suffix(".lock")) if not re.search(r"--hash=sha256:[0-9a-f]{64}( |$)", line)
    ] == []


def test_a_lock_says_nothing_of_where_it_was_made(chosen):
    text = chosen.with_suffix(".lock").read_text(encoding="utf-8")
    assert not re.search(r"://|/\w+/|--(extra-)?index-url|--find-links", text)
