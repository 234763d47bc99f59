"""Configurations that keepalived accepts and that would never fail over."""

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.module_utils._vrrp_rules import findings

SCRIPT = """
vrrp_script well {{
    script "/usr/bin/true"   # a comment {{
    interval 1
    {script}
}}
track_file state {{
    file /run/state
}}
vrrp_instance web {{
    state {state}
    {keep}
    virtual_ipaddress {{ 192.0.2.10/24 }}
    track_script {{
        well {track}
    }}
    track_file {{
        state {track_file}
    }}
}}
"""


def text(state="BACKUP", keep="", script="", track="", track_file=""):
    return SCRIPT.format(state=state, keep=keep, script=script, track=track, track_file=track_file)


BAD = [
    ({"state": "MASTER", "keep": "nopreempt"}, "nopreempt", "write state BACKUP on every node"),
    ({"keep": "nopreempt", "script": "weight -20"}, "well", "a weight together with nopreempt"),
    ({"keep": "nopreempt", "track": "weight 2"}, "well weight 2", "a weight together with nopreempt"),
    ({"keep": "preempt_delay 300", "script": "weight 5"}, "well", "a weight together with preempt_delay"),
    ({"keep": "nopreempt", "track_file": "weight -1"}, "state weight -1", "a weight together with nopreempt"),
]

GOOD = [
    {},
    {"state": "MASTER"},
    {"state": "MASTER", "keep": "preempt_delay 60"},
    {"keep": "nopreempt"},
    {"keep": "nopreempt", "script": "weight 0"},
    {"keep": "nopreempt", "script": "weight -20", "track": "weight 0"},
    {"script": "weight -20"},
]


@pytest.mark.parametrize(("values", "source", "part"), BAD)
def test_refused_with_the_line(values, source, part):
    written = text(**values)
    (finding,) = findings(written, "/etc/keepalived/keepalived.conf")
    assert (finding.severity, finding.source) == ("alert", source)
    assert written.splitlines()[finding.line - 1].strip() == source
    assert part in finding.message


@pytest.mark.parametrize("values", GOOD)
def test_accepted(values):
    assert findings(text(**values), "/etc/keepalived/keepalived.conf") == []


def test_a_file_that_is_no_configuration_is_left_to_keepalived():
    assert findings("} } {\n!\n#\nvrrp_instance {", "x") == []
