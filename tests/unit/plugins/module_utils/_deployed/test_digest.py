"""How a configuration directory is recognised."""

from __future__ import annotations

import time

import pytest
from ansible_collections.evenkeel.ha_web.plugins.module_utils._deployed.digest import digest, identity


@pytest.fixture
def directory(tmp_path):
    directory = tmp_path / "haproxy"
    (directory / "certs").mkdir(parents=True)
    (directory / "haproxy.cfg").write_text("global\n")
    return directory


def test_the_digest_stays_while_nothing_changes(directory):
    assert digest(directory) == digest(directory)


@pytest.mark.parametrize("change", ["content", "name", "new"])
def test_the_digest_tells_every_change(directory, change):
    before = digest(directory)
    if change == "content":
        (directory / "haproxy.cfg").write_text("global \n")
    elif change == "name":
        (directory / "haproxy.cfg").rename(directory / "other.cfg")
    else:
        (directory / "certs" / "site.pem").write_text("")
    assert digest(directory) != before


@pytest.mark.parametrize("text", ["global\n", "global # other\n"])
def test_a_file_that_is_edited_in_its_place_is_another_one(directory, text):
    before, end = identity(directory), time.monotonic() + 5
    assert identity(directory) == before
    while identity(directory) == before:
        assert time.monotonic() < end
        (directory / "haproxy.cfg").write_text(text)


def test_a_file_that_comes_and_goes_beside_the_others_changes_nothing(directory):
    before = identity(directory)
    (directory / ".haproxy.cfg.swp").write_text("")
    (directory / ".haproxy.cfg.swp").unlink()
    assert identity(directory) == before
