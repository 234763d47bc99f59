# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The configuration files that the roles print of variables, as on a host of Debian."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import jinja2
import yaml
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._bird.plan import plan as bird_plan
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._haproxy.plan import plan as haproxy_plan
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._keepalived.plan import plan as keepalived_plan
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._nginx.plan import plan as nginx_plan

ROLES = Path(__file__).parents[3] / "roles"
PLANS = {"bird": bird_plan, "haproxy": haproxy_plan, "keepalived": keepalived_plan, "nginx": nginx_plan}
TEMPLATES = {
    "bird": ["bird.conf", "firewall.nft"],
    "haproxy": ["haproxy.cfg"],
    "keepalived": ["keepalived.conf"],
    "nginx": ["nginx.conf", "sites.conf"],
}
HOST = {
    "certificate_store": "/var/lib/haproxy-certificates",
    "state_directory": "/run/keepalived-track",
    "watch_directory": "/run/keepalived-watch",
    "heartbeat": {"port": 3112},
}
FACTS = {
    "interfaces": ["lo", "eth0", "eth1"],
    "eth0": {
        "ipv4": {"address": "192.0.2.11", "netmask": "255.255.255.0", "prefix": "24"},
        "ipv6": [{"address": "2001:db8::11", "prefix": "64"}],
    },
    "all_ipv4_addresses": ["192.0.2.11", "192.0.2.12"],
    "all_ipv6_addresses": ["2001:db8::11"],
}
NAMES = {
    "bird": {"__bird_base": {"directory": "/run/bird-announce"}},
    "haproxy": {
        "__haproxy_user": "haproxy",
        "__haproxy_group": "haproxy",
        "__haproxy_socket_group": "haproxy",
        "__haproxy_runtime_directory": "/run/haproxy",
        "__haproxy_reload_directory": "/run/haproxy-reload",
    },
    "keepalived": {},
    "nginx": {"__nginx_pid_file": "/run/nginx.pid", "__nginx_modules": "/etc/nginx/modules-enabled/*.conf"},
}


@cache
def read(role, name):
    return yaml.safe_load((ROLES / role / name).read_text(encoding="utf-8"))


def plan(role, variables, **facts):
    """C(problems) and C(model) of variables, with the role's defaults."""
    defaults = read(role, "defaults/main.yml")
    base = {**read(role, "vars/main.yml")[f"__{role}_base"], **HOST, "role_defaults": defaults}
    if role == "nginx":
        base["main"] = {**base["main"], "user": "www-data"}
    options = read(role, "meta/argument_specs.yml")["argument_specs"]["main"]["options"]
    own = {"keepalived_node_name": "lb1"} if role == "keepalived" else {}
    own = {"haproxy_node_name": "lb1"} if role == "haproxy" else own
    return PLANS[role]({**defaults, **own, **variables}, base, options, {**FACTS, **facts})


def render(role, variables, **facts):
    """The texts of the files by their names. Raises AssertionError for variables that the role refuses."""
    found = plan(role, variables, **facts)
    assert found["problems"] == []
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(ROLES / role / "templates"),
        trim_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters.update(
        comment=lambda text: f"# {text}", bool=bool, ternary=lambda value, one, other: one if value else other
    )
    known = {**read(role, "defaults/main.yml"), **variables, **NAMES[role], "ansible_managed": "managed"}
    known[f"__{role}_plan"] = found
    return {name: environment.get_template(f"{name}.j2").render(known) for name in TEMPLATES[role]}
