# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Systems that are refused in one line, those that are accepted as untested, and those that are tested."""

from __future__ import annotations

import pytest
from ansible.utils.display import Display
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._input.plan import make_plan
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._input.platform import find_problem, find_warning


def facts(distribution, version, family="Debian", **more):
    major = version.partition(".")[0]
    return {
        "os_family": family,
        "distribution": distribution,
        "distribution_version": version,
        "distribution_major_version": major,
        **more,
    }


@pytest.mark.parametrize("host", [facts("Debian", "12.5"), facts("Debian", "13.1"), facts("Debian", "14")])
def test_tested(host):
    assert (find_problem(host), find_warning(host)) == ("", "")


def test_a_release_that_tells_only_its_codename_is_tested():
    host = facts("Debian", "forky/sid", distribution_release="forky")
    assert (find_problem(host), find_warning(host)) == ("", "")


@pytest.mark.parametrize(
    "host",
    [facts("Ubuntu", "24.04"), facts("Debian", "15"), facts("Rocky", "9.4", "RedHat"), facts("Linux Mint", "22")],
)
def test_untested(host):
    assert find_problem(host) == ""
    assert find_warning(host).startswith(f"{host['distribution']} {host['distribution_version']} is untested")


@pytest.mark.parametrize(
    ("host", "text"),
    [
        (facts("Alpine", "3.20.1", "Alpine"), "Alpine 3.20.1 is not supported, and nothing was changed"),
        (facts("FreeBSD", "14.1", "FreeBSD"), "FreeBSD 14.1 is not supported"),
        (facts("Debian", "12.5", service_mgr="sysvinit"), "Debian 12.5 runs without systemd"),
        (facts("Debian", "11.9"), "Debian 11.9 is too old"),
        ({}, "this system is not supported"),
    ],
)
def test_refused(host, text):
    assert find_problem(host).startswith(text)


def test_the_plan_of_a_role_refuses_a_system_with_one_problem():
    found = make_plan("nginx", {"nginx_sites": 5}, {}, {}, facts("Alpine", "3.20.1", "Alpine"), dict, list, dict)
    (problem,) = found["problems"]
    assert problem.startswith("Alpine 3.20.1 is not supported")


@pytest.mark.parametrize(
    ("host", "texts"),
    [
        (facts("Debian", "12.5"), []),
        (facts("Alpine", "3.20.1", "Alpine"), []),
        (
            facts("Ubuntu", "24.04"),
            ["Ubuntu 24.04 is untested"],
        ),
    ],
)
def test_the_plan_of_a_role_warns_of_a_system_that_is_not_tested(monkeypatch, host, texts):
    said = []
    monkeypatch.setattr(Display, "warning", lambda self, text: said.append(text))
    make_plan("nginx", {"nginx_sites": 5}, {}, {"nginx_sites": {"type": "list"}}, host, dict, list, dict)
    assert [text.partition(":")[0] for text in said] == texts
