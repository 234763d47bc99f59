# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import re
import stat
from hashlib import md5

import pytest
import yaml
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._import import values
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._import.cluster import import_cluster
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._import.document import write_yaml
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._import.hosts import (
    LARGEST,
    Entry,
    Host,
    read_folder,
    read_hosts,
)
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._import.report import list_additions
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._import.values import Template
from hypothesis import given
from hypothesis import strategies as st
from samples.rendered import read

HAPROXY, KEEPALIVED, NGINX = "/etc/haproxy/haproxy.cfg", "/etc/keepalived/keepalived.conf", "/etc/nginx/nginx.conf"


def slurped(files):
    return [
        {"source": path, "content": base64.b64encode(text.encode() if isinstance(text, str) else text).decode()}
        for path, text in files.items()
    ]


# YAML

VALUES = [
    ("a", "a"),
    ("80", '"80"'),
    (80, "80"),
    (True, "true"),
    ("yes", '"yes"'),
    ("", '""'),
    ("a: b", '"a: b"'),
    ("a #b", '"a #b"'),
    ('say "x"', 'say "x"'),
    ("{%ci}", '!unsafe "{%ci}"'),
    (Template("{{ a }}"), '"{{ a }}"'),
    ("a\tb", '"a\\U00000009b"'),
    ("'q'", "\"'q'\""),
    (None, "null"),
]


@pytest.mark.parametrize(("value", "text"), VALUES)
def test_scalars(value, text):
    assert write_yaml({"key": value}, {}) == f"---\nkey: {text}\n"


def test_lists_mappings_and_comments():
    data = {
        "a": {"b": 1},
        "c": [{"d": "x", "e": [1, 2]}, {"d": ["x y", "z"]}],
        "f": ["two words"],
        "g": {"h": {"i": 1}},
    }
    comments = {("a",): ["one"], ("c", 1): ["two"], ("c", 1, "d", 0): ["three"], ("end",): ["four"]}
    assert write_yaml(data, comments) == (
        "---\n# one\na: {b: 1}\nc:\n  - {d: x, e: [1, 2]}\n  # two\n  - d:\n      # three\n      - x y\n      - z\n"
        "f:\n  - two words\ng:\n  h: {i: 1}\n# four\n"
    )


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="{", exclude_categories=["Cs"]), max_size=12)
DATA = st.recursive(
    st.one_of(TEXTS, st.integers(), st.booleans(), st.none()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.from_regex(r"\A[a-z]{1,4}\Z"), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.from_regex(r"\A[a-z]{1,4}\Z"), DATA))
def test_yaml_reads_what_is_written(data):
    assert yaml.safe_load(write_yaml(data, {})) == (data or None)


# Hosts

CONFIGURATIONS = [
    ({}, (), []),
    ({}, ("haproxy -Ws -f /etc/haproxy/haproxy.cfg -f /etc/haproxy/conf.d -p x",), ["haproxy.cfg", "conf.d/a.cfg"]),
    ({}, ("/usr/sbin/haproxy -f /etc/haproxy/other.cfg",), ["other.cfg"]),
    ({}, ("haproxy -W -- /etc/haproxy/other.cfg /etc/haproxy/haproxy.cfg",), ["other.cfg", "haproxy.cfg"]),
    ({"/etc/default/haproxy": 'EXTRAOPTS="-f /etc/haproxy/conf.d"\n'}, (), ["haproxy.cfg", "conf.d/a.cfg"]),
    ({"/etc/default/haproxy": "CONFIG=/etc/haproxy/other.cfg\n"}, (), ["other.cfg"]),
]


@pytest.mark.parametrize(("files", "processes", "expected"), CONFIGURATIONS)
def test_the_files_that_haproxy_is_started_with(files, processes, expected):
    there = {"/etc/haproxy/haproxy.cfg": "", "/etc/haproxy/other.cfg": "", "/etc/haproxy/conf.d/a.cfg": ""}
    others = {f"/etc/haproxy/conf.d/{name}": "" for name in ("README", ".a.cfg", "below/a.cfg")}
    found = Host("lb1", files={**there, **others, **files}, processes=processes)
    assert [path.removeprefix("/etc/haproxy/") for path in found.configuration("haproxy")] == (
        expected or ["haproxy.cfg"]
    )


