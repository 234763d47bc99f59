# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""However long a list is, no line has more words than HAProxy reads, or the list is refused by its name."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._haproxy.plan import plan
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._haproxy.words import (
    MOST,
    find_long_lines,
    fit_line,
    split_words,
)
from samples.haproxy import BASE, NODES, PEERS, back, backs, binds, front, fronts, listen, listens, variables

ROLE = Path(__file__).parents[5] / "roles/haproxy"
OPTIONS = yaml.safe_load((ROLE / "meta/argument_specs.yml").read_text())["argument_specs"]["main"]["options"]
LENGTH = 300
ADDRESSES = [f"10.0.{number // 250}.{number % 250 + 1}" for number in range(LENGTH)]
NAMES = [f"name{number}" for number in range(LENGTH)]
PATHS = [f"/etc/haproxy/certs/{name}.pem" for name in NAMES]
ACL = " ".join(["acl office src", *ADDRESSES])


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", []),
        ("  acl a  src 192.0.2.1 # who", ["acl", "a", "src", "192.0.2.1"]),
        ("http-request set-header X \"a b\" if { path '/a b' }",
         ["http-request", "set-header", "X", '"a b"', "if", "{", "path", "'/a b'", "}"]),
        (r"a\ b c\#d", [r"a\ b", r"c\#d"]),
        ("a#b", ["a"]),
        ('a"b c"d', ['a"b c"d']),
    ],
)  # fmt: skip
def test_words(line, words):
    assert split_words(line) == words


@pytest.mark.parametrize(
    ("head", "values", "first"),
    [
        ("acl office src", ADDRESSES, "acl office src 10.0.0.1 "),
        ("acl www hdr(host) -i", NAMES, "acl www hdr(host) -i name0 "),
        ("acl www hdr(host) -m beg -i -f /a.lst --", NAMES, "acl www hdr(host) -m beg -i -f /a.lst -- name0 "),
    ],
)
def test_an_acl_is_split_into_lines_of_the_same_meaning(head, values, first):
    lines = fit_line(" ".join([head, *values]))
    assert lines[0].startswith(first)
    words = [split_words(line) for line in lines]
    assert max(map(len, words)) <= MOST
    assert [word for line in words for word in line if word in values] == values
    assert len({tuple(line[:3]) for line in words}) == 1


@pytest.mark.parametrize("line", ["acl a src 192.0.2.1", " ".join(["acl a dst_port gt", *map(str, range(LENGTH))]),
                                  " ".join(["http-request deny if { src", *ADDRESSES, "}"])])  # fmt: skip
def test_other_lines_stay_as_they_are(line):
    assert fit_line(line) == [line]


def planned(**changes):
    return plan(variables(**changes), BASE, OPTIONS, {})


LONG = {
    "haproxy_trusted_proxies": {"haproxy_trusted_proxies": ADDRESSES},
    "haproxy_client_limits.exempt": {"haproxy_client_limits": {"connections": 9, "exempt": ADDRESSES}},
    "haproxy_banned_networks": {"haproxy_banned_networks": ADDRESSES},
    "haproxy_maintenance.allowed": {"haproxy_maintenance": {"hosts": NAMES, "allowed": ADDRESSES}},
    "trusted and exempt": {
        "haproxy_trusted_proxies": ADDRESSES[:16],
        "haproxy_client_limits": {"requests": 9, "exempt": ADDRESSES[16:32]},
    },
    "haproxy_removed_headers": {"haproxy_removed_headers": NAMES},
    "haproxy_acme_servers": {
        "haproxy_acme_servers": [{"name": name, "address": "192.0.2.1", "port": 80} for name in NAMES]
    },
    "haproxy_global_lines": {"haproxy_global_lines": [f"setenv {name} a" for name in NAMES]},
    "haproxy_log": {"haproxy_log": [f"{address}:514 local0" for address in ADDRESSES]},
    "haproxy_defaults_lines": {"haproxy_defaults_lines": ["# comment"] * LENGTH},
    "haproxy_named_defaults": {"haproxy_named_defaults": [{"name": name} for name in NAMES]},
    "haproxy_userlists": {
        "haproxy_userlists": [
            {"name": "staff", "users": [{"name": name, "password": "$6$a$b", "groups": NAMES} for name in NAMES]}
        ]
    },
    "haproxy_peers": {
        "haproxy_peers": PEERS,
        "haproxy_nodes": [*NODES, *({"name": name, "address": a} for name, a in zip(NAMES, ADDRESSES))],
    },
    "haproxy_extra_sections": {"haproxy_extra_sections": [{"kind": "fcgi-app", "name": "a", "lines": [ACL]}]},
    "haproxy_stats_users": {"haproxy_stats_users": [{"name": name, "password": "a"} for name in NAMES]},
    "haproxy_stats_lines": {"haproxy_stats_lines": [ACL]},
    "haproxy_stats_allowed": {"haproxy_stats_allowed": ADDRESSES},
    "haproxy_frontends": fronts(*(front(name, binds=[{"port": port}]) for port, name in enumerate(NAMES, 1000))),
    "binds": binds(*({"port": port} for port in range(1000, 1000 + LENGTH))),
    "certificates": binds({"port": 443, "certificates": PATHS}),
    "lines": fronts(front(lines=[ACL, *(f"http-request deny if {{ path /{name} }}" for name in NAMES)])),
    "hosts": fronts(
        front(hosts=[{"name": f"{name}.example.com", "backend": "web"} for name in NAMES]), **backs(back())
    ),
    "haproxy_backends": backs(*map(back, NAMES)),
    "servers": backs(back(servers=[{"name": name, "address": a, "port": 80} for name, a in zip(NAMES, ADDRESSES)])),
    "server_templates": backs(
        back(server_templates=[{"prefix": name, "count": 2, "address": "a.example.com", "port": 80} for name in NAMES])
    ),
    "haproxy_listens": listens(*(listen(name, binds=[{"port": port}]) for port, name in enumerate(NAMES, 1000))),
    "haproxy_spoe_agents: frontends, messages, args, acls, groups": {
        **fronts(*(front(name, binds=[{"port": port}]) for port, name in enumerate(NAMES, 1000))),
        **backs(back(mode="tcp")),
        "haproxy_spoe_agents": [
            {
                "name": "waf",
                "backend": "web",
                "frontends": NAMES,
                "messages": [
                    {"name": name, "args": NAMES, "acls": [ACL.removeprefix("acl ")], "event": "on-client-session"}
                    for name in NAMES
                ],
                "groups": [{"name": name, "messages": NAMES} for name in NAMES],
            }
        ],
    },
}
REFUSED = {
    "options": binds({"port": 80, "options": [f"process 1/{number}" for number in range(LENGTH)]}),
    "haproxy_retry_on": {"haproxy_retry_on": [str(number) for number in range(400, 400 + LENGTH)]},
    "haproxy_frontends: http_in": fronts(front(lines=[f"http-request deny if {{ src {' '.join(ADDRESSES)} }}"])),
}


