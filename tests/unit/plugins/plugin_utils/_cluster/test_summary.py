# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a deployment says at its end."""

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._cluster.summary import summarize_site

HOSTS = ["lb1", "lb2", "web1"]
HTTP = {"name": "http_in", "binds": [{"port": 80}]}
HTTPS = {"name": "www", "binds": [{"port": 80}, {"port": 443, "certificates": ["/a.pem"]}]}


def seen(**states):
    return {host: {"instances": [{"name": "web", "state": state}]} for host, state in states.items()}


def lines(found, addresses=("192.0.2.10/24",), frontends=(HTTP,), changed=(), **options):
    return summarize_site(
        found, list(addresses), list(frontends), list(changed), HOSTS, "/play books", ["/inventory"], **options
    )


def test_a_deployment():
    assert lines(seen(lb1="MASTER", lb2="BACKUP"), changed=["web1", "lb2"]) == [
        "Site:     http://192.0.2.10/",
        "VIP:      web is held by lb1; lb2 can take it over",
        "Changed:  lb2, web1",
        "Check it: ansible-playbook -i /inventory '/play books/check_cluster.yml'",
        "Try it:   ansible-playbook -i /inventory '/play books/drill_failover.yml' (breaks things on purpose)",
    ]


def test_a_trial():
    assert lines({}, changed=["lb1"], trial=True) == [
        "Site:     http://192.0.2.10/",
        "Changes:  lb1",
        "Run this again without --check to make these changes.",
    ]
    assert lines({}, trial=True)[-1] == "Changes:  nothing"


@pytest.mark.parametrize(
    ("addresses", "frontends", "urls"),
    [
        (["192.0.2.10"], [HTTPS], "http://192.0.2.10/ https://192.0.2.10/"),
        (["192.0.2.10/24", "2001:db8::10/64"], [HTTP], "http://192.0.2.10/ http://[2001:db8::10]/"),
        (["192.0.2.10/24"], [{"name": "a", "binds": [{"port": 8080}]}], "http://192.0.2.10:8080/"),
        (["192.0.2.10/24"], [{"name": "a", "binds": [{"address": "unix@/run/a"}]}], "no address is known"),
        (["192.0.2.21"], [], "http://192.0.2.21/"),
        ([], [HTTP], "no address is known"),
    ],
)
def test_where_the_site_is(addresses, frontends, urls):
    assert lines({}, addresses, frontends)[0] == f"Site:     {urls}"


@pytest.mark.parametrize(
    ("states", "told"),
    [
        ({"lb1": "FAULT", "lb2": "MASTER"}, "web is held by lb2; no other node can take it over"),
        ({"lb1": "FAULT", "lb2": "FAULT"}, "web is held by nobody; no other node can take it over"),
        ({"lb1": "MASTER", "lb2": "MASTER"}, "web is held by lb1, lb2; no other node can take it over"),
    ],
)
def test_who_holds_the_vip(states, told):
    assert lines(seen(**states))[1] == f"VIP:      {told}"
