"""How a configuration directory is recognised."""

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.module_utils._live import digest


@pytest.fixture
def directory(tmp_path):
    (tmp_path / "certs").mkdir()
    (tmp_path / "haproxy.cfg").write_text("global\n")
    return tmp_path


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