@pytest.mark.parametrize("option", ["-f ", "--use-file ", "--use-file="])
def test_the_file_that_keepalived_is_started_with(option):
    path = "/etc/keepalived/other.conf"
    found = Host("lb1", files={KEEPALIVED: "", path: ""}, processes=(f"/usr/sbin/keepalived -n {option}{path} -D",))
    assert list(found.configuration("keepalived")) == [path]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("lb1/etc/haproxy/haproxy.cfg", "/etc/haproxy/haproxy.cfg"),
        ("lb1/haproxy/a/b", "/etc/haproxy/a/b"),
        ("lb1/haproxy.cfg", "/etc/haproxy/haproxy.cfg"),
        ("lb1/keepalived.conf", "/etc/keepalived/keepalived.conf"),
        ("lb1/nginx/sites-enabled/a", "/etc/nginx/sites-enabled/a"),
    ],
)
def test_where_a_copied_file_was(path, expected):
    (host,) = read_folder(slurped({f"/old/{path}": "x"}), "/old/")
    assert (host.name, host.files) == ("lb1", {expected: "x"})


def test_a_file_outside_of_a_directory_of_a_host_is_refused():
    with pytest.raises(ValueError, match=r"/old/haproxy\.cfg: move the files of each host into a directory"):
        read_folder(slurped({"/old/haproxy.cfg": ""}), "/old")


def test_what_is_no_text_has_no_text():
    (host,) = read_hosts({"lb1": {"files": slurped({"/etc/haproxy/a": b"\xff", "/etc/haproxy/b": "b"})}})
    assert host.files == {"/etc/haproxy/a": None, "/etc/haproxy/b": "b"}


# The inventory

CFG = """
global
    maxconn 500
defaults
    mode http
    errorfile 503 /etc/haproxy/503.http
frontend in
    bind :443 ssl crt /etc/haproxy/certs/
    default_backend web
backend web
    server web1 192.0.2.21:80
    server web2 192.0.2.22:80
listen stats
    bind 127.0.0.1:8404
    stats auth admin:topsecret
"""
VRRP = """
vrrp_instance web {
    interface eth0
    virtual_router_id 51
    priority %s
    virtual_ipaddress {
        192.0.2.10/24
    }
}
"""
FILES = {
    "/etc/haproxy/503.http": "HTTP/1.0 503\n\n<p>No\n",
    "/etc/haproxy/certs/a.pem": "-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----\n",
}
ENTRIES = {"/etc/haproxy/certs/a.pem": Entry("644", "root", "ssl-cert")}
PAIR = [
    Host(
        "lb1",
        {"ansible_host": "192.0.2.11"},
        {HAPROXY: CFG, KEEPALIVED: VRRP % 100, **FILES},
        kernel=("net.ipv4.ip_forward = 1",),
        entries=ENTRIES,
    ),
    Host(
        "lb2",
        {"ansible_host": "192.0.2.12"},
        {HAPROXY: CFG, KEEPALIVED: VRRP % 101, **FILES},
        firewall=("-A INPUT -p vrrp",),
    ),
]
ADDITIONS = list_additions({role: read(role, "vars/main.yml") for role in ("haproxy", "keepalived", "nginx")})


def imported(hosts):
    found = import_cluster(hosts, ADDITIONS)
    return {file["path"]: file for file in found["files"]}, found["problems"]


def content(files, path):
    return yaml.safe_load(files[path]["content"].replace("!unsafe ", ""))


def test_the_inventory_of_a_pair():
    files, problems = imported(PAIR)
    assert problems == []
    assert sorted(files) == [
        "group_vars/load_balancers/files.yml",
        "group_vars/load_balancers/haproxy.yml",
        "group_vars/load_balancers/keepalived.yml",
        "group_vars/load_balancers/vault.yml",
        "hosts.yml",
        "report.md",
    ]
    assert content(files, "hosts.yml") == {
        "load_balancers": {"hosts": {"lb2": {"ansible_host": "192.0.2.12"}, "lb1": {"ansible_host": "192.0.2.11"}}},
        "web_servers": {
            "hosts": {"web1": {"cluster_address": "192.0.2.21"}, "web2": {"cluster_address": "192.0.2.22"}}
        },
    }
    haproxy = content(files, "group_vars/load_balancers/haproxy.yml")
    assert haproxy["haproxy_backends"] == [
        {
            "name": "web",
            "servers": "{{ groups['web_servers'] | evenkeel.ha_web.cluster_nodes(hostvars, port=80) }}",
        }
    ]
    assert content(files, "group_vars/load_balancers/files.yml")["haproxy_files"] == [
        {"path": "503.http", "content": "HTTP/1.0 503\n\n<p>No\n"},
        {
            "path": "certs/a.pem",
            "content": "{{ vault_haproxy_certs_a_pem }}",
            "mode": "0640",
            "group": "ssl-cert",
            "sensitive": True,
        },
    ]
    secrets = content(files, "group_vars/load_balancers/vault.yml")
    assert secrets["vault_haproxy_certs_a_pem"] == FILES["/etc/haproxy/certs/a.pem"]
    keepalived = content(files, "group_vars/load_balancers/keepalived.yml")
    assert keepalived["keepalived_ip_forward"] is True
    assert keepalived["keepalived_instances"][0]["priorities"] == [101, 100]


