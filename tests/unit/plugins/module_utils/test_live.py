"""What the daemons answer, and how a configuration directory is recognised."""

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.module_utils._live import Workers, digest, parse_workers

# As haproxy 2.6.12 and 3.0.11 have answered "show proc".
ANSWERS = [
    (
        """#<PID>          <type>          <reloads>       <uptime>        <version>
335             master          3 [failed: 0]   0d00h01m42s     2.6.12-1+deb12u4
# workers
2060            worker          0               0d00h00m00s     2.6.12-1+deb12u4
# programs

""",
        Workers(frozenset({2060}), 0),
    ),
    (
        """#<PID>          <type>          <reloads>       <uptime>        <version>
335             master          2 [failed: 1]   0d00h01m40s     2.6.12-1+deb12u4
# workers
1188            worker          1               0d00h01m30s     2.6.12-1+deb12u4
# old workers
337             worker          2               0d00h01m40s     2.6.12-1+deb12u4
# programs

""",
        Workers(frozenset({1188}), 1),
    ),
    ("", Workers(frozenset(), 0)),
]


@pytest.mark.parametrize(("answer", "expected"), ANSWERS)
def test_what_the_master_of_haproxy_says(answer, expected):
    assert parse_workers(answer) == expected


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
