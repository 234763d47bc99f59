# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the variables of the role keepalived, with its own defaults, base values and options, to what its templates
print."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._input.additions import apply_additions
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._keepalived.plan import declare, plan
from samples.keepalived import FACTS, NODES

ROLE = Path(__file__).parents[5] / "roles/keepalived"
DEFAULTS, SPECS, VARS = (
    yaml.safe_load((ROLE / name).read_text(encoding="utf-8"))
    for name in ("defaults/main.yml", "meta/argument_specs.yml", "vars/main.yml")
)
OPTIONS = SPECS["argument_specs"]["main"]["options"]
HEARTBEAT = VARS["__keepalived_heartbeat"]
BASE = {
    **VARS["__keepalived_base"],
    "state_directory": "/run/track",
    "watch_directory": "/run/watch",
    "heartbeat": HEARTBEAT,
}
VARIABLES = {
    **DEFAULTS,
    "keepalived_node_name": "lb1",
    "keepalived_nodes": NODES,
    "keepalived_instances": [
        {"name": "web", "virtual_router_id": 51, "virtual_ipaddress": [{"address": "192.0.2.10/24"}]}
    ],
}
URLS = {
    "keepalived_watched_urls": [{"name": "hangs", "url": "http://127.0.0.1/"}],
    "keepalived_yield_urls": [{"name": "alone", "url": "http://127.0.0.1/servers"}],
}


def planned(**changes):
    return plan({**VARIABLES, **changes}, BASE, OPTIONS, FACTS)


def model(**changes):
    found = planned(**changes)
    assert found["problems"] == []
    return found["model"]


def declared(**changes):
    return declare(*apply_additions("keepalived", {**VARIABLES, **changes}, BASE), FACTS)


def test_an_item_is_merged_over_the_defaults_of_the_inventory_and_those_over_the_base():
    found = declared(
        keepalived_timing="safe",
        keepalived_script_defaults={"fall": 7, "rise": 8},
        keepalived_scripts=[{"name": "well", "script": "/bin/true", "rise": 9}],
        keepalived_track_process_defaults={"quorum": 2},
        keepalived_track_processes=[{"name": "sshd", "process": "sshd"}],
    )
    (script,), (process,), (instance,) = found["scripts"], found["track_processes"], found["instances"]
    assert (script["interval"], script["fall"], script["rise"], script["init_fail"]) == (1, 7, 9, True)
    assert (process["quorum"], process["weight"]) == (2, 0)
    assert (instance["interface"], instance["version"], instance["preempt"]) == ("eth0", 3, False)
    assert found["timing"]["advert_int"] == 1


def test_an_interface_of_the_inventory_is_not_derived():
    assert declared(keepalived_interface="br-lan")["instances"][0]["interface"] == "br-lan"


@pytest.mark.parametrize(
    ("changes", "companions"),
    [
        ({}, ["second-chance"]),
        ({"keepalived_second_chance": "no"}, []),
        ({"keepalived_firewall_min_ttl": "254"}, []),
        (
            {**URLS, "keepalived_metrics_enabled": True},
            ["watch", "second-chance", "metrics"],
        ),
    ],
)
def test_programs_run_beside_keepalived_where_they_are_needed(changes, companions):
    assert model(**changes)["companions"] == ["keepalived-kernel", *(f"keepalived-{name}" for name in companions)]


def test_urls_that_are_watched_are_asked_in_another_way_than_those_that_give_way():
    found = model(**URLS, keepalived_watch_defaults={"rise": 9})
    watched, yielding = found["programs"]["watch"]
    assert (watched["name"], watched["silence"], watched["rise"], watched["timeout"]) == ("hangs", True, 9, 0.3)
    assert (yielding["name"], yielding["silence"], yielding["rise"]) == ("alone", False, 5)
    # Existing hosts keep their file, so nothing is reloaded for an option that they do not use.
    assert "status" not in watched
    assert found["watch_reports"] == ["hangs", "hangs_busy", "alone"]
    assert found["programs"]["second_chance"]["reports"] == ["/run/watch/hangs"]


