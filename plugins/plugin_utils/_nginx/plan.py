# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the variables of the role nginx to what its templates print."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean

from .._input import additions, tls
from .._input.plan import make_plan
from .._input.releases import find_releases
from . import acme, places
from .model import build_blocks, find_health_url, list_directives
from .problems import problems


def plan(
    variables: dict[str, Any],
    base: dict[str, dict[str, Any]],
    options: Mapping[str, Mapping[str, Any]],
    facts: Mapping[str, Any],
    earlier: Iterable[str] = (),
    reached: str = "",
) -> dict[str, Any]:
    """Return C(problems), C(model) and C(names). C(base) has what C(main), C(http), C(upstream) and C(site) are merged
    over; C(reached) is the address at which load balancers ask the host at port 80, if the playbooks know it."""
    return make_plan(
        "nginx",
        variables,
        base,
        options,
        facts,
        declare,
        lambda declared: [*problems(declared), *places.find_problems(declared, facts, reached)],
        lambda declared, _merged: build_model(declared, facts),
        earlier=earlier,
    )


def declare(variables: dict[str, Any], base: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return the variables without their prefix; settings, sites and upstreams have their defaults."""
    given = {name.removeprefix("nginx_"): value for name, value in variables.items()}
    connections, processes = given["worker_connections"], given["worker_processes"]
    # A connection of a client can need one to an upstream, or a file.
    workers = {
        "worker_processes": processes or None,
        "worker_rlimit_nofile": int(connections) * 2 if connections else None,
    }
    found = {
        **given,
        "main_settings": {**workers, **base["main"], **given["main_settings"]},
        "events_settings": {"worker_connections": connections or None, **given["events_settings"]},
        "http_settings": {**base["http"], **given["http_settings"]},
        "upstreams": [{**base["upstream"], **given["upstream_defaults"], **item} for item in given["upstreams"]],
        "sites": [{**base["site"], **given["site_defaults"], **item} for item in given["sites"]],
        "has_package_user": additions.is_made("nginx", variables, "main"),
        "mime_types": additions.is_made("nginx", variables, "http"),
        "demo_page": boolean(given["demo_page"]),
        # A container has its own confinement, and its unit is only Docker's command.
        "confined": boolean(given["confined"]) and given["runtime"] == "package",
    }
    return acme.declare_challenges(found)


def build_model(declared: dict[str, Any], facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the templates print and what the service needs of its container."""
    contained = declared["runtime"] == "container"
    # The OpenSSL of an image need not be the host's.
    curves = [] if contained else tls.newer_curves(find_releases(facts))
    found = build_blocks({**declared, "newer_curves": curves})
    roots = [site["root"] for site in found["sites"] if site["root"].startswith("/")]
    return {
        **found,
        "has_package_user": declared["has_package_user"]
        and "user" not in {*declared["main_settings"], *list_directives(declared["main_lines"])},
        "confined": declared["confined"],
        "health_location": declared["health_location"],
        "health_url": find_health_url(declared),
        "status_address": "*" if contained and declared["container_ports"] else "127.0.0.1",
        # A container mounts the directory of all sites, even where no site is in it.
        "content_directories": list(
            dict.fromkeys([*roots, *([declared["web_root"]] if contained and declared["web_root"] else [])])
        ),
        "container": _container(declared, roots),
        "acme": acme.build_model(declared),
        "companions": ["nginx-acme.service"] if declared["acme"] else [],
    }


def _container(declared: dict[str, Any], roots: list[str]) -> dict[str, list[str]]:
    """The C(ports) that are published, and the C(roots) that are mounted: the directory of all sites, so that a further
    site needs no other container, and those of sites elsewhere."""
    port, web_root = int(declared["status_port"]), declared["web_root"]
    own = [f"127.0.0.1:{port}:{port}"] if port and declared["container_ports"] else []
    elsewhere = [root for root in roots if not web_root or not root.startswith(f"{web_root}/")]
    return {
        "ports": [*own, *declared["container_ports"]],
        "roots": list(dict.fromkeys([*([web_root] if web_root else []), *elsewhere])),
    }