@pytest.mark.parametrize("name", LONG)
def test_a_long_list_fits(name):
    found = planned(**LONG[name])
    assert found["problems"] == []
    assert find_long_lines(variables(**LONG[name]), found["model"]) == []
    agents = [file["content"] for file in found["model"]["lists"] if file["path"].startswith("spoe/")]
    assert [line for text in agents for line in text.splitlines() if len(split_words(line)) > MOST] == []


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_split_is_refused_by_its_name(name):
    (problem,) = planned(**REFUSED[name])["problems"]
    assert "words, and HAProxy reads 64: use several lines" in problem
    assert ("haproxy_frontends: http_in" if name == "options" else name) in problem


def lists(options):
    """The names of the variables and keys that are lists."""
    for name, option in options.items():
        if option["type"] == "list":
            yield name
        yield from lists(option.get("options", {}))


ELSEWHERE = {
    "accepted_findings",
    "access_log",
    "additions",
    "components",
    "container_mounts",
    "container_ports",
    "dns_resolvers",
    "files",
    "fingerprints",
    "image_lines",
    "log_servers",
    "names",
    "packages",
    "suites",
    "uris",
    "writable_paths",
}
"""Lists of which nothing is printed into haproxy.cfg."""


def test_every_list_is_tried():
    tried = " ".join([*LONG, *REFUSED])
    named = {"users": "haproxy_userlists", "groups": "haproxy_userlists", "haproxy_nodes": "haproxy_peers"}
    names = [name for name in lists(OPTIONS) if name.removeprefix("haproxy_") not in ELSEWHERE]
    assert [name for name in names if named.get(name, name) not in tried] == []


def test_the_files_have_every_item_in_its_order():
    found = planned(**{**LONG["haproxy_trusted_proxies"], **LONG["certificates"]})["model"]
    files = {file["path"]: file["content"].splitlines() for file in found["lists"]}
    assert files == {"lists/trusted_proxies.lst": ADDRESSES, "lists/http_in_1.crt": PATHS}
    (section,) = [section for section in found["proxies"] if section["name"] == "http_in"]
    assert section["binds"] == ["*:443 ssl crt-list /etc/haproxy/lists/http_in_1.crt alpn h2,http/1.1"]
    assert any("unless { src -f /etc/haproxy/lists/trusted_proxies.lst }" in line for line in section["lines"])


def test_a_directory_of_certificates_is_in_no_list():
    (section,) = [
        section
        for section in planned(**binds({"port": 443, "certificates": [PATHS[0], "/store/", *PATHS[1:]]}))["model"][
            "proxies"
        ]
        if section["name"] == "http_in"
    ]
    assert section["binds"] == ["*:443 ssl crt-list /etc/haproxy/lists/http_in_1.crt crt /store/ alpn h2,http/1.1"]