def test_secrets_and_keys_can_be_read_by_their_owner_only():
    files, _problems = imported(PAIR)
    private = {path for path, file in files.items() if int(file["mode"], 8) & (stat.S_IRWXG | stat.S_IRWXO) == 0}
    assert private == {"group_vars/load_balancers/vault.yml"}
    assert [path for path, file in files.items() if "PRIVATE KEY" in file["content"]] == [
        "group_vars/load_balancers/vault.yml"
    ]
    assert [path for path, file in files.items() if "topsecret" in file["content"]] == [
        "group_vars/load_balancers/vault.yml"
    ]


def test_files_that_an_included_site_names_are_imported():
    texts = {
        NGINX: "events {} http { include sites-enabled/*; }",
        "/etc/nginx/sites-enabled/a": "server { ssl_certificate tls/a.pem; include /etc/nginx/snippets/b.conf; }",
        "/etc/nginx/snippets/b.conf": "gzip on;",
        "/etc/nginx/tls/a.pem": "-----BEGIN CERTIFICATE-----",
        "/etc/nginx/snippets/unused.conf": "gzip on;",
        "/etc/nginx/fastcgi_params": "x y;",
    }
    files, _problems = imported([Host("web1", files=texts)])
    found = content(files, "group_vars/web_servers/files.yml")["nginx_files"]
    assert [item["path"] for item in found] == ["snippets/b.conf", "tls/a.pem"]


ERRORS = {f"/etc/haproxy/errors/{code}.http": f"HTTP/1.0 {code}\n" for code in (400, 503)}


def sums(texts):
    return {path: md5(text.encode()).hexdigest() for path, text in texts.items()}


def test_files_of_packages_are_imported_if_somebody_changed_them():
    cfg = CFG.replace("errorfile 503 /etc/haproxy/503.http", "\n".join(f"errorfile 503 {path}" for path in ERRORS))
    changed = {**ERRORS, "/etc/haproxy/errors/503.http": "HTTP/1.0 503\n\n<h1>Back soon</h1>\n"}
    files, _problems = imported([Host("lb1", files={HAPROXY: cfg, **changed}, packaged=sums(ERRORS))])
    found = content(files, "group_vars/load_balancers/files.yml")["haproxy_files"]
    assert [item["path"] for item in found] == ["errors/503.http"]
    assert "errors" not in files["report.md"]["content"]


def test_files_of_packages_stay_where_nothing_tells_whether_they_were_changed():
    cfg = CFG.replace("/etc/haproxy/503.http", "/etc/haproxy/errors/503.http")
    files, _problems = imported([Host("lb1", files={HAPROXY: cfg, **ERRORS})])
    assert "group_vars/load_balancers/files.yml" not in files
    assert (
        "- lb1: /etc/haproxy/errors/503.http, because it has the name of a file of the packages"
        in files["report.md"]["content"]
    )


def test_the_checksums_of_packages():
    lines = [" /etc/haproxy/haproxy.cfg abc", " /etc/nginx/old def obsolete", ""]
    (host,) = read_hosts({"lb1": {"packaged": lines}})
    assert host.packaged == {"/etc/haproxy/haproxy.cfg": "abc", "/etc/nginx/old": "def"}


