# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.module_utils._apt.files import (
    Version,
    find_pin,
    has_version,
    parse_policy,
    read_key,
    read_pin,
    render_preferences,
    render_source,
    version_pattern,
)

KEY = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmDME\n-----END PGP PUBLIC KEY BLOCK-----"
REPOSITORY = {
    "uris": ["https://packages.example.com/debian"],
    "suites": ["bookworm"],
    "components": ["main"],
    "priority": 900,
    "packages": ["libfoo1"],
}
POLICY = """\
haproxy:
  Installed: 2.6.98-1
  Candidate: 2.6.99-1
  Version table:
     3.2.26-1 900
        100 https://packages.example.com/debian bookworm/main amd64 Packages
     2.6.99-1 990
        100 https://packages.example.com/debian bookworm/main amd64 Packages
 *** 2.6.98-1 990
        100 /var/lib/dpkg/status
     2.6.12-1 -1
        500 http://mirror.example.com/debian bookworm/main amd64 Packages
        500 http://mirror.example.com/debian bookworm-updates/main amd64 Packages
"""


def test_a_source_has_its_key_within():
    source = render_source("haproxy", REPOSITORY, KEY)
    assert source.splitlines() == [
        "# Of the role evenkeel.ha_web.haproxy.",
        "Types: deb",
        "URIs: https://packages.example.com/debian",
        "Suites: bookworm",
        "Components: main",
        "Signed-By:",
        " -----BEGIN PGP PUBLIC KEY BLOCK-----",
        " .",
        " mDME",
        " -----END PGP PUBLIC KEY BLOCK-----",
    ]
    assert read_key(source) == KEY


def test_a_flat_source_with_a_keyring():
    source = render_source("nginx", {**REPOSITORY, "suites": ["./"], "components": []}, "/usr/share/keyrings/own.gpg")
    assert source.endswith("Suites: ./\nSigned-By: /usr/share/keyrings/own.gpg\n")
    assert read_key(source) == ""


def test_the_release_is_pinned_before_the_repository():
    text = render_preferences("haproxy", ["haproxy"], REPOSITORY, "release o=Own", "3.2", downgrade=False)
    assert text.split("\n\n") == [
        "# Of the role evenkeel.ha_web.haproxy.\nPackage: src:haproxy haproxy\n"
        "Pin: version /^([0-9]+:)?3\\.2($|[^0-9])/\nPin-Priority: 990",
        "Package: src:haproxy haproxy libfoo1\nPin: release o=Own\nPin-Priority: 900",
        "Package: *\nPin: release o=Own\nPin-Priority: 100\n",
    ]
    assert read_pin(text) == "release o=Own"


def test_a_downgrade_needs_a_higher_priority():
    text = render_preferences("haproxy", ["haproxy"], {}, "", "3.2", downgrade=True)
    assert text.endswith("Pin-Priority: 1001\n")
    assert read_pin(text) == ""


def test_nothing_declared_is_no_file():
    assert render_preferences("haproxy", ["haproxy"], {}, "", "", downgrade=False) == ""


@pytest.mark.parametrize(
    ("version", "wanted", "has"),
    [
        ("3.2.26-1", "3.2", True),
        ("3.2.26-1", "3.2.26-1", True),
        ("3.2.26-1~bpo12+1", "3.2.26-1", True),
        ("3.2~dev1-1", "3.2", True),
        ("1:3.2.26-1", "3.2", True),
        ("1:3.2.26-1", "1:3.2", True),
        ("3.2.26-1", "1:3.2", False),
        ("3.20.1-1", "3.2", False),
        ("3.2.260-1", "3.2.26", False),
        ("13.2-1", "3.2", False),
        ("3x2-1", "3.2", False),
        ("2.6.12-1+deb12u4", "2.6.12-1+deb12u4", True),
        ("2.6.12-11deb12u4", "2.6.12-1+deb12u4", False),
    ],
)
def test_a_version_begins_with_the_release(version, wanted, has):
    assert has_version(version, wanted) is has


def test_the_pattern_is_one_of_posix_too():
    # apt has no groups that do not capture.
    assert "?:" not in version_pattern("3.2")


@pytest.mark.parametrize(
    ("release", "pin"),
    [
        (
            "Origin: Own\nLabel: Own packages\nSuite: stable\nCodename: bookworm\nSHA256:\n abc 1 Origin: x\n",
            "release o=Own,l=Own packages,a=stable,n=bookworm",
        ),
        ("Origin: Own\nCodename: bookworm\n", "release o=Own,n=bookworm"),
        ("Origin: Own\nLabel: One, and two\nSuite: stable\n", "release o=Own,a=stable"),
        ("Origin: Own\n", 'origin "packages.example.com"'),
        ("Suite: stable\nCodename: bookworm\n", 'origin "packages.example.com"'),
        ("", 'origin "packages.example.com"'),
    ],
)
def test_a_repository_is_recognized_by_its_release(release, pin):
    assert find_pin(release, ["packages.example.com"]) == pin


def test_versions_that_no_repository_has_are_told_apart():
    assert parse_policy(POLICY) == [
        Version("3.2.26-1", True),
        Version("2.6.99-1", True),
        Version("2.6.98-1", False),
        Version("2.6.12-1", True),
    ]


def test_an_unknown_package_has_no_versions():
    assert parse_policy("") == []
