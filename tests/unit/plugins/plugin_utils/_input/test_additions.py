# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plain mode of the three roles, with their own defaults and base values."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._haproxy.plan import plan as haproxy_plan
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._keepalived.plan import plan as keepalived_plan
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._nginx.plan import plan as nginx_plan
from samples.haproxy import back, front
from samples.keepalived import FACTS, NODES

PLANS = {"haproxy": haproxy_plan, "keepalived": keepalived_plan, "nginx": nginx_plan}
DECLARED = {
    "haproxy": {
        "haproxy_node_name": "lb1",
        "haproxy_frontends": [
            front(binds=[{"port": 443, "certificates": ["/a.pem"]}], lines=["http-request deny if FALSE"])
        ],
        "haproxy_backends": [back(cookie="SERVER insert")],
    },
    "keepalived": {
        "keepalived_node_name": "lb1",
        "keepalived_nodes": NODES,
        "keepalived_scripts": [{"name": "well", "script": "/bin/true"}],
        "keepalived_instances": [
            {"name": "web", "virtual_router_id": 51, "virtual_ipaddress": [{"address": "192.0.2.10/24"}]}
        ],
    },
    "nginx": {"nginx_sites": [{"name": "web", "lines": ["autoindex on;"]}]},
}
OF_PLAYBOOKS = ("watches", "real_ip")


def read(role, name):
    return yaml.safe_load((Path(__file__).parents[5] / f"roles/{role}/{name}").read_text(encoding="utf-8"))


def planned(role, **changes):
    defaults, base = read(role, "defaults/main.yml"), read(role, "vars/main.yml")[f"__{role}_base"]
    base = {**base, "role_defaults": defaults, "state_directory": "/s", "watch_directory": "/w"}
    base.update({"heartbeat": {"port": 1}, "certificate_store": "/c"})
    options = read(role, "meta/argument_specs.yml")["argument_specs"]["main"]["options"]
    return PLANS[role]({**defaults, **DECLARED[role], **changes}, base, options, FACTS)


def model(role, *names, plain=True, **changes):
    found = planned(role, **{f"{role}_plain": plain, f"{role}_additions": list(names)}, **changes)
    assert found["problems"] == []
    return found["model"]


ADDITIONS = [
    (role, name)
    for role in PLANS
    for name in read(role, "vars/main.yml")[f"__{role}_base"]["additions"]
    if name not in OF_PLAYBOOKS
]


@pytest.mark.parametrize(("role", "name"), ADDITIONS)
def test_every_addition_can_be_made_by_itself(role, name):
    assert model(role, name) != model(role)


@pytest.mark.parametrize("role", PLANS)
def test_all_additions_together_are_what_the_role_makes_without_plain_mode(role):
    names = read(role, "vars/main.yml")[f"__{role}_base"]["additions"]
    assert model(role, *names) == model(role, plain=False)


@pytest.mark.parametrize("role", PLANS)
def test_an_unknown_addition_is_a_problem(role):
    (problem,) = planned(role, **{f"{role}_additions": ["timeoutss"]})["problems"]
    assert problem.startswith(f"{role}_additions has 'timeoutss', which is no addition of the role; ")


@pytest.mark.parametrize("plain", [True, "yes"])
def test_plain_haproxy_has_only_the_lines_of_the_inventory(plain):
    found = model("haproxy", plain=plain)
    (defaults,), (frontend, backend) = found["defaults"], found["proxies"]
    assert (defaults["options"], defaults["timeouts"], defaults["lines"]) == ([], [], [])
    assert (frontend["binds"], frontend["lines"]) == (["*:443 ssl crt /a.pem"], ["http-request deny if FALSE"])
    assert (frontend["maxconn"], backend["lines"]) == (0, [])
    assert backend["servers"] == ["web1 192.0.2.21:80 "]
    assert (found["tls"], found["maxconn"]["process"], found["companions"]) == ([], 0, [])


def test_plain_haproxy_has_one_defaults_section_for_all_modes():
    found = model(
        "haproxy",
        haproxy_options={"httplog": True},
        haproxy_timeouts={"client": "4s"},
        haproxy_defaults_lines=["errorfile 503 /a"],
        haproxy_backends=[back(mode="tcp")],
    )
    (defaults,) = found["defaults"]
    assert (defaults["options"], defaults["timeouts"]) == (["httplog"], ["client 4s"])
    assert [(section["from"], section["mode"]) for section in found["proxies"]] == [("http", ""), ("http", "tcp")]


def test_a_value_of_the_inventory_counts_in_plain_mode_as_well():
    found = model("haproxy", haproxy_retries=5, haproxy_tls_profile="modern", haproxy_maxconn=100)
    assert (found["own"]["retries"], found["maxconn"]["process"]) == (5, 100)
    assert found["tls"] != []


def test_plain_keepalived_has_only_the_blocks_of_the_inventory():
    found = model("keepalived")
    (instance,) = found["instances"]
    assert instance["head"] == [
        "state BACKUP",
        "interface eth0",
        "virtual_router_id 51",
        "version 2",
        "priority 254",
    ]
    assert instance["settings"] == {"advert_int": 1}
    assert instance["blocks"] == {
        "virtual_ipaddress": ["192.0.2.10/24 dev eth0"],
        "track_file": ["standby_web"],
    }
    assert (found["global_lines"], found["companions"]) == ([], ["keepalived-kernel"])
    assert found["scripts"] == [
        {"name": "well", "script": "/bin/true", "url": "", "weight": 0, "init_fail": False, "user": ""}
    ]


def test_a_line_of_an_instance_takes_the_place_of_the_roles_own():
    (item,) = DECLARED["keepalived"]["keepalived_instances"]
    lines = ["state MASTER", "priority 150", "track_file {", "    interface weight 10", "}"]
    found = model("keepalived", keepalived_instances=[{**item, "lines": lines}])
    (instance,) = found["instances"]
    assert instance["head"] == ["interface eth0", "virtual_router_id 51", "version 2"]
    assert list(instance["blocks"]) == ["virtual_ipaddress", "track_file"]


def test_plain_nginx_has_only_the_directives_of_the_inventory():
    found = model("nginx")
    assert (found["main"], found["events"], found["http"]) == ([], [], [])
    (site,) = found["sites"]
    assert (site["settings"], site["lines"], found["health_url"]) == ([], ["autoindex on;"], "")
    assert found["content_directories"] == []
