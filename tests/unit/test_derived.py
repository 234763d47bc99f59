# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What playbooks/vars/cluster.yml derives from the addresses of an inventory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOUR, SIX = {"port": 80}, {"address": "::", "port": 80, "options": ["v6only"]}

# the load balancer's variables, the web server's address, what haproxy binds, what nginx listens on, the groups that
# move together
CASES = {
    "IPv4": ({"cluster_vip": "192.0.2.10/24"}, "192.0.2.21", [FOUR], ["80 default_server"], 0),
    "IPv6": ({"cluster_vip": "2001:db8::10/64"}, "2001:db8::21", [SIX], ["[::]:80 default_server"], 0),
    "both": (
        {"cluster_vip": "192.0.2.10/24", "cluster_vip6": "2001:db8::10/64"},
        "192.0.2.21",
        [FOUR, SIX],
        ["80 default_server"],
        1,
    ),
    "one_of_several": (
        {"cluster_vip": "192.0.2.10/24", "cluster_vips": ["2001:db8::10/64"]},
        "2001:db8::21",
        [FOUR, SIX],
        ["[::]:80 default_server"],
        0,
    ),
    # PostgreSQL, whose health Patroni tells at another port.
    "database": (
        {
            "cluster_vip": "192.0.2.10/24",
            "haproxy_server_defaults": {"port": 8008},
            "haproxy_backend_defaults": {"mode": "tcp", "server_options": {"check": True}},
            "haproxy_frontends": [{"name": "db", "binds": [FOUR], "default_backend": "db"}],
            "haproxy_backends": [
                {
                    "name": "db",
                    "port": 5432,
                    "health_check": {"uri": "/primary"},
                    "server_options": {"rise": 2},
                    "servers": [{"name": "db1", "address": "192.0.2.31"}],
                }
            ],
        },
        "192.0.2.21",
        [FOUR],
        ["80 default_server"],
        0,
    ),
    "no_VIP": ({"cluster_vip6": ""}, "192.0.2.21", [FOUR], ["80 default_server"], 0),
}


@pytest.fixture(scope="module")
def derived(tmp_path_factory):
    """For each case, what its load balancer and its web server get, in one run of Ansible."""
    folder = tmp_path_factory.mktemp("derived")
    balancers = {f"{name}_lb": {"cluster_address": "192.0.2.11", **case[0]} for name, case in CASES.items()}
    servers = {f"{name}_web": {"ansible_host": case[1]} for name, case in CASES.items()}
    (folder / "hosts.json").write_text(
        json.dumps({"all": {"children": {"load_balancers": {"hosts": balancers}, "web_servers": {"hosts": servers}}}}),
        encoding="utf-8",
    )
    found = (
        "{{ [haproxy_frontends[0].binds, nginx_sites[0].listens, keepalived_sync_groups | length, "
        "haproxy_bind_defaults, nginx_site_defaults, keepalived_yield_urls | map(attribute='url')] | to_json }}"
    )
    play = {
        "hosts": "load_balancers:web_servers",
        "gather_facts": False,
        "connection": "local",
        "vars": {"ansible_python_interpreter": sys.executable},
        "vars_files": [str(ROOT / "playbooks/vars/cluster.yml")],
        "tasks": [
            {
                "ansible.builtin.copy": {
                    "content": found,
                    "dest": f"{folder}/{{{{ inventory_hostname }}}}.json",
                    "mode": "0600",
                }
            }
        ],
    }
    (folder / "play.json").write_text(json.dumps([play]), encoding="utf-8")
    command = [sys.executable, "-m", "ansible", "playbook", "-i", f"{folder}/hosts.json", f"{folder}/play.json"]
    environment = {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")}
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in folder.glob("*_*.json")}


@pytest.mark.parametrize("name", CASES)
def test_daemons_listen_on_the_versions_that_are_used(derived, name):
    _variables, _address, binds, listens, groups = CASES[name]
    assert derived[f"{name}_lb"][0] == binds
    assert derived[f"{name}_lb"][2] == groups
    assert derived[f"{name}_web"][1] == listens


@pytest.mark.parametrize("name", CASES)
def test_what_the_inventory_lets_listen_does_so_in_the_only_version(derived, name):
    _variables, _address, binds, listens, _groups = CASES[name]
    assert derived[f"{name}_lb"][3] == ({"address": "::"} if binds == [SIX] else {})
    assert derived[f"{name}_web"][4] == ({"listens": ["[::]:80"]} if listens[0].startswith("[::]") else {})


def test_servers_are_watched_where_their_health_is_asked(derived):
    assert "tcp://192.0.2.21:80" in derived["IPv4_lb"][5]
    assert derived["database_lb"][5][1:] == ["tcp://192.0.2.31:8008"]
