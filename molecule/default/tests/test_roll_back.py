"""One command brings back what was there before a change, on every host, and the newer files as well."""

from __future__ import annotations

import pytest
from cluster import lab_host
from conftest import LOAD_BALANCERS, WEB_SERVERS
from controller import good, playbook, words

pytestmark = pytest.mark.once


def texts(names: list[str], file: str) -> list[str]:
    return [lab_host(name).check_output(f"cat {file}") for name in names]


@pytest.mark.parametrize(
    ("daemon", "names", "file", "change"),
    [
        ("haproxy", LOAD_BALANCERS, "/etc/haproxy/haproxy.cfg", {"haproxy_retries": 2}),
        pytest.param(
            "keepalived",
            LOAD_BALANCERS,
            "/etc/keepalived/keepalived.conf",
            {"keepalived_global_lines": ["max_auto_priority 99"]},
            marks=pytest.mark.long,
        ),
        pytest.param(
            "nginx",
            WEB_SERVERS,
            "/etc/nginx/nginx.conf",
            {"nginx_http_settings": {"keepalive_timeout": "7s"}},
            marks=pytest.mark.long,
        ),
    ],
)
def test_a_change_and_the_way_back(daemon, names, file, change, get):
    before = texts(names, file)
    good(playbook("site", **change))
    changed = texts(names, file)
    assert [old == new for old, new in zip(before, changed)] == [False] * len(names)
    good(playbook("roll_back", roll_back_daemons=[daemon]))
    assert texts(names, file) == before
    assert get("/")
    output = good(playbook("site"))
    assert f"Changed:  {', '.join(names)}" not in output
    assert texts(names, file) == before


def test_an_unknown_daemon_changes_nothing():
    done = playbook("roll_back", roll_back_daemons=["apache"])
    assert done.returncode != 0
    assert "No host was touched" in words(done)
