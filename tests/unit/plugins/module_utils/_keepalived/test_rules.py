"""Configurations that keepalived accepts and that would never fail over."""

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.module_utils._host.system import Host
from ansible_collections.evenkeel.ha_web.plugins.module_utils._keepalived.conf import parse
from ansible_collections.evenkeel.ha_web.plugins.module_utils._keepalived.rules import findings

SCRIPT = """
vrrp_script well {{
    script "/usr/bin/true"   # a comment {{
    interval 1
    {script}
}}
track_file state {{
    file /run/state
    {file}
}}
bfd_instance far {{
    weight -5
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
    {more}
}}
{extra}
"""


def text(state="BACKUP", keep="", script="", track="", file="weight 0", track_file="", more="", extra=""):
    return SCRIPT.format(
        state=state, keep=keep, script=script, track=track, file=file, track_file=track_file, more=more, extra=extra
    )


def look_at(written, tmp_path):
    path = tmp_path / "keepalived.conf"
    path.write_text(written)
    return findings(parse(str(path), Host()))


def instance(name, *lines, address="192.0.2.20/24"):
    return "\n".join([f"vrrp_instance {name} {{", *lines, f"virtual_ipaddress {{ {address} }}", "}"])


YIELD = {
    "more": "track_file {\ncut_off weight -11\n}",
    "extra": "track_file cut_off {\nfile /run/keepalived-watch/cut_off\n}",
}
GROUP = "vrrp_sync_group all {{\n{}\ngroup {{\nweb\n}}\n}}"


BAD = [
    ({"state": "MASTER", "keep": "nopreempt"}, "nopreempt", "write state BACKUP on every node"),
    ({"state": "BACKUP\nstate MASTER", "keep": "nopreempt"}, "nopreempt", "write state BACKUP on every node"),
    ({"keep": "nopreempt", "script": "weight -20"}, "well", "a weight (-20) together with nopreempt"),
    ({"keep": "nopreempt", "track": "weight 2"}, "well weight 2", "a weight (2) together with nopreempt"),
    ({"keep": "preempt_delay 300", "script": "weight 5"}, "well", "a weight (5) together with preempt_delay"),
    ({"keep": "nopreempt", "track_file": "weight -1"}, "state weight -1", "a weight (-1) together with nopreempt"),
    ({"keep": "nopreempt", "file": ""}, "state", "a weight (1) together with nopreempt"),
    (
        {"keep": "nopreempt", "more": "track_interface {\neth1 weight 10\n}"},
        "eth1 weight 10",
        "a weight (10) together with nopreempt",
    ),
    ({"keep": "nopreempt", "more": "track_bfd {\nfar\n}"}, "far", "a weight (-5) together with nopreempt"),
    (
        {"keep": "nopreempt", "script": "weight 2", "extra": GROUP.format("sync_group_tracking_weight")},
        "well",
        "a weight (2) together with nopreempt",
    ),
]

GOOD = [
    {},
    {"state": "MASTER"},
    {"state": "MASTER", "keep": "preempt_delay 60"},
    {"keep": "nopreempt"},
    {"keep": "nopreempt", "script": "weight 0"},
    {"keep": "nopreempt", "script": "weight -20", "track": "weight 0"},
    {"script": "weight -20"},
    {"keep": "nopreempt", "more": "track_interface {\neth1\n}\ntrack_process {\nhaproxy\n}"},
    {"keep": "nopreempt", "script": "weight 2", "extra": GROUP.format("")},
    {"keep": "nopreempt", **YIELD},
]


@pytest.mark.parametrize(("values", "source", "part"), BAD)
def test_refused_with_the_line(values, source, part, tmp_path):
    written = text(**values)
    (finding,) = look_at(written, tmp_path)
    assert (finding.severity, finding.source) == ("alert", source)
    assert written.splitlines()[finding.line - 1].strip() == source
    assert part in finding.message


@pytest.mark.parametrize("values", GOOD)
def test_accepted(values, tmp_path):
    assert look_at(text(**values), tmp_path) == []


ID, UNICAST = "virtual_router_id 51", "unicast_peer {\n192.0.2.12\n}"
ETH0, ETH1 = "interface eth0", "interface eth1"

# two instances, and whether they are in each other's way
PAIRS = [
    (instance("a", ETH0, ID), instance("b", ETH0, ID), True),
    (instance("a", ETH0, ID, UNICAST), instance("b", ETH0, ID), True),
    (instance("a", ETH0, ID, UNICAST), instance("b", ETH0, ID, "unicast_peer {\n192.0.2.13\n}"), True),
    (instance("a", ETH0, ID), instance("b", ETH0, "virtual_router_id 52", ID), True),
    (instance("a", ID) + "\nglobal_defs {\ndefault_interface eth0\n}", instance("b", ETH0, ID), True),
    (instance("a", ETH0, ID, address="2001:db8::1/64"), instance("b", ETH0, ID, address="2001:db8::2/64"), True),
    (instance("a", ETH0, ID), instance("b", ETH1, ID), False),
    (instance("a", ETH0, ID), instance("b", ETH0, "virtual_router_id 52"), False),
    (instance("a", ETH0, ID), instance("b", ETH0, ID, address="2001:db8::2/64"), False),
    (instance("a", ETH0, ID), instance("b", ETH0, ID, "native_ipv6"), False),
    (instance("a", ETH0, "virtual_router_id $ID"), instance("b", ETH0, "virtual_router_id $ID"), False),
    (instance("a", ETH0), instance("b", ETH0), False),
]


@pytest.mark.parametrize(("one", "other", "clash"), PAIRS)
def test_two_instances_with_one_router_id(one, other, clash, tmp_path):
    found = look_at(f"{one}\n{other}\n", tmp_path)
    assert [finding.message.split(":")[0] for finding in found] == (
        ["(b) virtual_router_id 51 is that of a too, on the same interface eth0 and with the same IP version"]
        if clash
        else []
    )
    assert [finding.source for finding in found] == ([ID] if clash else [])


def test_a_file_that_is_no_configuration_is_left_to_keepalived(tmp_path):
    assert look_at("} } {\n!\n#\nvrrp_instance {", tmp_path) == []