def test_files_that_an_imported_file_names_are_imported():
    texts = {
        NGINX: "events {} http { server { include snippets/s*.conf; } }",
        "/etc/nginx/snippets/site.conf": "include snippets/tls/tls.conf;",
        "/etc/nginx/snippets/tls/tls.conf": "ssl_dhparam /etc/nginx/dh.pem;",
        "/etc/nginx/snippets/other.conf": "",
        "/etc/nginx/dh.pem": "x",
    }
    files, _problems = imported([Host("web1", files=texts)])
    found = content(files, "group_vars/web_servers/files.yml")["nginx_files"]
    assert [item["path"] for item in found] == ["snippets/site.conf", "snippets/tls/tls.conf", "dh.pem"]


def test_files_that_a_program_names_stay():
    texts = {
        HAPROXY: CFG.replace("bind :443", "bind *:443").replace(
            "mode http", "mode http\n    external-check command /etc/haproxy/check"
        ),
        "/etc/haproxy/check": "#!/bin/sh\ncat /etc/haproxy/other.txt /etc/haproxy/\n",
        "/etc/haproxy/other.txt": "x",
        "/etc/haproxy/further.txt": "x",
    }
    files, _problems = imported([Host("lb1", files=texts)])
    found = content(files, "group_vars/load_balancers/files.yml")["haproxy_files"]
    assert [item["path"] for item in found] == ["check"]


def test_a_snippet_with_a_secret_is_one_for_the_vault():
    texts = {
        NGINX: "events {} http { server { include snippets/a.conf; } }",
        "/etc/nginx/snippets/a.conf": 'proxy_set_header Authorization "Basic YTpi";\n',
    }
    files, _problems = imported([Host("web1", files=texts)])
    (found,) = content(files, "group_vars/web_servers/files.yml")["nginx_files"]
    assert found["content"] == "{{ vault_nginx_snippets_a_conf }}"


def test_what_differs_stands_with_the_hosts():
    lb2 = Host("lb2", {"ansible_host": "192.0.2.12"}, {HAPROXY: CFG.replace("500", "600"), KEEPALIVED: VRRP % 101})
    files, _problems = imported([PAIR[0], lb2])
    assert [content(files, f"host_vars/{name}/haproxy.yml")["haproxy_maxconn"] for name in ("lb1", "lb2")] == [500, 600]
    assert "haproxy_maxconn" not in content(files, "group_vars/load_balancers/haproxy.yml")


def test_web_servers_that_were_read_are_the_servers():
    web = Host(
        "web1", {"ansible_host": "192.0.2.21"}, {NGINX: "events {} http { server { listen 80; server_name a; } }"}
    )
    files, _problems = imported([*PAIR, web])
    assert list(content(files, "hosts.yml")["web_servers"]["hosts"]) == ["web1"]
    assert content(files, "group_vars/web_servers/nginx.yml")["nginx_sites"][0]["name"] == "a"


def test_a_daemon_that_does_not_run_and_one_beside_haproxy_stay_as_they_are():
    idle = Host("lb2", files={**PAIR[1].files, NGINX: "events {}"}, processes=("haproxy -Ws", "keepalived"))
    both = Host("lb1", files={**PAIR[0].files, NGINX: "events {}"})
    files, problems = imported([both, idle])
    assert problems == []
    assert "group_vars/web_servers/nginx.yml" not in files
    report = files["report.md"]["content"]
    assert "- lb2: nginx, because it does not run" in report
    assert "- lb1: nginx, because the host is a load balancer" in report


def test_a_host_or_file_that_cannot_be_read_is_named_and_the_rest_goes_on():
    broken = Host("lb2", {"ansible_host": "192.0.2.12"}, {HAPROXY: CFG, KEEPALIVED: "vrrp_instance web {\n"})
    closed = Host("lb4", unread=("/etc/haproxy/a.pem",), entries={"/etc/haproxy/a.pem": Entry()})
    away = Host("lb3", problem="could not be reached: timed out")
    files, problems = imported([PAIR[0], broken, away, closed])
    assert problems == [
        "lb3: could not be reached: timed out",
        "lb4: /etc/haproxy/a.pem: no permission to read it: log in as root, or add --become",
        f"lb2: {KEEPALIVED}:1: 'vrrp_instance web': the block has no closing brace: add it",
    ]
    assert "group_vars/load_balancers/haproxy.yml" in files
    assert all(problem in files["report.md"]["content"] for problem in problems)


