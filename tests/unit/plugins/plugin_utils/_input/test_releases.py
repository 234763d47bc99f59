# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._input.releases import find_releases, has_feature

FORKY = {"distribution_major_version": "forky/sid", "distribution_release": "forky"}


def debian(**facts):
    return {"distribution": "Debian", **facts}


@pytest.mark.parametrize(
    ("facts", "haproxy"),
    [
        (debian(distribution_major_version="11"), None),
        (debian(distribution_major_version="12"), "2.6"),
        (debian(distribution_major_version="13"), "3.0"),
        (debian(**FORKY), "3.2"),
        (debian(distribution_major_version="14"), "3.2"),
        (debian(distribution_major_version="15"), "3.2"),
        (debian(distribution_major_version="new/sid", distribution_release="new"), None),
        ({"distribution": "Ubuntu", "distribution_major_version": "24"}, None),
        ({}, None),
    ],
)
def test_a_host_without_the_program_will_have_that_of_its_distribution(facts, haproxy):
    assert find_releases(facts).get("haproxy") == haproxy


@pytest.mark.parametrize(
    ("lines", "haproxy"),
    [
        ([], "2.6"),
        (["haproxy=3.2.26-1", "haproxy installed"], "3.2.26-1"),
        (["/proc/meminfo:MemTotal: 2 kB", "LimitNOFILE=1024", ""], "2.6"),
    ],
)
def test_an_installed_program_has_its_own_release(lines, haproxy):
    assert find_releases(debian(distribution_major_version="12"), lines)["haproxy"] == haproxy


@pytest.mark.parametrize(("declared", "haproxy"), [("3.2", "3.2"), ("", "3.0.11-1")])
def test_a_declared_release_is_the_one_that_the_host_will_have(declared, haproxy):
    found = find_releases(debian(distribution_major_version="12"), ["haproxy=3.0.11-1"], {"haproxy": declared})
    assert (found["haproxy"], found["bird"]) == (haproxy, "2.0")


@pytest.mark.parametrize(
    ("release", "has"),
    [
        (None, False),
        ("2.6.12-1+deb12u4", False),
        ("2.9", False),
        ("3.0", True),
        ("1:3.0.0-1~bpo12+1", True),
        ("3.0-dev1", True),
        ("10.1", True),
    ],
)
def test_a_feature_is_there_since_a_release(release, has):
    assert has_feature({"haproxy": release} if release else {}, "refuses_nul") is has
