# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._input.packages import problems

REPOSITORY = {
    "uris": ["https://packages.example.com/debian"],
    "suites": ["bookworm"],
    "components": ["main"],
    "key_url": "https://packages.example.com/key.asc",
    "fingerprints": ["0123 4567 89AB CDEF 0123  4567 89AB CDEF 0123 4567"],
}
WITHOUT_KEY = {key: value for key, value in REPOSITORY.items() if key not in ("key_url", "fingerprints")}
KEY = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n"


def find(version="3.2", runtime="package", repository=None):
    declared = REPOSITORY if repository is None else repository
    return list(
        problems("haproxy", {"haproxy_version": version, "haproxy_runtime": runtime, "haproxy_repository": declared})
    )


@pytest.mark.parametrize(
    "repository",
    [
        {},
        REPOSITORY,
        {**WITHOUT_KEY, "key": KEY},
        {**WITHOUT_KEY, "keyring": "/usr/share/keyrings/debian-archive-keyring.gpg"},
        {**REPOSITORY, "suites": ["./"], "components": []},
        {**REPOSITORY, "uris": ["file:/srv/mirror"]},
        {**REPOSITORY, "pin": 'origin "packages.example.com"', "priority": 500, "packages": ["libnl-3-*", "libfoo1"]},
        {**REPOSITORY, "fingerprints": ["0" * 64]},
    ],
)
def test_a_repository_is_accepted(repository):
    assert find(repository=repository) == []


def test_a_role_without_packages_has_no_problems():
    assert list(problems("docker_engine", {})) == []


@pytest.mark.parametrize(
    ("version", "accepted"),
    [("3.2", True), ("3.2.26-1", True), ("1:3.2.26-1~bpo12+1", True), ("3", False), ("latest", False), ("3.2 ", False)],
)
def test_a_version_has_two_numbers(version, accepted):
    assert (find(version=version, repository={}) == []) is accepted


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"version": ""}, "haproxy_version is not"),
        ({"runtime": "container"}, "haproxy_image_base"),
        ({"repository": {**REPOSITORY, "uris": []}}, "has no uris"),
        ({"repository": {**REPOSITORY, "suites": []}}, "has no suites"),
        ({"repository": {**REPOSITORY, "uris": ["packages.example.com"]}}, "a URL that begins with"),
        ({"repository": {**REPOSITORY, "uris": ["https://packages.example.com/a b"]}}, "a URL that begins with"),
        ({"repository": {**REPOSITORY, "uris": ["https://me:secret@packages.example.com"]}}, "auth.conf.d"),
        ({"repository": {**REPOSITORY, "suites": ["one two"]}}, "a single word"),
        ({"repository": {**REPOSITORY, "components": ["main\nTrusted: yes"]}}, "a single word"),
        ({"repository": {**REPOSITORY, "suites": ["./"]}}, "flat repository"),
        ({"repository": {**REPOSITORY, "components": []}}, "no components"),
        ({"repository": WITHOUT_KEY}, "trusts no repository without a key"),
        ({"repository": {**REPOSITORY, "key": KEY}}, "key and key_url"),
        ({"repository": {**REPOSITORY, "fingerprints": []}}, "key_url needs fingerprints"),
        ({"repository": {**REPOSITORY, "fingerprints": ["0" * 16]}}, "40 hexadecimal digits"),
        ({"repository": {**WITHOUT_KEY, "key": "abc"}}, "no public key in armor"),
        ({"repository": {**WITHOUT_KEY, "key": "-----BEGIN PGP PRIVATE KEY BLOCK-----"}}, "private key"),
        ({"repository": {**WITHOUT_KEY, "keyring": "/a b"}}, "without spaces"),
        ({"repository": {**WITHOUT_KEY, "keyring": "/a", "fingerprints": ["0" * 40]}}, "trusted as it is"),
        ({"repository": {**REPOSITORY, "pin": "packages.example.com"}}, "begins with release, origin or version"),
        ({"repository": {**REPOSITORY, "priority": 1001}}, "101-999"),
        ({"repository": {**REPOSITORY, "priority": 100}}, "101-999"),
        ({"repository": {**REPOSITORY, "packages": ["Lib Foo"]}}, "the name of a package"),
    ],
)
def test_what_apt_could_not_use_is_refused(changes, reason):
    assert [problem for problem in find(**changes) if reason in problem]


def test_no_message_has_the_password_of_a_url():
    assert "secret" not in "".join(find(repository={**REPOSITORY, "uris": ["https://me:secret@packages.example.com"]}))
