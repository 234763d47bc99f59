# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the variables of the role nginx, with its own defaults, base values and options, to what its templates print."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._nginx.plan import plan

ROLE = Path(__file__).parents[5] / "roles/nginx"
DEFAULTS, SPECS, VARS = (
    yaml.safe_load((ROLE / name).read_text(encoding="utf-8"))
    for name in ("defaults/main.yml", "meta/argument_specs.yml", "vars/main.yml")
)
OPTIONS = SPECS["argument_specs"]["main"]["options"]
BASE = {**VARS["__nginx_base"], "role_defaults": DEFAULTS}
DEBIAN = {"distribution": "Debian", "distribution_major_version": "13"}
CONTAINER = {"nginx_runtime": "container", "nginx_image_base": "debian:bookworm-slim"}
PUBLISHED = {**CONTAINER, "nginx_container_ports": ["80:80"], "nginx_status_port": 8080}


def planned(facts=None, **changes):
    return plan({**DEFAULTS, **changes}, BASE, OPTIONS, facts or {})


def model(facts=None, **changes):
    found = planned(facts, **changes)
    assert found["problems"] == []
    return found["model"]


def test_the_defaults_of_settings_upstreams_and_sites_are_merged():
    found = model(
        nginx_worker_connections="100",
        nginx_main_settings={"worker_processes": 2},
        nginx_http_settings={"sendfile": None},
        nginx_site_defaults={"index": "a.html", "listens": ["81"]},
        nginx_sites=[{"name": "web", "listens": [80]}],
        nginx_upstream_defaults={"lines": ["keepalive 8;"]},
        nginx_upstreams=[{"name": "app", "servers": [{"address": "192.0.2.31"}]}],
    )
    assert found["main"] == [
        "worker_processes 2;",
        "worker_rlimit_nofile 200;",
        "error_log /var/log/nginx/error.log;",
    ]
    assert found["events"] == ["worker_connections 100;"]
    assert "tcp_nopush on;" in found["http"]
    assert "sendfile on;" not in found["http"]
    (site,), (upstream,) = found["sites"], found["upstreams"]
    assert (site["index"], site["listens"], site["server_names"]) == ("a.html", [80], ["_"])
    assert (upstream["lines"], upstream["server_options"]) == (["keepalive 8;"], [])


@pytest.mark.parametrize(
    ("changes", "confined"),
    [({}, True), ({"nginx_confined": "no"}, False), (CONTAINER, False)],
)
def test_a_service_is_confined_unless_it_runs_in_a_container(changes, confined):
    assert model(**changes)["confined"] is confined


@pytest.mark.parametrize(("changes", "newer"), [({}, True), (CONTAINER, False)])
def test_only_the_openssl_of_the_host_is_known_by_the_release(changes, newer):
    (line,) = [line for line in model(DEBIAN, **changes)["http"] if line.startswith("ssl_ecdh_curve")]
    assert ("X25519MLKEM768" in line) is newer


@pytest.mark.parametrize(
    ("changes", "address", "ports"),
    [
        ({"nginx_status_port": 8080}, "127.0.0.1", []),
        (PUBLISHED, "*", ["127.0.0.1:8080:8080", "80:80"]),
        ({**PUBLISHED, "nginx_status_port": 0}, "*", ["80:80"]),
        ({**PUBLISHED, "nginx_container_ports": []}, "127.0.0.1", []),
    ],
)
def test_the_status_is_for_the_host_alone(changes, address, ports):
    found = model(**changes)
    assert found["status_address"] == address
    assert found["container"]["ports"] == ports


@pytest.mark.parametrize(("changes", "own"), [({}, []), (CONTAINER, ["/var/www"])])
def test_a_container_mounts_the_directory_of_all_sites(changes, own):
    sites = [{"name": "a"}, {"name": "b", "root": "/srv/b", "server_names": ["b"]}]
    found = model(**changes, nginx_sites=sites)
    assert found["content_directories"] == ["/var/www/a", "/srv/b", *own]
    assert found["container"]["roots"] == ["/var/www", "/srv/b"]


def test_bad_input_makes_no_model():
    found = planned(nginx_site="x", nginx_status_port=70000)
    assert [problem.split(" ", maxsplit=1)[0] for problem in found["problems"]] == ["nginx_site", "nginx_status_port"]
    assert found["model"] == {}


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"nginx_http_lines": ["gzip on;\ngzip_types *;"]}, "nginx_http_lines[0]"),
        ({"nginx_sites": [{"name": "web", "server_names": ["a\n"]}]}, "nginx_sites[web].server_names[0]"),
        ({"nginx_http_settings": {"gzip": "on;\n"}}, "nginx_http_settings.gzip"),
        ({"nginx_log_formats": [{"name": "a", "format": "b\nc"}]}, "nginx_log_formats[a].format"),
    ],
)
def test_a_line_break_is_refused(changes, where):
    assert f"{where} has a line break" in planned(**changes)["problems"][0]


@pytest.mark.parametrize(
    ("changes", "is_of_package"),
    [
        ({}, True),
        ({"nginx_main_settings": {"user": "nobody"}}, False),
        ({"nginx_main_lines": ["user nobody;"]}, False),
        ({"nginx_plain": True}, False),
    ],
)
def test_the_user_is_that_of_the_package_unless_the_inventory_names_one(changes, is_of_package):
    assert model(**changes)["has_package_user"] is is_of_package
