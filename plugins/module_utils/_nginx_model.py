# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""nginx's sites: what an inventory leaves out is filled in, what cannot work is named."""

from __future__ import annotations

import ipaddress

from ansible_collections.evenkeel.ha_web.plugins.module_utils._problem import repeated

SITE = {"listens": ["80"], "server_names": ["_"], "index": "index.html", "locations": [], "lines": []}


def sites(declared: list[dict], web_root: str) -> list[dict]:
    """The sites with every key present; C(root) is the site's name below C(web_root) unless it is given."""
    return [{**SITE, "root": f"{web_root}/{site['name']}", **site} for site in declared]


def problems(declared: list[dict], trusted_proxies: list[str]) -> list[str]:
    """One line for everything that nginx would refuse or, worse, accept."""
    found = repeated("nginx_sites", "name", [site["name"] for site in declared])
    answers = []
    for site in sites(declared, ""):
        found += repeated(f"nginx_sites: {site['name']}", "location", [location["path"] for location in site["locations"]])
        answers += [f"{name} on {listen.split()[0]}" for listen in site["listens"] for name in site["server_names"]]
    found += repeated("nginx_sites", "server name", answers)
    for proxy in trusted_proxies:
        try:
            ipaddress.ip_network(proxy, strict=False)
        except ValueError:
            found.append(f"nginx_trusted_proxies has '{proxy}': an address or a network is needed, such as 192.0.2.11 or 192.0.2.0/24")
    return found