UNREAD = [
    ({HAPROXY: None}, {}, (), f"{HAPROXY}: it is no text in UTF-8: convert it"),
    (
        {},
        {"/srv/a.cfg": Entry(size=LARGEST + 1)},
        ("haproxy -Ws -f /srv/a.cfg",),
        f"/srv/a.cfg: it has more than {LARGEST} bytes, so it was not read: split it",
    ),
    ({}, {}, ("nginx: master process nginx -c /srv/n.conf",), "/srv/n.conf: a daemon was started with it and it was"),
]


@pytest.mark.parametrize(("files", "entries", "processes", "problem"), UNREAD)
def test_a_configuration_that_is_not_read_is_a_problem(files, entries, processes, problem):
    _files, problems = imported([Host("lb1", files=files, entries=entries, processes=processes)])
    assert [line for line in problems if line.startswith(f"lb1: {problem}")] == problems != []


def test_what_a_link_leads_to_stays_and_is_not_copied():
    linked = Host("lb1", files=PAIR[0].files, entries={"/etc/haproxy/certs/a.pem": Entry(is_link=True)})
    files, _problems = imported([linked])
    assert [item["path"] for item in content(files, "group_vars/load_balancers/files.yml")["haproxy_files"]] == [
        "503.http"
    ]
    assert "/etc/haproxy/certs/a.pem, because it is a symbolic link" in files["report.md"]["content"]


LISTING = ["644 root root 12 /etc/haproxy/a b.cfg", "600 root haproxy 5 /etc/haproxy/live/x/key.pem"]


def test_the_listing_of_a_host():
    (host,) = read_hosts({"lb1": {"listing": LISTING, "links": ["/etc/haproxy/live"]}})
    assert host.entries == {
        "/etc/haproxy/a b.cfg": Entry(size=12),
        "/etc/haproxy/live/x/key.pem": Entry("600", "root", "haproxy", 5, True),
    }


HOSTILE = [
    (HAPROXY, 'listen a\n    stats auth admin:"topsecret\n', "the quotation mark"),
    (KEEPALIVED, 'authentication {\n auth_pass "topsecret" { {\n', "no directive before it"),
    (NGINX, 'http { proxy_set_header Authorization "Basic topsecret"; ', "the file ends in it"),
    (NGINX, "include /etc/nginx/*.conf; a", "the file ends in it"),
    (KEEPALIVED, "include *.conf\n}\n", "no block is open"),
]


@pytest.mark.parametrize(("path", "text", "why"), HOSTILE)
def test_what_cannot_be_parsed_is_named_without_its_passwords(path, text, why):
    files, problems = imported([Host("lb1", files={path: text})])
    assert [path in line and why in line for line in problems] == [True]
    assert "topsecret" not in files["report.md"]["content"]


def test_files_that_include_each_other_without_end_are_refused(monkeypatch):
    monkeypatch.setattr(values, "LARGEST_CONFIGURATION", 1000)
    texts = {f"/etc/nginx/{number}.conf": "a;\ninclude /etc/nginx/[0-9]*.conf;\n" for number in range(20)}
    _files, problems = imported([Host("web1", files={NGINX: "http { include /etc/nginx/0.conf; }", **texts})])
    assert [re.sub(r"/\d+\.conf:\d", "/N.conf:M", line) for line in problems] == [
        "web1: /etc/nginx/N.conf:M: 'a': the configuration has more than 1,000 directives here: remove includes that "
        "repeat others"
    ]


def test_a_risk_that_the_pair_has_is_accepted_and_named():
    text = CFG.replace("maxconn 500", "stats socket *:9999 level admin").replace("stats auth", "stats admin if TRUE #")
    files, _problems = imported([Host("lb1", files={HAPROXY: text})])
    haproxy = content(files, "group_vars/load_balancers/haproxy.yml")
    assert haproxy["haproxy_accept_unprotected_socket"] is True
    assert haproxy["haproxy_accept_unprotected_stats"] is True
    assert "mend it and remove the variable" in files["report.md"]["content"]


def test_the_report_has_place_line_and_what_to_do():
    lb1 = Host("lb1", files={HAPROXY: f"daemon\n{CFG}"})
    report = imported([lb1, PAIR[1]])[0]["report.md"]["content"]
    assert f"- lb1: {HAPROXY}:1: `daemon`: it stands outside of all sections: move it into one" in report
    assert "- lb2: `-A INPUT -p vrrp`" in report
    assert "| `timeouts` | `timeout` lines of the defaults |" in report