@pytest.mark.parametrize(
    ("changes", "peers", "port"),
    [
        ({}, ["192.0.2.12", "192.0.2.13"], HEARTBEAT["port"]),
        ({"keepalived_firewall": False, "keepalived_second_chance": False}, None, 0),
    ],
)
def test_the_kernel_is_told_of_peers_and_heartbeats(changes, peers, port):
    found = model(**changes)["programs"]["kernel_state"]
    assert found["peers"] == peers
    assert found["heartbeat_port"] == port
    assert found["addresses"] == (["192.0.2.10/32"] if port else [])
    assert found["ruleset"] == ("second_chance.nft" if port else "")


@pytest.mark.parametrize(("timing", "silence"), [("safe", "4000ms"), ("default", "1200ms"), ("fast", "1200ms")])
def test_a_peer_may_be_silent_for_longer_where_hosts_stall(timing, silence):
    assert model(keepalived_timing=timing)["programs"]["second_chance"]["silence"] == silence


def test_the_metrics_name_what_is_there():
    found = model(keepalived_watched_units=["haproxy", "other"], keepalived_metrics_directory="/srv/metrics", **URLS)
    metrics = found["programs"]["metrics"]
    assert metrics["output"] == "/srv/metrics/keepalived.prom"
    assert metrics["vips"] == {"web": ["192.0.2.10"]}
    assert metrics["tracked"] == ["/run/track/haproxy", "/run/track/other", "/run/watch/hangs"]
    assert metrics["busy"] == ["/run/watch/hangs_busy"]
    assert metrics["masters"] == {"haproxy": "/run/haproxy-master.sock"}
    assert metrics["interval"] == 5


@pytest.mark.parametrize(("enabled", "lines"), [(False, 0), ("yes", 3)])
def test_the_lines_of_the_inventory_come_last(enabled, lines):
    found = model(keepalived_metrics_enabled=enabled, keepalived_global_lines=["vrrp_version 3"])["global_lines"]
    assert found[-1] == "vrrp_version 3"
    assert len(found) == 8 + lines + 1


def test_the_passwords_are_secrets():
    (instance,) = VARIABLES["keepalived_instances"]
    old = {**instance, "version": 2, "advert_int": 1, "auth_pass": "unsaid"}
    assert model(keepalived_instances=[old])["secrets"] == ["unsaid"]


def test_bad_input_makes_no_model():
    found = planned(keepalived_node="lb1", keepalived_rt_priority=400)
    assert [problem.split(" ", maxsplit=1)[0] for problem in found["problems"]] == [
        "keepalived_node",
        "keepalived_rt_priority",
    ]
    assert found["model"] == {}


@pytest.mark.parametrize("status", [401, "401"])
def test_the_status_of_a_good_answer_is_a_number(status):
    found = model(keepalived_watched_urls=[{"name": "hangs", "url": "http://127.0.0.1/", "status": status}])
    assert [watch["status"] for watch in found["programs"]["watch"]] == [401]


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"keepalived_global_lines": ["a", "b\n"]}, "keepalived_global_lines[1]"),
        ({"keepalived_script_user": "root\n"}, "keepalived_script_user"),
        ({"keepalived_scripts": [{"name": "well", "script": "/bin/a\n"}]}, "keepalived_scripts[well].script"),
    ],
)
def test_a_line_break_is_refused(changes, where):
    assert f"{where} has a line break" in planned(**changes)["problems"][0]


def test_vips_that_a_stranger_could_have_are_known_by_their_interfaces():
    addresses = [
        {"address": "192.0.2.10/24"},
        {"address": "198.51.100.10/25", "dev": "br-lan"},
        {"address": "203.0.113.10/32", "dev": "lo"},
    ]
    instances = [{"name": "web", "virtual_router_id": "51", "interface": "eth0", "virtual_ipaddress": addresses}]
    asked = {"address": "192.0.2.10/24", "interface": "eth0", "virtual_router_id": 51}
    elsewhere = {"address": "198.51.100.10/25", "interface": "br-lan", "virtual_router_id": 51}
    assert model(keepalived_instances=instances)["vips"] == {"near": [asked], "apart": [elsewhere]}
    unasked = model(keepalived_instances=instances, keepalived_check_addresses="no")
    assert unasked["vips"] == {"near": [], "apart": []}


def test_a_port_of_quic_is_a_port():
    found = planned(keepalived_quic_ports=[443, "0", 70000])
    assert [problem for problem in found["problems"] if "quic" in problem] == [
        "keepalived_quic_ports has 0: a port is 1-65535",
        "keepalived_quic_ports has 70000: a port is 1-65535",
    ]
